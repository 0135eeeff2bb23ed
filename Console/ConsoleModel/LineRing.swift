import CollectorAPI
package import LogModel

/// The newest lines of a live tail, as bytes. At 50,000 lines or 32 MiB the oldest leave and are counted.
///
/// A line keeps its number for life. Bytes lie in blocks that are given back and used again as lines leave, so a ring
/// that has filled once allocates nothing more.
package struct LineRing: Sendable {
    package static let maxLines = 50_000
    package static let maxBytes = 32 << 20
    static let blockBytes = 256 << 10

    /// What an entry of the ring is.
    package enum Kind: UInt8, Sendable {
        case line
        /// Lines that were not received.
        case gap
        /// A remark of the console itself, such as a lost link.
        case notice
    }

    private struct Entry {
        var block: UInt32
        var offset: UInt32
        var length: UInt32
        var kind: Kind
        var level: Level
        var isDrawn = false
    }

    private var entries: [Entry] = []
    /// Entries at the front of the array that have left already.
    private var gone = 0
    private var first = 0
    private var blocks: [[UInt8]] = []
    private var firstBlock = 0
    private var spare: [UInt8]?
    private let lineLimit: Int
    private let byteLimit: Int
    /// Bytes of the lines held.
    package private(set) var bytes = 0
    /// Lines that left at the old end; gaps and notices not counted.
    package private(set) var left = 0

    /// A ring with other limits than the usual ones, for tests.
    package init(maxLines: Int = LineRing.maxLines, maxBytes: Int = LineRing.maxBytes) {
        lineLimit = max(1, maxLines)
        byteLimit = max(1, maxBytes)
    }

    /// The numbers of the entries held.
    package var rows: Range<Int> { first..<first + entries.count - gone }

    /// Puts an entry at the new end. Called with `evicting` before an old one leaves.
    package mutating func append(
        _ row: UnsafeRawBufferPointer, kind: Kind, level: Level,
        evicting: (Int, UnsafeRawBufferPointer, Kind, Level) -> Void
    ) {
        while entries.count - gone >= lineLimit || (bytes + row.count > byteLimit && entries.count > gone) {
            evict(evicting)
        }
        if blocks.last.map({ $0.count + row.count > max(Self.blockBytes, $0.capacity) }) ?? true {
            var block = spare ?? []
            spare = nil
            block.reserveCapacity(max(Self.blockBytes, row.count))
            blocks.append(block)
        }
        let last = blocks.count - 1
        let entry = Entry(
            block: UInt32(truncatingIfNeeded: firstBlock + last), offset: UInt32(blocks[last].count),
            length: UInt32(row.count), kind: kind, level: level)
        blocks[last].append(contentsOf: row)
        entries.append(entry)
        bytes += row.count
    }

    private mutating func evict(_ evicting: (Int, UnsafeRawBufferPointer, Kind, Level) -> Void) {
        let entry = entries[gone]
        withBytes(first) { evicting(first, $0, entry.kind, entry.level) }
        bytes -= Int(entry.length)
        if entry.kind == .line { left += 1 }
        gone += 1
        first += 1
        // Blocks are freed once the entry after this one starts in a later block.
        let next =
            gone < entries.count ? entries[gone].block : UInt32(truncatingIfNeeded: firstBlock + blocks.count - 1)
        while blocks.count > 1, UInt32(truncatingIfNeeded: firstBlock) != next {
            var block = blocks.removeFirst()
            firstBlock += 1
            if block.capacity <= 2 * Self.blockBytes {
                block.removeAll(keepingCapacity: true)
                spare = block
            }
        }
        if gone >= 4096, gone * 2 >= entries.count {
            entries.removeFirst(gone)
            gone = 0
        }
    }

    private func entry(_ row: Int) -> Entry? {
        rows.contains(row) ? entries[gone + row - first] : nil
    }

    /// Hands over the bytes of an entry; nil when it is not held.
    @discardableResult
    package func withBytes<R>(_ row: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R? {
        guard let entry = entry(row) else { return nil }
        let block = Int(entry.block &- UInt32(truncatingIfNeeded: firstBlock))
        return blocks[block].withUnsafeBytes { bytes in
            let start = Int(entry.offset)
            return body(UnsafeRawBufferPointer(rebasing: bytes[start..<start + Int(entry.length)]))
        }
    }

    /// What an entry is; nil when it is not held.
    package func kind(_ row: Int) -> Kind? { entry(row)?.kind }

    /// The level of an entry, `.unknown` when it is not held.
    package func level(_ row: Int) -> Level { entry(row)?.level ?? .unknown }

    /// Notes that entries were on the screen, and returns how many lines of them were so for the first time.
    package mutating func markDrawn(_ shown: Range<Int>) -> Int {
        var fresh = 0
        for row in shown.clamped(to: rows) {
            let at = gone + row - first
            if entries[at].kind == .line, !entries[at].isDrawn { fresh += 1 }
            entries[at].isDrawn = true
        }
        return fresh
    }

    /// Throws everything away; numbers go on from where they were.
    package mutating func removeAll() {
        first = rows.upperBound
        entries.removeAll(keepingCapacity: true)
        gone = 0
        firstBlock += blocks.count
        blocks.removeAll()
        bytes = 0
        left = 0
    }
}
