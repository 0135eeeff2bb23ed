import LineFormats
import LogModel
import QueryEngine
import QueryLanguage
import StoreFormat
import Synchronization

/// A query with its bounds, put to the engine and to the plain evaluation.
struct Comparison {
    enum Verdict: Equatable {
        case same
        /// More than one answer is right, and what can be told of them is.
        case open
        case different(String)
    }

    var text: String
    var options = ExecutionOptions(now: Timestamp(nanoseconds: RandomEvents.start + 4 * 86_400_000_000_000))

    func verdict(_ blocks: [any BlockSource], _ events: [PlainRow]) -> Verdict {
        do {
            let query = try Query(parsing: text)
            guard try Query(parsing: query.description) == query else { return .different("written as \(query)") }
            let found = try Self.engine(query, blocks, options)
            var plain = PlainQuery(
                events: events, now: options.now, from: options.from?.nanoseconds, to: options.to?.nanoseconds)
            // It is read only for pipes that name it, and have rows of events.
            let pipes = query.pipes.drop(while: \.isFilter)
            let last = pipes.firstIndex(where: \.makesItsOwnRows) ?? pipes.endIndex - 1
            let ofEvents = pipes.indices.filter { $0 <= last }.map { query.pipes[$0] }
            if ofEvents.contains(where: { "\($0)".contains("_stream_id") }) {
                for index in plain.events.indices {
                    plain.events[index]["_stream_id"] = plain.events[index].origin?.stream.idText ?? []
                }
            }
            do {
                return try whole(query, plain, found)
            } catch let open as Undefined {
                return try PartialComparison(plain).verdict(limited(query), found) ?? .open(open)
            }
        } catch {
            return .different("\(error)")
        }
    }

    /// The query with the limit from outside, where rows are not those of the scan.
    private func limited(_ query: Query) -> Query {
        var query = query
        if let limit = options.limit { query.pipes.append(.limit(LimitPipe(UInt64(limit)))) }
        return query
    }

    private func whole(_ query: Query, _ plain: PlainQuery, _ found: [PlainRow]) throws -> Verdict {
        var table = try plain.table(query)
        if options.order != .any, table.rows.allSatisfy({ $0.origin != nil }),
            query.pipes.drop(while: \.isFilter).allSatisfy(\.keepsOrigin)
        {
            func place(_ row: PlainRow) -> RowCursor {
                RowCursor(time: row.origin?.time ?? 0, id: row.origin?.id ?? 0)
            }
            table.rows.sort { options.order == .newestFirst ? place($1) < place($0) : place($0) < place($1) }
            table.isOrdered = true
        }
        if let limit = options.limit {
            guard table.isOrdered || table.rows.count <= limit else { throw Undefined("which rows come first") }
            table.rows = Array(table.rows.prefix(limit))
        }
        let (left, right) = (found.map(\.canonical), table.rows.map(\.canonical))
        if table.isOrdered ? left == right : left.sorted() == right.sorted() { return .same }
        return .different(Self.difference(left, right, table.isOrdered))
    }

    /// What is in one list of rows and not in the other.
    static func difference(_ found: [String], _ expected: [String], _ isOrdered: Bool) -> String {
        var rest = expected
        var extra: [String] = []
        for row in found {
            if let index = rest.firstIndex(of: row) { rest.remove(at: index) } else { extra.append(row) }
        }
        if extra.isEmpty, rest.isEmpty, isOrdered {
            let place = zip(found, expected).enumerated().first { $0.element.0 != $0.element.1 }
            return "another order, from \(place?.offset ?? 0) on: \(place.map { "\($0.element)" } ?? "")"
        }
        func list(_ rows: [String]) -> String { rows.prefix(3).map { "\n    " + $0.prefix(700) }.joined() }
        return "\(found.count) rows, not \(expected.count)\n  too many (\(extra.count)):\(list(extra))"
            + "\n  missing (\(rest.count)):\(list(rest))"
    }

    private struct Incomplete: Error { var gaps: [String] }

    private static func engine(
        _ query: Query, _ blocks: [any BlockSource], _ options: ExecutionOptions
    ) throws -> [PlainRow] {
        let rows = Mutex<[PlainRow]>([])
        let summary = try execute(query, on: blocks, options) { block in
            let made = block.rows.map { row in
                var result = PlainRow()
                for field in block.fields { result[field.name] = field.column.value(at: row) ?? [] }
                return result
            }
            rows.withLock { $0 += made }
            return true
        }
        guard summary.isComplete else { throw Incomplete(gaps: summary.gaps) }
        return rows.withLock { $0 }
    }
}

extension Comparison.Verdict {
    fileprivate static func open(_: Undefined) -> Self { .open }
}

extension Pipe {
    /// Whether rows that come out are events that went in, so that they can be ordered by time.
    fileprivate var keepsOrigin: Bool {
        switch self {
        case .copy, .delete, .fields, .rename, .extract, .format, .math, .measure, .pack, .unpack, .unpackWords,
            .update:
            true
        default: false
        }
    }

    fileprivate var isFilter: Bool { if case .filter = self { true } else { false } }

    /// Whether its rows are others than those that come in.
    fileprivate var makesItsOwnRows: Bool {
        switch self {
        case .fieldNames, .facets, .stats, .uniq, .top, .fieldValues, .blocksCount, .patterns: true
        default: false
        }
    }
}

extension PlainRow {
    /// The row as text in which nothing is left to chance: neither the order of members of objects, nor of elements.
    var canonical: String {
        fields.filter { $0.key != "_stream_id" }.sorted { $0.key < $1.key }.map { name, value in
            "\(name)=\(Self.shown(Self.canonical(value)))"
        }.joined(separator: "; ")
    }

    private static func canonical(_ value: [UInt8]) -> [UInt8] {
        guard value.first == 0x7B || value.first == 0x5B, let json = try? JSONValue(parsing: value) else {
            return value
        }
        switch json {
        case .object(let members):
            return members.map { "\($0.key):\(canonical($0.value))" }.sorted().joined(separator: ",").bytes
        case .array(let elements):
            return elements.map { canonical($0) }.sorted().joined(separator: ",").bytes
        default: return value
        }
    }

    private static func canonical(_ json: JSONValue) -> String {
        if case .string(let text) = json { return canonical(text.bytes).text }
        return "\(json)"
    }

    private static func shown(_ value: [UInt8]) -> String {
        let isText = value.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
        return isText ? value.text : "\(value)"
    }
}
