import TestSupport
import Testing

@testable import QueryLanguage

@Suite struct QueryErrorTests {
    struct Case: CustomTestStringConvertible {
        var query: String
        var line = 1
        var column: Int
        var message: String
        var nearest: String?
        var testDescription: String { query }
    }

    @Test(arguments: [
        Case(query: "", column: 1, message: "expected a filter, but the query ends here"),
        Case(query: "error and", column: 10, message: "expected a filter after `and`, but the query ends here"),
        Case(query: "error and | limit 5", column: 11, message: "expected a filter after `and`, but found `|`"),
        Case(query: "error\n  or )", line: 2, column: 6, message: "expected a filter after `or`, but found `)`"),
        Case(query: "(a", column: 3, message: "expected `)` to close the group, but the query ends here"),
        Case(query: "a)", column: 2, message: "expected `|` or the end of the query, but found `)`"),
        Case(query: "a, b", column: 2, message: "expected `|` or the end of the query, but found `,`"),
        Case(query: "a:", column: 3, message: "expected a value after `a:`, but the query ends here"),
        Case(query: ":a", column: 1, message: "expected a field name before the colon, but found `:`"),
        Case(
            query: "a:{b=c}", column: 3,
            message: "a stream filter such as {service=\"cart\"} goes with no field but _stream"),
        Case(query: "a \"b", column: 3, message: "the closing \" is missing"),
        Case(query: "\"a\"(b)", column: 4, message: "a space is missing in front of `(`"),
        Case(
            query: "~\"a|b\"", column: 1,
            message: "regular expressions are not supported yet: regexp filter at line 1, column 1"),
        Case(
            query: "é f:~\"a\"", column: 5,
            message: "regular expressions are not supported yet: regexp filter at line 1, column 5"),
        Case(
            query: "x f:!~\"a\"", column: 5,
            message: "regular expressions are not supported yet: regexp filter at line 1, column 5"),
        Case(
            query: "a:range(1,2)", column: 3,
            message: "ranges of numbers are not supported yet: range filter at line 1, column 3"),
        Case(
            query: "a:>5", column: 3,
            message: "comparisons of values are not supported yet: `>` filter at line 1, column 3"),
        Case(
            query: "_time:day_range[08:00,18:00)", column: 7,
            message: "ranges of the time of day are not supported yet: day_range filter at line 1, column 7"),
        Case(
            query: "{a=~\"b\"}", column: 3,
            message: "regular expressions are not supported yet: `=~` in a stream filter at line 1, column 3"),
        Case(
            query: "{a in (b)}", column: 4,
            message: "lists of values are not supported yet: `in` in a stream filter at line 1, column 4"),
        Case(
            query: "a:in(b | fields c)", column: 6,
            message: "queries inside queries are not supported yet: in(...) with more than values at line 1, column 6"),
        Case(
            query: "a*b", column: 2,
            message:
                "words with `*` anywhere but at their end are not supported yet: `*` in front of `b` at line 1, column 2"
        ),
        Case(query: "a:inn(b)", column: 3, message: "unknown filter `inn`; did you mean `in`?", nearest: "in"),
        Case(
            query: "ipv4_rnge(b)", column: 1, message: "unknown filter `ipv4_rnge`; did you mean `ipv4_range`?",
            nearest: "ipv4_range"),
        Case(query: "frobnicate(b)", column: 1, message: "unknown filter `frobnicate`"),
        Case(
            query: "* | sotr by (a)", column: 5, message: "unknown pipe `sotr`; did you mean `sort`?", nearest: "sort"),
        Case(query: "* | zzzz", column: 5, message: "unknown pipe `zzzz`"),
        Case(query: "* |", column: 4, message: "expected a pipe after `|`, but the query ends here"),
        Case(
            query: "*\n| extract 'x'", line: 2, column: 3,
            message: "the pipe `extract` is not supported yet, at line 2, column 3"),
        Case(query: "* | limit x", column: 11, message: "the limit must be a whole number such as 100"),
        Case(query: "* | limit -5", column: 11, message: "the limit must be a whole number such as 100"),
        Case(
            query: "* | limit 99999999999999999999", column: 11, message: "the limit must be a whole number such as 100"
        ),
        Case(query: "* | limit 5 6", column: 13, message: "expected `|` or the end of the query, but found `6`"),
        Case(query: "* | offset", column: 11, message: "expected the offset, but the query ends here"),
        Case(query: "* | fields", column: 11, message: "expected a field name, but the query ends here"),
        Case(query: "* | fields a,", column: 14, message: "expected a field name, but the query ends here"),
        Case(query: "* | sort by ()", column: 13, message: "`by` needs at least one field"),
        Case(query: "* | sort by (a) limit 1 limit 2", column: 25, message: "`limit` is given twice"),
        Case(
            query: "* | sort by (a) rank", column: 17,
            message: "ranks are not supported yet: `rank` of sort at line 1, column 17"),
        Case(
            query: "* | stats coutn()", column: 11, message: "unknown function of stats `coutn`; did you mean `count`?",
            nearest: "count"),
        Case(
            query: "* | stats quantile(0.5, a)", column: 11,
            message: "the function `quantile` of stats is not supported yet, at line 1, column 11"),
        Case(
            query: "* | median(a)", column: 5,
            message: "the function `median` of stats is not supported yet, at line 1, column 5"),
        Case(query: "* | stats sum()", column: 11, message: "`sum` needs at least one field, as in sum(duration)"),
        Case(
            query: "* | stats count() if (a) n", column: 19,
            message: "conditions are not supported yet: `if` of stats at line 1, column 19"),
        Case(
            query: "* | stats by (a:5) count()", column: 17,
            message: "intervals of other fields than _time are not supported yet: `a:` of stats at line 1, column 17"),
        Case(query: "* | stats by (_time:0s) count()", column: 21, message: "the interval must be longer than zero"),
        Case(
            query: "* | stats by (_time:x) count()", column: 21,
            message: "`x` is no duration; write one such as 5m, 1h30m or 2d"),
        Case(query: "* | rename a* b", column: 15, message: "either both names must end with `*`, or none"),
        Case(query: "* | uniq by (a) with x", column: 22, message: "expected `hits` after `with`, but found `x`"),
        Case(query: "\"\\xff\":a", column: 1, message: "a field name must be valid UTF-8"),
    ])
    func mistakeIsReportedWithItsPlace(_ test: Case) {
        let error = #expect(throws: QueryError.self) { try Query(parsing: test.query) }
        #expect(error?.message == test.message)
        #expect(error?.line == test.line)
        #expect(error?.column == test.column)
        #expect(error?.nearest == test.nearest)
    }

    @Test func everyNameThatIsKnownButMissingIsReportedAsSuch() {
        for missing in KnownNames.missingFilters {
            let error = #expect(throws: QueryError.self) { try Query(parsing: "f:\(missing.name)(a,b)") }
            #expect(error?.message.contains("not supported yet") == true, "\(missing.name)")
        }
        for name in KnownNames.missingPipes {
            let error = #expect(throws: QueryError.self) { try Query(parsing: "* | \(name) a") }
            #expect(error?.message.contains("not supported yet") == true, "\(name)")
        }
        for name in KnownNames.missingStatsFunctions {
            let error = #expect(throws: QueryError.self) { try Query(parsing: "* | stats \(name)(a)") }
            #expect(error?.message.contains("not supported yet") == true, "\(name)")
        }
    }

    @Test func renderingPointsAtTheMistake() {
        let query = "level:error\n  é and | limit 5"
        let error = #expect(throws: QueryError.self) { try Query(parsing: query) }
        #expect(
            error?.rendered(in: query) == """
                line 2, column 9: expected a filter after `and`, but found `|`
                    é and | limit 5
                          ^
                """)
        let unknown = #expect(throws: QueryError.self) { try Query(parsing: "* | sotr") }
        #expect(unknown?.rendered(in: "* | sotr").hasSuffix("\n  * | sotr\n      ^^^^") == true)
        let atEnd = #expect(throws: QueryError.self) { try Query(parsing: "a or") }
        #expect(atEnd?.rendered(in: "a or").hasSuffix("\n  a or\n      ^") == true)
    }

    @Test func nestingStopsAtALimitInsteadOfTheStack() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "(", count: depth) + "a" + String(repeating: ")", count: depth)
        }
        #expect(try Filter(parsing: nested(100)) == word("a"))
        for bomb in [
            nested(101), nested(30_000), String(repeating: "(", count: 60_000),
            "f:" + String(repeating: "!(", count: 30_000),
        ] {
            let error = #expect(throws: QueryError.self) { try Query(parsing: bomb) }
            #expect(error?.message.contains("nested deeper than 100") == true)
        }
        #expect(try Filter(parsing: String(repeating: "!", count: 60_001) + "a") == .not(word("a")))
        let alternating = String(repeating: "!(b or (c ", count: 50) + "a" + String(repeating: "))", count: 50)
        let filter = try Filter(parsing: alternating)
        #expect(try Filter(parsing: filter.description) == filter)
    }

    @Test func whateverIsTypedNeverTraps() {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "a", "and", "or", "not", "!", "-", "(", ")", ":", "=", "*", "|", "{", "}", "[", "]", ",", "\"", "'", "`",
            "\\", "#", "\n", " ", "_time:", "5m", "offset", "2025-06-15", "in(", "i(", "stats", "by", "count()", "sort",
            "_stream:", "limit", "9", "é", "🎉", "\u{0}", "top", "uniq", "rename", "as", "~", ">", "<=", "now",
        ]
        for _ in 0..<5_000 {
            var text = ""
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                text += pieces[Int.random(in: 0..<pieces.count, using: &random)]
                if Bool.random(using: &random) { text += " " }
            }
            do throws(QueryError) {
                let query = try Query(parsing: text)
                #expect((try? Query(parsing: query.description)) == query, "\(text) -> \(query)")
            } catch {
                #expect(error.offset >= 0 && error.offset + error.length <= text.utf8.count, "\(text)")
                #expect(!error.rendered(in: text).isEmpty)
            }
        }
    }
}
