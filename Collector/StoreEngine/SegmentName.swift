internal import StoreFormat

/// The name of a segment's file: `<first>-<last>-<generation>.segment`, the journal positions with 14 digits and the
/// generation with 6. Files of format version 1 have no generation in their names; theirs is 0.
package struct SegmentName: Equatable, Sendable {
    /// The journal positions that the segment speaks for.
    package var positions: ClosedRange<UInt64>
    /// 0 for a segment written from memory.
    package var generation: Int

    static let suffix = ".segment"
    static let temporarySuffix = ".segment.tmp"

    /// Makes a name.
    package init(positions: ClosedRange<UInt64>, generation: Int) {
        self.positions = positions
        self.generation = generation
    }

    /// Reads the name of a file; nil when it is none of a segment.
    package init?(_ text: String) {
        guard text.hasSuffix(Self.suffix) else { return nil }
        let parts = text.dropLast(Self.suffix.count).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, parts[0].utf8.count >= 14, parts[1].utf8.count >= 14,
            let first = UInt64(parts[0]), let last = UInt64(parts[1]), first <= last, last <= RowID.position(of: .max)
        else { return nil }
        positions = first...last
        guard parts.count == 3 else {
            generation = 0
            return
        }
        guard parts[2].utf8.count >= 6, let number = Int(parts[2]), number >= 0 else { return nil }
        generation = number
    }

    /// The name of the file.
    package var text: String {
        Self.padded(positions.lowerBound, 14) + "-" + Self.padded(positions.upperBound, 14) + "-"
            + Self.padded(UInt64(generation), 6) + Self.suffix
    }

    private static func padded(_ value: UInt64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
