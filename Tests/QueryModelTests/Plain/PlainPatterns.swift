import LogModel
@testable import QueryEngine
import QueryLanguage
import StoreFormat

/// Kinds of messages, message by message.
struct PlainPatterns {
    private let pipe: PatternsPipe
    private let now: Timestamp

    init(_ pipe: PatternsPipe, now: Timestamp) {
        self.pipe = pipe
        self.now = now
    }

    func table(_ table: PlainTable) throws -> PlainTable {
        let groups = Dictionary(grouping: table.rows) { row in
            [Self.pattern(of: row["_msg"])] + pipe.fields.map { row[$0] }
        }
        let since = pipe.newSince?.bounds(now: now).lowerBound
        var rows: [(hits: Int, key: [[UInt8]], row: PlainRow)] = []
        for (key, members) in groups {
            let times = members.compactMap { row in
                row["_time"].withUnsafeBytes { Timestamp(rfc3339: $0) }?.nanoseconds
            }
            guard times.count == members.count, let first = times.min(), let last = times.max() else {
                throw Undefined("rows without a time")
            }
            if let since, first < since { continue }
            let newest = Set(zip(members, times).filter { $0.1 == last }.map { $0.0["_msg"] })
            guard newest.count == 1, let example = newest.first else { throw Undefined("which message is the last") }
            var row = PlainRow()
            for (name, value) in zip(pipe.fields, key.dropFirst()) { row[name] = value }
            row["pattern"] = key[0]
            row["hits"] = "\(members.count)".bytes
            row["first_seen"] = Timestamp(nanoseconds: first).description.bytes
            row["last_seen"] = Timestamp(nanoseconds: last).description.bytes
            row["example"] = example
            rows.append((members.count, key, row))
        }
        rows.sort { left, right in
            if left.hits != right.hits { return left.hits > right.hits }
            return left.key.lexicographicallyPrecedes(right.key) { $0.lexicographicallyPrecedes($1) }
        }
        return PlainTable(rows: rows.prefix(Int(clamping: pipe.limit ?? .max)).map(\.row), isOrdered: true)
    }

    /// The pattern of a message by itself: splitting messages has tests of its own.
    private static func pattern(of message: [UInt8]) -> [UInt8] {
        let column = ColumnData(arena: message, ranges: [ByteRange(offset: 0, length: message.count)])
        let templates = column.messageTemplates(RowBitmap(rowCount: 1, filled: true))
        return templates.value(at: 0).map { PatternText.of($0) } ?? []
    }
}
