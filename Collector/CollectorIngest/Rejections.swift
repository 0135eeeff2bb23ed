import LineFormats
package import LogModel

/// Why one event of a batch was not taken.
package enum RejectionReason: String, Sendable, CaseIterable {
    /// It is not what the format says: for JSON, it breaks the grammar.
    case malformed
    /// It is over the limit of an event's size.
    case tooLarge = "too_large"
    /// It is well formed, but no event: no object, or a time that cannot be read.
    case unusable
    /// It has too long names of fields, or is nested too deeply.
    case overLimit = "over_limit"

    init(_ kind: JSONError.Kind) {
        self =
            switch kind {
            case .syntax: .malformed
            case .value: .unusable
            case .limit: .overLimit
            }
    }
}

/// One event that was not taken, as the answer tells it.
package struct EventRejection: Sendable, Equatable {
    /// The event's place in the batch, from 0.
    package var index: Int
    /// A sentence without a full stop.
    package var reason: String
}

/// Events of one request that were not taken, for one reason.
package struct RejectedEvents: Sendable, Equatable {
    /// Who sent them, if batches are numbered.
    package var agent: String?
    /// The route they came by.
    package var source: String
    /// Why.
    package var reason: RejectionReason
    /// How many, and their bytes.
    package var count: Int
    package var bytes: Int
    /// What is known of their times: those of the other events of the request; its arrival where there are none.
    package var times: ClosedRange<Timestamp>
}

/// Collects the events of one request that were not taken: all are counted, the first few are told in the answer, and
/// as many as fit are kept for the dead letters.
package struct Rejections: Sendable {
    /// Events told in the answer.
    static let told = 10
    /// Bytes of events kept for the dead letters.
    static let keptBytes = 1 << 20
    /// Events kept for the dead letters.
    static let keptEvents = 1_000

    /// An event kept for the dead letters.
    package struct Kept: Sendable {
        var reason: RejectionReason
        var detail: String
        var bytes: [UInt8]
    }

    /// Events not taken.
    package private(set) var count = 0
    /// The first of them.
    package private(set) var first: [EventRejection] = []
    /// How many for each reason, in the order of ``RejectionReason/allCases``.
    package private(set) var counts = [Int](repeating: 0, count: RejectionReason.allCases.count)
    private(set) var kept: [Kept] = []
    /// Bytes of the events not taken, by reason.
    private(set) var bytes = [Int](repeating: 0, count: RejectionReason.allCases.count)
    private var bytesLeft = Rejections.keptBytes

    /// Members of events that were taken, but have no field of their own; see `JSONEventDecoder.packedName`.
    package internal(set) var packedFields = 0

    /// Nothing rejected yet.
    package init() {}

    /// Rejections that found no room among ``kept``.
    var unkept: Int { count - kept.count }

    mutating func reject(
        _ index: Int, _ reason: RejectionReason, _ detail: String, _ bytes: UnsafeRawBufferPointer
    ) {
        count += 1
        for (place, candidate) in RejectionReason.allCases.enumerated() where candidate == reason {
            counts[place] += 1
            // A body is bounded.
            self.bytes[place] += bytes.count
        }
        if first.count < Self.told { first.append(EventRejection(index: index, reason: detail)) }
        let length = min(bytes.count, DeadLetters.eventBytes)
        guard kept.count < Self.keptEvents, length <= bytesLeft else { return }
        bytesLeft -= length
        kept.append(Kept(reason: reason, detail: detail, bytes: Array(bytes.prefix(length))))
    }
}
