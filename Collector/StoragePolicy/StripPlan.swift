package import SegmentCatalog

/// What a segment could do without, at a full disk.
package struct StripCandidate: Equatable, Sendable {
    /// What the catalog says of it.
    package var record: SegmentRecord
    /// Bytes in it that only make searching faster; 0 when it has been stripped.
    package var strippable: UInt64

    /// Describes a segment.
    package init(_ record: SegmentRecord, strippable: UInt64) {
        self.record = record
        self.strippable = strippable
    }
}

/// Which segments should be written anew without what only makes searching faster, at the last stage of pressure. The
/// oldest go first: they are searched least.
///
/// The old segment goes only after the new one is complete, so each takes room before it gives any. One whose copy does
/// not fit yet is passed over for the oldest that does, which makes room for it.
package struct StripPlan: Equatable, Sendable {
    /// A segment to strip.
    package struct Strip: Equatable, Sendable {
        /// The segment's name.
        package var name: String
        /// Bytes that it gives back.
        package var freed: UInt64
    }

    /// The share of a segment that has to be given back to be worth writing the rest of it again.
    package static let leastShare = 0.02

    /// What to strip, in this order. Each segment is named once.
    package private(set) var strips: [Strip] = []
    /// Bytes that these give back.
    package private(set) var freed: UInt64 = 0
    /// Segments that would come before others, or next, but for which there is no room.
    package private(set) var tooLarge = 0

    /// Finds out which segments should be stripped. The same arguments give the same plan.
    ///
    /// - Parameters:
    ///   - candidates: segments that queries see.
    ///   - goal: bytes to free; nothing more is stripped when they are.
    ///   - room: bytes that may be written meanwhile.
    package init(_ candidates: [StripCandidate], goal: UInt64, room: UInt64) {
        var rest = candidates.filter(Self.isWorthIt).sorted {
            ($0.record.ingestBounds.upperBound, $0.record.positions.lowerBound) < (
                $1.record.ingestBounds.upperBound, $1.record.positions.lowerBound
            )
        }[...]
        var passedOver: [StripCandidate] = []
        while freed < goal {
            // What was freed is room for the next.
            let fits = room > .max - freed ? .max : room + freed
            if let older = passedOver.firstIndex(where: { $0.remainder <= fits }) {
                take(passedOver.remove(at: older))
            } else if let next = rest.popFirst() {
                if next.remainder <= fits { take(next) } else { passedOver.append(next) }
            } else {
                break
            }
        }
        tooLarge = passedOver.count
    }

    private mutating func take(_ segment: StripCandidate) {
        strips.append(Strip(name: segment.record.name, freed: segment.strippable))
        freed += segment.strippable
    }

    /// Whether a segment is stripped at all: it is on the local disk, and not as it was written from memory, for that is
    /// about to be merged.
    private static func isWorthIt(_ candidate: StripCandidate) -> Bool {
        let record = candidate.record
        guard record.tier == .warm || (record.tier == .hot && record.level > 0) else { return false }
        return candidate.strippable > 0 && candidate.strippable <= record.bytes
            && Double(candidate.strippable) >= leastShare * Double(record.bytes)
    }
}

extension StripCandidate {
    /// Bytes of its copy.
    fileprivate var remainder: UInt64 { record.bytes - strippable }
}
