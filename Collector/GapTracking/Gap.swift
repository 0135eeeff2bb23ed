/// Events that came to the collector and are not stored, as far as that is known.
package struct Gap: Sendable, Equatable {
    /// What has become of them.
    package enum Kind: String, Sendable, CaseIterable {
        /// They were not taken and are in the dead letters.
        case deadLetters = "dead_letters"
        /// Records of the journal are damaged or gone.
        case journal

        /// The letter that ids begin with.
        var letter: String {
            switch self {
            case .deadLetters: "d"
            case .journal: "j"
            }
        }
    }

    /// What is known of a loss when it is noticed.
    package struct Loss: Sendable, Equatable {
        /// What has become of the events.
        package var kind: Kind
        /// Who sent them; empty when that is not known, or when there were several.
        package var agent: String
        /// The route they came by; empty when that is not known, or when there were several.
        package var source: String
        /// Why, as a word or a sentence.
        package var reason: String
        /// How many events; 0 when that is not known.
        package var events: Int
        /// How many records of the journal; 0 when it is not about records.
        package var records: Int
        /// Their bytes, as far as known.
        package var bytes: Int
        /// Between which times they may be, nanoseconds; `Int64.min` for an open start.
        package var times: ClosedRange<Int64>
        /// The numbers of the records, so that a loss which is found again is known.
        package var positions: ClosedRange<UInt64>?

        /// Describes a loss.
        package init(
            _ kind: Kind, agent: String = "", source: String = "", reason: String, events: Int = 0, records: Int = 0,
            bytes: Int = 0, times: ClosedRange<Int64>, positions: ClosedRange<UInt64>? = nil
        ) {
            self.kind = kind
            self.agent = agent
            self.source = source
            self.reason = reason
            self.events = events
            self.records = records
            self.bytes = bytes
            self.times = times
            self.positions = positions
        }

        /// Whether both can be told as one without saying less but when.
        func isLike(_ other: Loss) -> Bool {
            kind == other.kind && agent == other.agent && source == other.source && reason == other.reason
        }

        /// Takes another loss in; what differs is not told any more.
        mutating func join(_ other: Loss) {
            func sum(_ left: Int, _ right: Int) -> Int {
                let (sum, overflow) = left.addingReportingOverflow(right)
                return overflow ? .max : sum
            }
            if agent != other.agent { agent = "" }
            if source != other.source { source = "" }
            if reason != other.reason { reason = "several reasons" }
            events = sum(events, other.events)
            records = sum(records, other.records)
            bytes = sum(bytes, other.bytes)
            times = min(times.lowerBound, other.times.lowerBound)...max(times.upperBound, other.times.upperBound)
            if let own = positions, let more = other.positions {
                positions = min(own.lowerBound, more.lowerBound)...max(own.upperBound, more.upperBound)
            } else {
                positions = positions ?? other.positions
            }
        }
    }

    /// Counts up, and is never used again.
    package var number: UInt64
    /// What is known.
    package var loss: Loss
    /// When it was noticed last, nanoseconds.
    package var reported: Int64

    /// What people call it: `d17`, `j3`.
    package var id: String { loss.kind.letter + String(number) }
}
