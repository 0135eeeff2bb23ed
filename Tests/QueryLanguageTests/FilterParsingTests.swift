import LogModel
import Testing

@testable import QueryLanguage

func word(_ text: QueryText) -> Filter { .field("_msg", .phrase(text, ignoringCase: false)) }

@Suite struct FilterParsingTests {
    struct Case: CustomTestStringConvertible {
        var query: String
        var filter: Filter
        var testDescription: String { query }
    }

    @Test(arguments: [
        Case(query: "*", filter: .all),
        Case(query: "error", filter: word("error")),
        Case(query: #""ssh: login fail""#, filter: word("ssh: login fail")),
        Case(query: "ssh-ed25519", filter: word("ssh-ed25519")),
        Case(query: "/foo/bar?a=b", filter: word("/foo/bar?a=b")),
        Case(query: "err*", filter: .field("_msg", .prefix("err", ignoringCase: false))),
        Case(query: #""login f"*"#, filter: .field("_msg", .prefix("login f", ignoringCase: false))),
        Case(query: #""""#, filter: .field("_msg", .empty)),
        Case(query: #"host:"""#, filter: .field("host", .empty)),
        Case(query: "host:*", filter: .field("host", .any)),
        Case(query: #"host:""*"#, filter: .field("host", .any)),
        Case(query: "_msg:*", filter: .field("_msg", .any)),
        Case(query: "log.level:error", filter: .field("log.level", .phrase("error", ignoringCase: false))),
        Case(query: "x-id: 5", filter: .field("x-id", .phrase("5", ignoringCase: false))),
        Case(query: "ip:10.0.0.1:80", filter: .field("ip", .phrase("10.0.0.1:80", ignoringCase: false))),
        Case(query: #""ip:remote":"1.2.3.45""#, filter: .field("ip:remote", .phrase("1.2.3.45", ignoringCase: false))),
        Case(query: "სფერო:τιμή", filter: .field("სფერო", .phrase("τιμή", ignoringCase: false))),
        Case(query: "a:=b", filter: .field("a", .exact("b"))),
        Case(query: #"a:="b c""#, filter: .field("a", .exact("b c"))),
        Case(query: #"a:="b"*"#, filter: .field("a", .exactPrefix("b"))),
        Case(query: #"="b""#, filter: .field("_msg", .exact("b"))),
        Case(query: "a:exact(b)", filter: .field("a", .exact("b"))),
        Case(query: #"a:!="b""#, filter: .not(.field("a", .exact("b")))),
        Case(query: "!=b", filter: .not(.field("_msg", .exact("b")))),
        Case(query: "a:!b", filter: .not(.field("a", .phrase("b", ignoringCase: false)))),
        Case(query: #"a:in(b, c-d,"e f")"#, filter: .field("a", .oneOf(["b", "c-d", "e f"]))),
        Case(query: "a:in()", filter: .field("a", .oneOf([]))),
        Case(query: "a:in(*)", filter: .all),
        Case(query: "i(Error)", filter: .field("_msg", .phrase("Error", ignoringCase: true))),
        Case(query: #"a:i("b c"*)"#, filter: .field("a", .prefix("b c", ignoringCase: true))),
        Case(query: "i in", filter: .and([word("i"), word("in")])),
        Case(
            query: "level:(error or warn)",
            filter: .or([
                .field("level", .phrase("error", ignoringCase: false)),
                .field("level", .phrase("warn", ignoringCase: false)),
            ])),
        Case(query: #"{service="cart"}"#, filter: .stream(.init(alternatives: [[.init("service", "cart")]]))),
        Case(
            query: #"_stream:{a="b", c-d!='e' or f=g}"#,
            filter: .stream(
                .init(alternatives: [[.init("a", "b"), .init("c-d", "e", isNegated: true)], [.init("f", "g")]]))),
        Case(query: "{}", filter: .stream(.init(alternatives: [[]]))),
    ])
    func filterIsParsed(_ test: Case) throws {
        #expect(try Filter(parsing: test.query) == test.filter)
    }

    @Test(arguments: [
        Case(query: "a b", filter: .and([word("a"), word("b")])),
        Case(query: "a AND b and c", filter: .and([word("a"), word("b"), word("c")])),
        Case(query: "a or b c", filter: .or([word("a"), .and([word("b"), word("c")])])),
        Case(query: "a b OR c", filter: .or([.and([word("a"), word("b")]), word("c")])),
        Case(query: "not a or b", filter: .or([.not(word("a")), word("b")])),
        Case(query: "!a b", filter: .and([.not(word("a")), word("b")])),
        Case(query: "a -b", filter: .and([word("a"), .not(word("b"))])),
        Case(query: "a-b", filter: word("a-b")),
        Case(query: "!!a", filter: word("a")),
        Case(query: "not -!a", filter: .not(word("a"))),
        Case(query: "!(a or b)", filter: .not(.or([word("a"), word("b")]))),
        Case(query: "(a or b) c", filter: .and([.or([word("a"), word("b")]), word("c")])),
        Case(query: "(a b) c", filter: .and([word("a"), word("b"), word("c")])),
        Case(query: "a (b)", filter: .and([word("a"), word("b")])),
        Case(query: "\"or\" \"and\"", filter: .and([word("or"), word("and")])),
        Case(query: "a # or b\n or c", filter: .or([word("a"), word("c")])),
    ])
    func notBindsTighterThanAndThanOr(_ test: Case) throws {
        #expect(try Filter(parsing: test.query) == test.filter)
    }

    @Test func filtersOfASearchRequestNameFieldsAsResponsesDo() {
        let filter = Filter.matching(["service": ["a", "b"], "level": ["ERROR"], "meta.trace_id": ["x"], "msg": ["m"]])
        #expect(
            filter
                == .and([
                    .field("level", .exact("ERROR")), .field("trace_id", .exact("x")), .field("_msg", .exact("m")),
                    .field("service", .oneOf(["a", "b"])),
                ]))
        #expect(Filter.matching([:]) == .all)
    }

    @Test func plainWordsCanLoseTheirCase() throws {
        let filter = try Filter(parsing: #"error a:"b c"* !(c:=D or i(e)) host:* _time:5m"#)
        #expect(filter.caseInsensitiveWords().description == #"i(error) a:i("b c"*) !(c:="D" or i(e)) host:* _time:5m"#)
    }
}
