import LineFormats
import LogModel

/// A file of events and of queries over them, each with the answer that the reference's documentation asks for.
///
/// ```
/// data                        the events from here on, one object in JSON a line, up to an empty line
/// {"a":"1"}
///
/// query * | count() n         a query; a line that starts with two spaces goes on with it
/// {"n":"1"}                   the rows of the answer, in any order, up to an empty line
///
/// ordered * | sort by (a)     the same, but the order of rows counts
///
/// error * | foo               a query that is refused; the next line is part of the message
/// unknown pipe
/// ```
///
/// Lines that start with `#` are remarks. The fields `service` and `host` of an event are its labels; `_time` and `_msg`
/// may be left out. In answers a missing field and an empty one are the same.
struct ConformanceFile {
    struct Case: Sendable {
        enum Kind: String, Sendable { case query, ordered, error }
        var kind: Kind
        var query: String
        var expected: [String] = []
        var line: Int
        var events: Int
    }

    var name: String
    /// The sets of events; a case says which it is about.
    var events: [[PlainEvent]] = []
    var cases: [Case] = []

    struct Mistake: Error, CustomStringConvertible {
        var description: String
    }

    init(name: String, text: String) throws {
        self.name = name
        var isData = false
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.isEmpty {
                isData = false
            } else if line.hasPrefix("#") {
                continue
            } else if line == "data" {
                isData = true
                events.append([])
            } else if isData {
                let event = try Self.event(String(line), number: events[events.count - 1].count)
                events[events.count - 1].append(event)
            } else if let kind = ["query", "ordered", "error"].first(where: { line.hasPrefix($0 + " ") }) {
                cases.append(
                    Case(
                        kind: Case.Kind(rawValue: kind) ?? .query, query: String(line.dropFirst(kind.count + 1)),
                        line: index + 1, events: events.count - 1))
            } else if line.hasPrefix("  "), !cases.isEmpty {
                cases[cases.count - 1].query += "\n" + line
            } else if !cases.isEmpty {
                cases[cases.count - 1].expected.append(String(line))
            } else {
                throw Mistake(description: "\(name):\(index + 1): neither data nor a query")
            }
        }
    }

    /// An object in JSON as the values of its members, empty ones left out.
    static func row(_ line: String) throws -> [String: String] {
        guard case .object(let members) = try JSONValue(parsing: line) else {
            throw Mistake(description: "no object: \(line)")
        }
        var row: [String: String] = [:]
        for member in members {
            guard case .string(let value) = member.value else {
                throw Mistake(description: "values are strings: \(line)")
            }
            row[member.key] = value.isEmpty ? nil : value
        }
        return row
    }

    private static func event(_ line: String, number: Int) throws -> PlainEvent {
        let row = try row(line)
        let time =
            row["_time"].flatMap { Timestamp(parsing: $0) } ?? Timestamp(nanoseconds: Int64(number) * 1_000_000_000)
        let labels = row.filter { ["service", "host"].contains($0.key) }
        let fields = row.filter { !$0.key.hasPrefix("_") && labels[$0.key] == nil }.sorted { $0.key < $1.key }
        return PlainEvent(
            time.nanoseconds, row["_msg"] ?? "", labels: labels, fields: fields.map { ($0.key, $0.value) })
    }
}
