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
            query: "a*b", column: 2, message: "`*` may only stand at the end of a word, or at both ends as in `*text*`"),
        Case(
            query: "*ab", column: 1, message: "`*` may only stand at the end of a word, or at both ends as in `*text*`"),
        Case(query: "a:~\"(\"", column: 4, message: "this is no regular expression: missing ): ("),
        Case(query: "{a=~\"(\"}", column: 5, message: "this is no regular expression: missing ): ("),
        Case(
            query: "a:range(1,b)", column: 11, message: "`b` is no number; write one such as 10, 1.5KB, 5m or inf"),
        Case(query: "a:range(1 2)", column: 11, message: "expected `,` between the two numbers, but found `2`"),
        Case(query: "a:len_range(5)", column: 3, message: "`len_range` takes two lengths, not 1"),
        Case(
            query: "a:ipv4_range(b)", column: 3,
            message: "`ipv4_range` takes an address, a network such as \"10.0.0.0/8\", or two addresses"),
        Case(query: "a:eq_field(b, c)", column: 3, message: "`eq_field` takes one field, not 2"),
        Case(
            query: "a:ipv6_range(::1)", column: 3,
            message: "ranges of IPv6 addresses are not supported yet: ipv6_range filter at line 1, column 3"),
        Case(
            query: "_time:day_range[8,18:00)", column: 17,
            message: "`8` is no time of the day; write one such as 08:00"),
        Case(
            query: "_time:week_range[Mon,Foo]", column: 22,
            message: "`foo` is no day of the week; write one such as Mon or Monday"),
        Case(
            query: "a:in(b | limit 5)", column: 5,
            message: "the query inside `in` must end with `| fields` or `| uniq by` of one field"),
        Case(
            query: "limit 5", column: 1,
            message:
                "`limit` is a pipe, and a query starts with a filter: write `* | limit`, or put the word into quotes to search for it"
        ),
        Case(query: "options(a=1) *", column: 9, message: "unknown option `a`"),
        Case(
            query: "options *", column: 9,
            message: "expected `(` after `options`; put the word into quotes to search for it, but found `*`"),
        Case(query: "* | extract 'x'", column: 13, message: "the pattern needs a field such as <ip>"),
        Case(query: "* | extract '<a><b>'", column: 13, message: "there must be text between <a> and <b>"),
        Case(
            query: "* | extract 'x<a'", column: 13,
            message: "a `>` is missing behind `<`; write `&lt;` for a `<` that stands for itself"),
        Case(
            query: "* | extract_regexp 'x'", column: 20,
            message: "the expression needs a named group such as (?P<ip>[0-9.]+)"),
        Case(query: "* | format '<up:a>'", column: 12, message: "`format` knows no `up:`; did you mean `uc`?"),
        Case(
            query: "* | math a +", column: 13,
            message: "expected a number, a field or a function, but the query ends here"),
        Case(query: "* | math foo(a)", column: 10, message: "unknown function of math `foo`"),
        Case(query: "* | math max(a)", column: 10, message: "`max` takes 2 to 256 arguments, not 1"),
        Case(query: "* | math 5x as a", column: 10, message: "`5x` is no number; write one such as 10, 1.5KB or 5m"),
        Case(
            query: "* | sort by (a) partition by (b)", column: 33,
            message: "expected `limit` for `partition by`, but the query ends here"),
        Case(query: "* | first 0 by (a)", column: 11, message: "the number of rows must be over 0"),
        Case(
            query: "* | total_stats", column: 5,
            message: "the pipe `total_stats` is not supported yet, at line 1, column 5"),
        Case(
            query: "* | limit 5 | stream_context after 5", column: 15,
            message: "`stream_context` must be the first pipe, right behind the filters"),
        Case(
            query: "* | stream_context", column: 19,
            message: "expected `before` or `after` after `stream_context`, but the query ends here"),
        Case(query: "* | join by (a) b", column: 17, message: "expected `(` before the query to join, but found `b`"),
        Case(
            query: "* | stats quantile(2, a)", column: 11,
            message: "`quantile` needs a number from 0 to 1, as in quantile(0.99, duration)"),
        Case(query: "* | stats rate(a)", column: 11, message: "`rate` takes no fields"),
        Case(
            query: "* | stats stddev(a)", column: 11,
            message: "the function `stddev` of stats is not supported yet, at line 1, column 11"),
        Case(query: "* | stats count() n, sum(a) n", column: 11, message: "two results of stats are called `n`"),
        Case(
            query: "* | stats by (a:x) count()", column: 17,
            message: "`x` is no step; write a duration such as 5m, or a number such as 10 or 10KB"),
        Case(query: "* | stats by (_time:0s) count()", column: 21, message: "the step must be over zero"),
        Case(
            query: "* | facets 5 max_value_length 3", column: 14,
            message: "unknown option of facets `max_value_length`; did you mean `max_value_len`?",
            nearest: "max_value_len"),
        Case(
            query: "* | patterns by (a) limti 3", column: 21,
            message: "unknown option of patterns `limti`; did you mean `limit`?", nearest: "limit"),
        Case(
            query: "* | patterns new sinc 1h", column: 18,
            message: "expected since after `new`, but found `sinc`"),
        Case(
            query: "* | patterns by (a, pattern)", column: 14,
            message: "`pattern` is a field of what `patterns` gives; rename the other one first"),
        Case(query: "a:inn(b)", column: 3, message: "unknown filter `inn`; did you mean `in`?", nearest: "in"),
        Case(
            query: "ipv4_rnge(b)", column: 1, message: "unknown filter `ipv4_rnge`; did you mean `ipv4_range`?",
            nearest: "ipv4_range"),
        Case(query: "frobnicate(b)", column: 1, message: "unknown filter `frobnicate`"),
        Case(
            query: "* | sotr by (a)", column: 5, message: "unknown pipe `sotr`; did you mean `sort`?", nearest: "sort"),
        Case(query: "* | zzzz", column: 5, message: "unknown pipe `zzzz`"),
        Case(query: "* |", column: 4, message: "expected a pipe after `|`, but the query ends here"),
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
            query: "* | stats coutn()", column: 11, message: "unknown function of stats `coutn`; did you mean `count`?",
            nearest: "count"),
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

    @Test func queriesInQueriesAreBounded() {
        let queries = String(repeating: "a:in(", count: 20) + "b" + String(repeating: " | fields a)", count: 20)
        let error = #expect(throws: QueryError.self) { try Query(parsing: queries) }
        #expect(error?.message == "queries stand in each other deeper than 8 levels")
    }

    @Test(arguments: [
        String(repeating: "(", count: 30_000), String(repeating: "-", count: 30_000) + "a",
        String(repeating: "abs(", count: 10_000), "a" + String(repeating: " + a", count: 10_000),
        "a" + String(repeating: " ^ a default a", count: 4_000),
        String(repeating: "(a + a + a + a + a + ", count: 30) + "a" + String(repeating: ")", count: 30),
    ])
    func formulasAreBounded(formula: String) {
        #expect(throws: QueryError.self) { try Query(parsing: "* | math " + formula) }
    }

    @Test func whateverIsTypedNeverTraps() {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "a", "and", "or", "not", "!", "-", "(", ")", ":", "=", "*", "|", "{", "}", "[", "]", ",", "\"", "'", "`",
            "\\", "#", "\n", " ", "_time:", "5m", "offset", "2025-06-15", "in(", "i(", "stats", "by", "count()", "sort",
            "_stream:", "limit", "9", "é", "🎉", "\u{0}", "top", "uniq", "rename", "as", "~", ">", "<=", "now",
            "range(", "seq(", "eq_field(", "| math", "| extract", "| format", "| join by (a)", "| union", "<a>",
            "\"x<b>\"",
            "day_range[", "08:00", "| stats quantile(", "0.5", "if (", "| unpack_json", "from", "| replace", "/", "+",
            "^",
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
