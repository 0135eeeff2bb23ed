internal import LogModel
internal import SegmentCatalog
internal import StoragePolicy
internal import StoreEngine
internal import StoreFormat
internal import Synchronization

/// Counts the events of segments by tenant and level, once for each segment, and remembers it as long as the segment is
/// there. Reads two small sections of each block.
final class SegmentCensus: Sendable {
    private let known = Mutex<[String: [EventClass: Int]]>([:])

    /// The segments as the rules see them. One that cannot be read at present has no counts.
    func facts(of segments: [StoredSegment]) -> [SegmentFacts] {
        let names = Set(segments.map(\.record.name))
        known.withLock { known in known = known.filter { names.contains($0.key) } }
        return segments.map { segment in
            let name = segment.record.name
            if let rows = known.withLock({ $0[name] }) { return SegmentFacts(segment.record, rows: rows) }
            guard let rows = try? Self.count(segment) else { return SegmentFacts(segment.record, rows: nil) }
            known.withLock { $0[name] = rows }
            return SegmentFacts(segment.record, rows: rows)
        }
    }

    private static func count(_ segment: StoredSegment) throws -> [EventClass: Int] {
        var counts: [EventClass: Int] = [:]
        for block in try segment.reader().blocks {
            let tenants = try block.streams.map(\.tenant)
            let streams = try block.streamIndexes()
            let levels = try block.levels()
            // By pairs of numbers first: few tenants and levels, many rows.
            var pairs = [Int](repeating: 0, count: tenants.count * (Int(Level.fatal.rawValue) + 1))
            for row in 0..<block.rowCount { pairs[Int(streams[row]) * levelCount + Int(levels[row])] += 1 }
            for (index, count) in pairs.enumerated() where count > 0 {
                let level = Level(rawValue: UInt8(index % levelCount)) ?? .unknown
                counts[EventClass(tenant: tenants[index / levelCount], level: level), default: 0] += count
            }
        }
        return counts
    }

    private static let levelCount = Int(Level.fatal.rawValue) + 1

    /// Keeps the rows of a block that are in none of the classes.
    static func keeping(allBut classes: Set<EventClass>) -> SegmentRewriter.RowFilter {
        { block in
            let streams = try block.streamIndexes()
            let levels = try block.levels()
            let tenants = try block.streams.map(\.tenant)
            var rows = RowBitmap(rowCount: block.rowCount, filled: true)
            for row in 0..<block.rowCount {
                let level = Level(rawValue: levels[row]) ?? .unknown
                if classes.contains(EventClass(tenant: tenants[Int(streams[row])], level: level)) { rows.remove(row) }
            }
            return rows
        }
    }
}
