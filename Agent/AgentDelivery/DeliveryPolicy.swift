package import CurlTransport

/// One event of a batch that the collector did not take.
package struct RejectedEvent: Sendable, Equatable {
    /// Its place in the batch, from 0.
    package var index: Int
    /// Why, in the collector's words.
    package var reason: String

    /// Names it.
    package init(index: Int, reason: String) {
        self.index = index
        self.reason = reason
    }
}

/// What became of an attempt to deliver a batch.
package enum DeliveryOutcome: Sendable, Equatable {
    /// The collector has made it durable, now or before.
    case accepted(events: Int, failed: Int, isDuplicate: Bool, lagHint: String, rejected: [RejectedEvent] = [])
    /// Any other answer. `isProblem` tells whether it is a problem document as the collector sends them.
    case refused(status: Int, title: String, isProblem: Bool, retryAfter: Duration?)
    /// No answer.
    case unreachable(TransportError)
}

/// Why a batch is held back.
package enum HoldReason: Sendable, Equatable {
    /// The network, or the collector is not there.
    case unreachable(String)
    /// The collector is not trusted, or does not trust the agent: somebody has to look at certificates.
    case untrusted(String)
    /// The collector asks for patience (408, 429, 5xx).
    case busy(status: Int, title: String)
    /// Something is set up wrongly: key, address, or another program answers.
    case misdirected(status: Int, title: String)
    /// The collector says that the batch itself is wrong.
    case rejected(status: Int, title: String)

    /// For people: a sentence without a full stop.
    package var text: String {
        switch self {
        case .unreachable(let text), .untrusted(let text): text
        case .busy(let status, let title): "the collector has no time (\(status) \(title))"
        case .misdirected(let status, let title): "check the collector's address and key (\(status) \(title))"
        case .rejected(let status, let title): "the collector refuses a batch (\(status) \(title))"
        }
    }
}

/// What to do next with a batch.
package enum DeliveryStep: Sendable, Equatable {
    /// It is delivered: go on with the next one.
    case advance
    /// Send it again after this time.
    case hold(Duration, HoldReason)
    /// The collector keeps refusing it: put it aside with the reason and go on. When that is not possible, hold it.
    case setAside(reason: String)
}

/// Decides about a batch after each attempt. Pure: time and chance are arguments.
///
/// Nothing is given up but a batch that the collector itself has refused as malformed or too large several times, with
/// a problem document: an answer of another kind may come from a proxy or a wrong address.
package struct DeliveryPolicy: Sendable {
    /// The first wait lies between zero and this.
    package static let firstWait = Duration.milliseconds(100)
    /// No wait is longer, unless the collector asks for it.
    package static let longestWait = Duration.seconds(30)
    /// What the collector may ask for at most.
    package static let longestRetryAfter = Duration.seconds(600)
    /// How often the collector must refuse a batch before it is put aside.
    package static let refusalLimit = 3

    private var failures = 0
    private var refusals = 0

    /// Makes the policy of a batch that has not been sent yet.
    package init() {}

    /// Decides after an attempt.
    ///
    /// - Parameters:
    ///   - outcome: what became of it.
    ///   - chance: a random number; it spreads the waits of many agents ("full jitter").
    /// - Returns: what to do next.
    package mutating func step(after outcome: DeliveryOutcome, chance: UInt64) -> DeliveryStep {
        switch outcome {
        case .accepted:
            self = DeliveryPolicy()
            return .advance
        case .unreachable(let error):
            let text = error.description
            return hold(error.code == .tls ? .untrusted(text) : .unreachable(text), nil, chance)
        case .refused(let status, let title, let isProblem, let retryAfter):
            switch status {
            case 408, 429, 500...599: return hold(.busy(status: status, title: title), retryAfter, chance)
            case 400 where isProblem, 413 where isProblem:
                refusals += 1
                if refusals >= DeliveryPolicy.refusalLimit { return .setAside(reason: "\(status) \(title)") }
                return hold(.rejected(status: status, title: title), retryAfter, chance)
            default: return hold(.misdirected(status: status, title: title), retryAfter, chance)
            }
        }
    }

    private mutating func hold(_ reason: HoldReason, _ retryAfter: Duration?, _ chance: UInt64) -> DeliveryStep {
        // Doubled each time up to the longest wait: 100 ms << 9 is more than 30 s.
        let ceiling = min(DeliveryPolicy.firstWait * (1 << min(failures, 9)), DeliveryPolicy.longestWait)
        failures += 1
        let jittered = ceiling * (Double(chance >> 11) * 0x1p-53)
        let asked = min(retryAfter ?? .zero, DeliveryPolicy.longestRetryAfter)
        return .hold(max(asked + jittered, .milliseconds(10)), reason)
    }
}
