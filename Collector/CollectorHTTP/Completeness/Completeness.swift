package import GapTracking
package import LogModel
import QueryEngine

/// Over which times an answer has all events, and where and why it has not. Pure.
package struct Completeness: Sendable, Equatable {
    /// Why events may be missing.
    package enum Cause: Sendable, Equatable {
        /// An agent is silent, or says that it is behind: `not_arrived`.
        case agentLate(name: String, behindNanos: Int64, lastSeen: Timestamp, isSilent: Bool)
        /// An agent could not deliver them: `dropped`.
        case gap(
            id: String, agent: String, events: Int, level: String, reason: String, bytes: Int = 0, source: String = "")
        /// The collector has not stored them: `dropped`.
        case lost(Gap)
        /// A limit ended the query before it had looked at them: `skipped`.
        case limit(String, advice: String)
        /// They are stored where they cannot be read: `unavailable`. Of a block no segment is known.
        case unreadable(segment: String?, tier: String?, events: Int, cause: String)

        /// What kind of cause it is, as answers name it.
        package var kind: Kind {
            switch self {
            case .agentLate: .notArrived
            case .gap, .lost: .dropped
            case .limit: .skipped
            case .unreadable: .unavailable
            }
        }
    }

    /// The kinds of causes, as answers name them.
    package enum Kind: String, Sendable, CaseIterable {
        case notArrived = "not_arrived"
        case dropped
        case skipped
        case unavailable
    }

    /// One reason why an answer is not complete.
    package struct Reason: Sendable, Equatable {
        /// Over which times, within what was asked; nanoseconds.
        package var times: ClosedRange<Int64>
        /// Why.
        package var cause: Cause
    }

    /// Reasons of one kind that are named; the times of others count, and their number is told.
    package static let maximumReasons = 64
    /// Intervals that are told; of more, those that are the longest.
    package static let maximumIntervals = 256
    /// Times without all events that are remembered apart from each other; beyond, they become one.
    private static let maximumHoles = 4_096

    /// The times that the answer is about; nil when no time was asked for. `Int64.min` and `.max` stand for open ends.
    package let asked: ClosedRange<Int64>?
    /// The reasons, in the order they were added.
    package private(set) var reasons: [Reason] = []
    /// How many reasons of each kind there are beyond those that are named.
    package private(set) var unnamed: [Kind: Int] = [:]
    private var holes: [ClosedRange<Int64>] = []

    /// Complete over all that was asked.
    package init(asked: ClosedRange<Int64>?) {
        self.asked = asked
    }

    /// Whether the answer has all events of the times that were asked for.
    package var isComplete: Bool { reasons.isEmpty }

    /// How many reasons of a kind there are, those without a name included.
    package func count(_ kind: Kind) -> Int {
        reasons.count { $0.cause.kind == kind } + (unnamed[kind] ?? 0)
    }

    /// Adds a reason; without effect when its times were not asked for.
    ///
    /// - Parameters:
    ///   - cause: why events may be missing.
    ///   - times: over which times; nil where that is not known, which leaves nothing complete.
    package mutating func add(_ cause: Cause, _ times: ClosedRange<Int64>?) {
        guard let asked, times?.overlaps(asked) ?? true else { return }
        let times = times?.clamped(to: asked) ?? asked
        holes.append(times)
        if holes.count >= Self.maximumHoles { holes = holes.joined }
        if holes.count >= Self.maximumHoles, let first = holes.first, let last = holes.last {
            holes = [first.lowerBound...last.upperBound]
        }
        guard reasons.count(where: { $0.cause.kind == cause.kind }) < Self.maximumReasons else {
            unnamed[cause.kind, default: 0] += 1
            return
        }
        reasons.append(Reason(times: times, cause: cause))
    }

    /// The times over which the answer has all events, ascending and apart from each other.
    package var intervals: [ClosedRange<Int64>] {
        guard let asked else { return [] }
        var found: [ClosedRange<Int64>] = []
        var start: Int64? = asked.lowerBound
        for hole in holes.joined {
            if let first = start, first < hole.lowerBound { found.append(first...(hole.lowerBound - 1)) }
            start = hole.upperBound == .max ? nil : hole.upperBound + 1
        }
        if let first = start, first <= asked.upperBound { found.append(first...asked.upperBound) }
        guard found.count > Self.maximumIntervals else { return found }
        // Leaving out an interval that is complete promises less, and nothing wrong.
        func length(_ interval: ClosedRange<Int64>) -> UInt64 {
            UInt64(bitPattern: interval.upperBound &- interval.lowerBound)
        }
        let kept = found.sorted { length($0) > length($1) }.prefix(Self.maximumIntervals)
        return kept.sorted { $0.lowerBound < $1.lowerBound }
    }
}
