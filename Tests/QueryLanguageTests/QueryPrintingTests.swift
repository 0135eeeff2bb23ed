import LogModel
import TestSupport
import Testing

@testable import QueryLanguage

/// Makes queries of all shapes, in the form that the parser makes them.
struct QueryGenerator {
    /// Results of stats so far: no two may have one name.
    var results = 0
    var random: SeededGenerator

    private let fields = ["_msg", "level", "http.status", "x-id", "and", "a b", "in", "日本", "\"", "by", "5m", "é*"]
    private let texts: [QueryText] = [
        "error", "a b", "or", "i", "in", "range", "*", "a*", "\\", "\"q\"", "'", "`", "ünï", "1.5", "-x", "a:b", "\n\t",
        QueryText(bytes: [0xFF, 0x61, 0xC3]), QueryText(bytes: [0, 0x7F]), "limit", "{a}", "#c", "🎉", "a=b",
    ]

    mutating func pick<Element>(_ values: [Element]) -> Element {
        values[Int.random(in: 0..<values.count, using: &random)]
    }

    mutating func some<Element>(_ range: ClosedRange<Int>, _ make: (inout QueryGenerator) -> Element) -> [Element] {
        (0..<Int.random(in: range, using: &random)).map { _ in make(&self) }
    }

    mutating func test() -> FieldTest {
        let text = pick(texts)
        switch Int.random(in: 0..<18, using: &random) {
        case 9: return .expression(pick(["a.*b", "^x$", "(?i)\"é"]))
        case 10: return .substring(text)
        case 11: return .sequence(some(1...3) { $0.pick($0.texts) })
        case 12: return .containsAll(some(1...3) { $0.pick($0.texts) })
        case 13: return .containsAny(some(1...3) { $0.pick($0.texts) })
        case 14:
            let flags = (Bool.random(using: &random), Bool.random(using: &random))
            let lower = NumberRange.End(10_240, text: "10KiB", isIncluded: flags.0)
            let upper = NumberRange.End(.infinity, text: "inf", isIncluded: flags.1)
            return .numbers(pick([.init(lower: lower, upper: upper), .init(lower: lower), .init(upper: upper)]))
        case 15: return .addresses(pick([0...UInt32.max, 167_772_160...184_549_375]))
        case 16: return pick([.strings(from: text, below: "z"), .strings(from: "abc\0", below: nil)])
        case 17: return .lengths(pick([5...10, 0...UInt64.max]))
        case 0: return .any
        case 1: return .empty
        case 2: return .phrase(text, ignoringCase: true)
        case 3: return .prefix(text, ignoringCase: false)
        case 4: return .prefix(text, ignoringCase: true)
        case 5: return .exact(Bool.random(using: &random) ? text : "")
        case 6: return .exactPrefix(text)
        case 7: return .oneOf(some(0...3) { $0.pick($0.texts + [""]) })
        default: return .phrase(text, ignoringCase: false)
        }
    }

    mutating func point() -> TimePoint {
        switch Int.random(in: 0..<3, using: &random) {
        case 0: return .relative(nanoseconds: Int64.random(in: -1_000_000_000_000...1_000_000_000_000, using: &random))
        case 1:
            return .calendar(CalendarPeriod(Timestamp(nanoseconds: Int64.random(in: 0...(1 << 62), using: &random))))
        default:
            let texts = [
                "2025", "2024-02+02:00", "2025-06-15", "2025-06-15T14-03:30", "1970-01-01T00:00",
                "2025-06-15T14:00:01.25",
            ]
            return TimePoint(pick(texts)) ?? .relative(nanoseconds: 0)
        }
    }

    mutating func time() -> TimeFilter {
        let nanoseconds = Int64.random(in: 1...1_000_000_000_000_000, using: &random)
        let flag = Bool.random(using: &random)
        let offset = flag ? 0 : Int64.random(in: 1...1_000_000_000_000, using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return TimeFilter(.untilNow, offset: offset)
        case 1: return TimeFilter(.last(nanoseconds: nanoseconds), offset: offset)
        case 2: return TimeFilter(.olderThan(nanoseconds: nanoseconds, isInclusive: flag))
        case 3: return TimeFilter(.newerThan(nanoseconds: nanoseconds, isInclusive: flag))
        case 4: return TimeFilter(.during(point()), offset: offset)
        case 5: return TimeFilter(.after(point(), isInclusive: flag))
        case 6: return TimeFilter(.before(point(), isInclusive: flag))
        default:
            return TimeFilter(.between(point(), includesLower: flag, point(), includesUpper: !flag), offset: offset)
        }
    }

    mutating func filter(depth: Int) -> Filter {
        switch Int.random(in: 0..<(depth > 0 ? 12 : 5), using: &random) {
        case 9:
            return .comparison(.init(pick(fields), pick(FieldComparison.Relation.allCases), pick(fields)))
        case 10:
            let minute: Int64 = 60_000_000_000
            return .clock(
                pick([
                    .init(.day(from: 480 * minute, to: 1_080 * minute - 1)),
                    .init(.day(from: 1, to: 86_399_999_999_999)),
                    .init(.day(from: 0, to: 86_399_999_999_998), offset: -minute),
                    .init(.week(from: 1, to: 5), offset: minute),
                    .init(.week(from: 7, to: -1)),
                ]))
        case 11:
            return .subquery(
                .init(
                    pick(fields), pick([.oneOf, .containsAll, .containsAny]),
                    .init(filter: .all, pipes: [.fields(.init([.init("a")]))])))
        case 0: return .all
        case 1: return .time(time())
        case 2:
            return .stream(
                StreamSelector(
                    alternatives: some(1...2) { generator in
                        generator.some(1...3) {
                            .init($0.pick($0.fields), $0.pick($0.texts), isNegated: Bool.random(using: &$0.random))
                        }
                    }))
        case 5, 6: return .conjunction(some(2...4) { $0.filter(depth: depth - 1) })
        case 7: return .disjunction(some(2...4) { $0.filter(depth: depth - 1) })
        case 8: return .negation(filter(depth: depth - 1))
        default: return .field(pick(fields), test())
        }
    }

    mutating func pattern() -> FieldPattern {
        Int.random(in: 0..<10, using: &random) == 0
            ? FieldPattern("", isPrefix: true) : FieldPattern(pick(fields), isPrefix: Bool.random(using: &random))
    }

    mutating func mapping() -> FieldMapping {
        let source = pattern()
        return FieldMapping(source, FieldPattern(pick(fields), isPrefix: source.isPrefix))
    }

    mutating func number() -> UInt64? {
        Bool.random(using: &random) ? nil : UInt64.random(in: 0...9_999, using: &random)
    }

    mutating func pipe() -> Pipe {
        switch Int.random(in: 0..<11, using: &random) {
        case 0: return .fields(.init(some(1...3) { $0.pattern() }))
        case 1: return .delete(.init(some(1...3) { $0.pattern() }))
        case 2: return .limit(.init(number() ?? 1))
        case 3: return .offset(.init(number() ?? 1))
        case 4:
            return .sort(
                .init(
                    by: some(1...3) { .init($0.pick($0.fields), isDescending: Bool.random(using: &$0.random)) },
                    offset: number(), limit: number()))
        case 5:
            return .uniq(
                .init(by: some(1...3) { $0.pick($0.fields) }, hitsField: pick([nil, "hits", "x y"]), limit: number()))
        case 6:
            return .top(.init(number() ?? 1, by: some(1...2) { $0.pick($0.fields) }, hitsField: pick(["hits", "x y"])))
        case 7: return .filter(.init(filter(depth: 2)))
        case 8: return .rename(.init(some(1...2) { $0.mapping() }))
        case 9: return .copy(.init(some(1...2) { $0.mapping() }))
        default:
            let buckets: [StatsPipe.Bucket] = [
                .init(step: 60_000_000_000), .init(step: 1, offset: -3_600_000_000_000),
                .init(size: 604_800e9, calendar: .week),
                .init(size: 1, calendar: .month, offset: 3_600e9), .init(size: 0.5), .init(size: 256, maskBits: 24),
            ]
            return .stats(
                .init(
                    by: some(0...2) { .init($0.pick($0.fields)) }
                        + some(0...1) { .init($0.pick(["_time", "size"]), bucket: $0.pick(buckets)) },
                    functions: some(1...3) { generator in
                        let kind = generator.pick(StatsFunction.Kind.allCases)
                        var fields = generator.some(1...2) { FieldPattern($0.pick($0.fields)) }
                        if kind == .histogram { fields = [fields[0]] }
                        if kind == .rate { fields = [] }
                        let takesLimit: Set<StatsFunction.Kind> = [
                            .countUniq, .countUniqHash, .values, .uniqValues, .jsonValues,
                        ]
                        let limit = takesLimit.contains(kind) ? generator.number().map { $0 + 1 } : nil
                        var function = StatsFunction(kind, fields, limit: limit)
                        if kind == .rowMin || kind == .rowMax { function.source = generator.pick(generator.fields) }
                        if kind == .quantile { function.part = generator.pick([0, 0.5, 0.999, 1]) }
                        generator.results += 1
                        return .init(
                            function, as: generator.pick(["n\(generator.results)", "as \(generator.results)"]),
                            if: generator.pick([nil, generator.filter(depth: 1)]))
                    }))
        }
    }

    mutating func query() -> Query {
        Query(filter: filter(depth: 4), pipes: some(0...3) { $0.pipe() })
    }
}

@Suite struct QueryPrintingTests {
    @Test func everyQueryParsesBackFromItsText() throws {
        let seed = drawSeed()
        var generator = QueryGenerator(random: SeededGenerator(seed: seed))
        for _ in 0..<3_000 {
            let query = generator.query()
            do throws(QueryError) {
                #expect(try Query(parsing: query.description) == query, "\(query)")
            } catch {
                Issue.record("\(error.rendered(in: query.description))")
            }
        }
    }

    struct Case: CustomTestStringConvertible {
        var query: String
        var text: String
        var testDescription: String { query }
    }

    @Test(arguments: [
        Case(query: "a AND (b OR c)", text: "a (b or c)"),
        Case(query: "NOT(a b)", text: "!(a b)"),
        Case(query: "level:(error or warn)", text: "level:error or level:warn"),
        Case(query: "'it is' 'or'", text: "\"it is\" \"or\""),
        Case(query: "a:=b a:in(c,'d e')", text: "a:=\"b\" a:in(c,\"d e\")"),
        Case(query: "_time:90m offset 60s", text: "_time:1h30m offset 1m"),
        Case(query: "_time:2025-06+02:00", text: "_time:2025-06+02:00"),
        Case(query: "_stream:{a='b',c!=d}", text: "{a=\"b\",c!=\"d\"}"),
        Case(query: "* | head | skip 5", text: "* | limit 10 | offset 5"),
        Case(query: "* | order (a, b desc) desc", text: "* | sort by (a desc, b)"),
        Case(query: "* | count() n", text: "* | stats count() as n"),
    ])
    func canonicalFormIsShort(_ test: Case) throws {
        #expect(try Query(parsing: test.query).description == test.text)
    }
}
