import LogModel
import TestSupport

/// Writes random queries in LogsQL. What they look for is mostly taken from the events, whole or in parts.
struct RandomQueries {
    var generator: SeededGenerator
    /// Some of the events.
    let rows: [PlainRow]
    /// Fields that rows have at this place of the query.
    var names: [String] = RandomQueries.eventNames
    /// Queries open around this place.
    var depth = 0
    var results = 0
    /// Whether rows have lists of values in any order, which nothing that depends on it may look at.
    var hasLists = false

    static let eventNames =
        RandomEvents.fieldNames + [
            "_msg", "_msg", "_msg", "_time", "_stream", "service", "region", "pod", "seq", "nosuch",
        ]

    init(_ generator: SeededGenerator, _ rows: [PlainRow]) {
        self.generator = generator
        self.rows = rows
    }

    // MARK: Names and values

    mutating func name() -> String { generator.pick(names) }

    /// A name that takes any filter.
    mutating func plainName() -> String {
        let name = name()
        return name == "_time" || name == "_stream" ? "level" : name
    }

    /// A name as queries write it.
    static func written(_ name: String) -> String { name.contains { $0 == " " || $0 == "." } ? "\"\(name)\"" : name }

    mutating func field() -> String { Self.written(name()) }

    /// Some names, each once.
    mutating func differentNames(_ count: Int) -> [String] {
        var result: [String] = []
        for _ in 0..<count {
            let name = name()
            if !result.contains(name) { result.append(name) }
        }
        return result
    }

    mutating func fields(_ count: Int) -> String { (0..<count).map { _ in field() }.joined(separator: ", ") }

    /// A value of a field of some event.
    mutating func sample(_ name: String) -> [UInt8] {
        for _ in 0..<6 {
            let value = generator.pick(rows)[name]
            if !value.isEmpty { return value }
        }
        return generator.pick(RandomEvents.words).bytes
    }

    /// A value of a field, or a part of it, in quotes.
    mutating func part(_ name: String) -> String {
        let value = sample(name)
        switch generator.below(6) {
        case 0: return quoted(Array(value.prefix(300)))
        case 1, 2: return quoted(generator.pick(PlainText(value).words + [value]))
        case 3: return quoted(generator.pick(RandomEvents.words).bytes)
        default:
            let start = generator.below(value.count)
            return quoted(Array(value[start..<min(value.count, start + 1 + generator.below(12))]))
        }
    }

    func quoted(_ value: [UInt8]) -> String {
        let parts = value.map { byte in
            byte >= 0x20 && byte < 0x7F && byte != 0x22 && byte != 0x5C
                ? String(UnicodeScalar(byte)) : "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return "\"" + parts.joined() + "\""
    }

    mutating func list(_ name: String) -> String {
        (0...generator.below(3)).map { _ in generator.chance(70) ? quoted(sample(name)) : part(name) }
            .joined(separator: ", ")
    }

    private mutating func number() -> String {
        generator.pick([
            "0", "1", "17", "200", "-3", "1.5", "10KB", "1KiB", "5ms", "1h", "1e5", "0xff", "inf", "-inf", "1_000",
            "9007199254740993", "2025-06-15T12:00:00Z", "10.0.0.9",
        ])
    }

    private mutating func moment() -> String {
        let event = generator.pick(rows).origin?.time ?? RandomEvents.start
        let time = Timestamp(nanoseconds: event + Int64(generator.pick([0, 0, 1, -1, 1_000_000_000])))
        return time.description
    }

    /// A moment, or the day, the hour and so on that it is in.
    private mutating func period() -> String {
        generator.chance(70) ? moment() : moment().prefix(generator.pick([4, 7, 10, 13, 16, 19])) + "Z"
    }

    // MARK: Filters

    mutating func filter(_ levels: Int) -> String {
        if levels > 0, generator.chance(45) {
            let members = (0...(1 + generator.below(2))).map { _ in filter(levels - 1) }
            switch generator.below(5) {
            case 0, 1: return "(" + members.joined(separator: generator.pick([" ", " and "])) + ")"
            case 2: return "(" + members.joined(separator: " or ") + ")"
            case 3: return generator.pick(["!", "-", "not "]) + members[0]
            default:
                let name = name()
                return name == "_time" || name == "_stream"
                    ? members[0] : Self.written(name) + ":(" + test(name) + " or !" + test(name) + ")"
            }
        }
        switch generator.below(24) {
        case 0: return "*"
        case 1, 2: return time()
        case 3, 4: return stream()
        case 5 where depth < 2: return subquery()
        case 6:
            return "\(Self.written(plainName())):\(generator.pick(["eq_field", "le_field", "lt_field"]))(\(field()))"
        default:
            let name = name()
            if name == "_time" { return time() }
            if name == "_stream" { return "_stream:" + generator.pick(["*", "=" + quoted(sample(name))]) }
            return Self.written(name) + ":" + test(name)
        }
    }

    /// A test of a field's value.
    private mutating func test(_ name: String) -> String {
        switch generator.below(25) {
        case 0, 1: return part(name)
        case 2: return part(name) + "*"
        case 3: return "*" + part(name) + "*"
        case 4:
            let words = PlainText(sample(name)).words + RandomEvents.words.map(\.bytes)
            return "i(" + quoted(generator.pick(words)) + generator.pick(["", "*"]) + ")"
        case 5, 6: return "=" + quoted(sample(name))
        case 7: return "=" + part(name) + "*"
        case 8: return "!=" + quoted(sample(name))
        case 9: return "in(" + list(name) + ")"
        case 10: return "contains_all(" + list(name) + ")"
        case 11: return "contains_any(" + list(name) + ")"
        case 12: return "seq(" + list(name) + ")"
        case 13, 14: return generator.pick(["~", "!~"]) + expression(name)
        case 15, 16: return generator.pick([">", ">=", "<", "<="]) + number()
        case 17:
            return "range" + generator.pick(["[", "("]) + number() + ", " + number() + generator.pick(["]", ")"])
        case 18:
            return generator.pick([
                "ipv4_range(\"10.0.0.0/24\")", "ipv4_range(10.0.0.1, 10.0.0.200)", "ipv4_range(\"192.168.1.7\")",
            ])
        case 19: return "string_range(" + part(name) + ", " + part(name) + ")"
        case 20: return "len_range(\(generator.below(6)), \(generator.pick(["5", "20", "inf"])))"
        case 21: return generator.pick([">", ">=", "<", "<="]) + part(name)
        case 22: return "*"
        case 23: return "\"\""
        default: return generator.pick(RandomEvents.words.filter { $0 != "-" })
        }
    }

    private mutating func expression(_ name: String) -> String {
        let word = PlainText(sample(name)).words.first { $0.allSatisfy { $0 < 0x80 } } ?? "a".bytes
        switch generator.below(8) {
        case 0: return quoted(word)
        case 1: return quoted("^".bytes + word)
        case 2: return quoted(word + "$".bytes)
        case 3: return quoted("(?i)".bytes + word)
        case 4: return quoted(word + "|err.*d".bytes)
        case 5: return "\"[0-9]+\\\\.[0-9]+\""
        case 6: return "\"(a|e)[^ ]* +.\""
        default: return generator.pick(["\"x*\"", "\".+\"", "\"\\\\bte?\"", "\"\\\\d{3}\""])
        }
    }

    private mutating func time() -> String {
        let offset = generator.chance(20) ? " offset " + generator.pick(["1s", "12h", "-1h"]) : ""
        switch generator.below(8) {
        case 0: return "_time:" + moment().prefix(generator.pick([4, 7, 10, 13, 16])) + "Z" + offset
        case 1: return "_time:" + generator.pick([">", ">=", "<", "<="]) + period() + offset
        case 2: return "_time:" + generator.pick(["1d", "12h", "3d1h", ">1d", "<2d", ">=12h"]) + offset
        case 3:
            return "_time:day_range" + generator.pick(["[08:00, 18:00)", "(03:00, 15:00]", "[15:06, 15:08]"]) + offset
        case 4: return "_time:week_range" + generator.pick(["[Mon, Wed]", "(Sun, Sat)", "[Sun, Sun]"]) + offset
        default:
            let two = [period(), period()]
            return "_time:" + generator.pick(["[", "("]) + two.joined(separator: ", ") + generator.pick(["]", ")"])
                + offset
        }
    }

    private mutating func stream() -> String {
        if generator.chance(10), let id = generator.pick(rows).origin?.stream.idText { return "_stream_id:\(id.text)" }
        let lists = (0...generator.below(2)).map { _ in
            (0...generator.below(2)).map { _ -> String in
                let label = generator.pick(["service", "host", "region", "pod", "none"])
                let value = quoted(generator.pick(rows)[label])
                switch generator.below(5) {
                case 0: return "\(label)!=\(value)"
                case 1:
                    return "\(label)\(generator.pick(["=~", "!~"]))\"\(generator.pick(["h.", "c.*|auth", ".*", ""]))\""
                case 2: return "\(label) \(generator.pick(["in", "not_in"])) (\(value), \"h2\")"
                default: return "\(label)=\(value)"
                }
            }.joined(separator: ",")
        }
        return generator.pick(["", "_stream:"]) + "{" + lists.joined(separator: " or ") + "}"
    }

    private mutating func subquery() -> String {
        let name = generator.pick(["level", "num", "service", "any", "host", "text", "http.path"])
        let use = generator.pick(["in", "in", "contains_any", "contains_all"])
        let field = Self.written(name)
        return "\(field):\(use)("
            + nested { $0.filter(1) + " | " + $0.generator.pick(["fields ", "uniq by "]) + field } + ")"
    }

    /// A query inside a query, about events again.
    mutating func nested(_ write: (inout RandomQueries) -> String) -> String {
        var inner = RandomQueries(generator, rows)
        inner.depth = depth + 1
        let text = write(&inner)
        generator = inner.generator
        return text
    }
}
