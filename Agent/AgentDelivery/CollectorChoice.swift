import ByteCoding

/// Which of several collectors gets the next batch. Pure: time is an argument, nanoseconds of the monotonic clock.
///
/// Each agent has an order of its own, made of its name, so that many agents spread over all collectors, and each keeps
/// to one as long as that takes batches: a batch that is sent again then meets the collector that may have it. When the
/// first of the order does not take any, the next one does, until the first has rested.
package struct CollectorChoice: Sendable {
    /// What to do.
    package enum Decision: Sendable, Equatable {
        /// Send to the collector with this index.
        case use(Int)
        /// None takes batches before this time.
        case wait(until: UInt64)
    }

    private let order: [Int]
    private var restsUntil: [UInt64]

    /// Makes the order of an agent for so many collectors, at least one.
    package init(agent: String, count: Int) {
        order = (0..<max(1, count)).sorted { left, right in
            CollectorChoice.rank(agent, left) < CollectorChoice.rank(agent, right)
        }
        restsUntil = Array(repeating: 0, count: max(1, count))
    }

    /// The collector that comes first, whether it rests or not.
    package var preferred: Int { order[0] }

    /// Chooses for a batch.
    ///
    /// - Parameters:
    ///   - now: the time.
    ///   - only: the collector that may have the batch already and must be asked; nil for any.
    ///   - isHurried: whether resting collectors are asked as well, those that have rested the longest first.
    /// - Returns: the collector, or until when to wait.
    package func choose(now: UInt64, only: Int? = nil, isHurried: Bool = false) -> Decision {
        let candidates = only.map { [$0] } ?? order
        if let ready = candidates.first(where: { restsUntil[$0] <= now }) { return .use(ready) }
        guard let soonest = candidates.min(by: { restsUntil[$0] < restsUntil[$1] }) else { return .use(order[0]) }
        return isHurried ? .use(soonest) : .wait(until: restsUntil[soonest])
    }

    /// Notes that a collector takes nothing until a time.
    package mutating func rest(_ index: Int, until: UInt64) { restsUntil[index] = until }

    /// Notes that a collector takes batches.
    package mutating func took(_ index: Int) { restsUntil[index] = 0 }

    /// The order of two collectors is the same on each start and differs from agent to agent.
    private static func rank(_ agent: String, _ index: Int) -> UInt64 {
        Array("\(agent) \(index)".utf8).withUnsafeBytes { hash64($0) }
    }
}
