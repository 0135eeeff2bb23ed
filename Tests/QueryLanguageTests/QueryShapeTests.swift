import QueryLanguage
import Testing

@Suite struct QueryShapeTests {
    private func shape(_ text: String) throws -> String { try Query(parsing: text).shape }

    @Test(arguments: [
        ("error", "timeout"), ("level:error 4711", "level:warn 12"),
        ("user:\"a b\" | top 5 by (x)", "user:c | top 10 by (x)"),
        ("a:in(1, 2, 3)", "a:in(9)"), ("_time:5m error", "_time:3h boom"), ("a:~\"x+\"", "a:~\"y*\""),
        ("* | filter a:b | limit 5", "* | filter a:c | limit 6"), ("a:in(b:c | fields d)", "a:in(b:e | fields d)"),
        ("a:>5", "a:>7"), ("* | stats by (_time:5m) count() n", "* | stats by (_time:1h) count() n"),
    ])
    func literalsMakeNoDifference(one: String, other: String) throws {
        #expect(try shape(one) == shape(other))
    }

    @Test(arguments: [
        ("level:error", "service:error"), ("error", "error | count()"), ("* | top 5 by (a)", "* | top 5 by (b)"),
        ("a and b", "a or b"), ("a:b", "a:=b"), ("a:in(b:c | fields d)", "a:in(b:c | fields e)"),
        ("* | stats count()", "* | stats max(a)"), ("a", "!a"),
    ])
    func namesAndOperatorsDo(one: String, other: String) throws {
        #expect(try shape(one) != shape(other))
    }

    @Test func noLiteralIsLeft() throws {
        let shape = try shape(#"secret user:"hidden name" n:42 | filter x:covert | format "veiled <a>" as b"#)
        for literal in ["secret", "hidden", "42", "covert", "veiled"] { #expect(!shape.contains(literal), "\(shape)") }
        for name in ["user", "filter", "x", "format"] { #expect(shape.contains(name), "\(shape)") }
    }

    @Test func otherTimesAreReadOnlyByQueriesInsideAndSurroundings() throws {
        #expect(try !Query(parsing: "a b | stats by (c) count() if (d) | sort by (c)").readsOtherTimes)
        for text in [
            "a:in(b | fields a)", "* | join by (a) (b)", "* | union (b)", "* | stream_context before 1",
            "* | filter a:in(b | fields a)", "options(ignore_global_time_filter=true) a",
        ] {
            #expect(try Query(parsing: text).readsOtherTimes, "\(text)")
        }
    }
}
