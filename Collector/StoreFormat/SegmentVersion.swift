/// The versions of the segment format that have ever been written. All are read; only the newest is written.
package enum SegmentVersion: UInt16, Sendable, CaseIterable, Comparable {
    /// No levels and generations; no tail but the streams.
    case one = 1
    /// A tail with all that is needed to decide what else to read.
    case two = 2
    /// Columns in pieces, and checksums of pages, so that the values of one row are read without those of all.
    case three = 3

    /// The version that is written.
    package static let newest = SegmentVersion.three

    /// The last 8 bytes of a file: they tell the version to who has only the tail. "LODGEEND", "LODGEEN2", "LODGEEN3".
    package var endMagic: UInt64 {
        switch self {
        case .one: 0x444E_4545_4744_4F4C
        case .two: 0x324E_4545_4744_4F4C
        case .three: 0x334E_4545_4744_4F4C
        }
    }

    /// The version whose files end in these bytes; nil when there is none.
    init?(endMagic: UInt64) {
        guard let version = Self.allCases.first(where: { $0.endMagic == endMagic }) else { return nil }
        self = version
    }

    /// Older comes first.
    package static func < (left: SegmentVersion, right: SegmentVersion) -> Bool { left.rawValue < right.rawValue }
}
