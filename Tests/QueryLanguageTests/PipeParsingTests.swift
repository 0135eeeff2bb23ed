import Testing

@testable import QueryLanguage

@Suite struct PipeParsingTests {
    struct Case: CustomTestStringConvertible {
        var text: String
        var pipe: Pipe
        var testDescription: String { text }
    }

    @Test(arguments: [
        Case(text: "fields a, b.c*", pipe: .fields(.init([.init("a"), .init("b.c", isPrefix: true)]))),
        Case(text: "keep \"a b\", x-y", pipe: .fields(.init([.init("a b"), .init("x-y")]))),
        Case(text: "fields *", pipe: .fields(.init([.init("", isPrefix: true)]))),
        Case(text: "limit 10", pipe: .limit(.init(10))),
        Case(text: "head", pipe: .limit(.init(10))),
        Case(text: "LIMIT 1_000", pipe: .limit(.init(1000))),
        Case(text: "limit 4Ki", pipe: .limit(.init(4096))),
        Case(text: "offset 10K", pipe: .offset(.init(10_000))),
        Case(text: "skip 0", pipe: .offset(.init(0))),
        Case(text: "sort by (a, b desc)", pipe: .sort(.init(by: [.init("a"), .init("b", isDescending: true)]))),
        Case(
            text: "order (a, b desc, c asc) desc limit 5 offset 2",
            pipe: .sort(
                .init(
                    by: [.init("a", isDescending: true), .init("b"), .init("c", isDescending: true)], offset: 2,
                    limit: 5))),
        Case(text: "stats count()", pipe: .stats(.init(by: [], functions: [.init(.init(.count))]))),
        Case(text: "count()", pipe: .stats(.init(by: [], functions: [.init(.init(.count), as: "count()")]))),
        Case(text: "count(*) n", pipe: .stats(.init(by: [], functions: [.init(.init(.count), as: "n")]))),
        Case(
            text: "stats by (a, _time:5m) count() as n, count_uniq(b, c) limit 10 u, max(d)",
            pipe: .stats(
                .init(
                    by: [.init("a"), .init("_time", bucket: .init(step: 300_000_000_000))],
                    functions: [
                        .init(.init(.count), as: "n"),
                        .init(.init(.countUniq, [.init("b"), .init("c")], limit: 10), as: "u"),
                        .init(.init(.max, [.init("d")]), as: "max(d)"),
                    ]))),
        Case(
            text: "stats (_time:day offset 2h) sum(a*) s, min(a), avg(a)",
            pipe: .stats(
                .init(
                    by: [.init("_time", bucket: .init(step: 86_400_000_000_000, offset: 7_200_000_000_000))],
                    functions: [
                        .init(.init(.sum, [.init("a", isPrefix: true)]), as: "s"), .init(.init(.min, [.init("a")])),
                        .init(.init(.avg, [.init("a")])),
                    ]))),
        Case(text: "uniq by (a,b) with hits limit 5", pipe: .uniq(.init(by: ["a", "b"], hitsField: "hits", limit: 5))),
        Case(text: "uniq (a)", pipe: .uniq(.init(by: ["a"]))),
        Case(text: "top 5 by (a)", pipe: .top(.init(5, by: ["a"]))),
        Case(text: "top by (a, b) hits as n", pipe: .top(.init(by: ["a", "b"], hitsField: "n"))),
        Case(text: "top (a)", pipe: .top(.init(by: ["a"]))),
        Case(text: "filter n:=5", pipe: .filter(.init(.field("n", .exact("5"))))),
        Case(text: "where a or b", pipe: .filter(.init(.or([word("a"), word("b")])))),
        Case(text: "n:=5", pipe: .filter(.init(.field("n", .exact("5"))))),
        Case(text: "!(a)", pipe: .filter(.init(.not(word("a"))))),
        Case(text: "delete a, b", pipe: .delete(.init([.init("a"), .init("b")]))),
        Case(text: "rm a*", pipe: .delete(.init([.init("a", isPrefix: true)]))),
        Case(
            text: "rename a as b, c d",
            pipe: .rename(.init([.init(.init("a"), .init("b")), .init(.init("c"), .init("d"))]))),
        Case(
            text: "mv a* as *",
            pipe: .rename(.init([.init(.init("a", isPrefix: true), .init("", isPrefix: true))]))),
        Case(text: "cp a as b", pipe: .copy(.init([.init(.init("a"), .init("b"))]))),
    ])
    func pipeIsParsed(_ test: Case) throws {
        let query = try Query(parsing: "* | " + test.text)
        #expect(query == Query(filter: .all, pipes: [test.pipe]))
        #expect(try Query(parsing: query.description) == query, "\(query)")
    }

    @Test func pipesFollowEachOther() throws {
        let query = try Query(parsing: "error | stats by (host) count() n|sort by (n desc)\n| limit 3 # three")
        #expect(query.description == "error | stats by (host) count() as n | sort by (n desc) | limit 3")
    }

    @Test func prefixPatternsMatchNamesThatStartAlike() {
        #expect(FieldPattern("http.", isPrefix: true).matches("http.status"))
        #expect(!FieldPattern("http.", isPrefix: true).matches("http"))
        #expect(FieldPattern("a").matches("a"))
        #expect(!FieldPattern("a").matches("ab"))
    }
}
