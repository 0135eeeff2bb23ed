import QueryLanguage
import Testing

@Suite struct RestrictionTests {
    @Test(arguments: [
        ("a", "env:=\"x\" a"),
        ("a or b | count() n", "env:=\"x\" (a or b) | stats count() as n"),
        (
            "u:in(b | fields u) !v:in(c | uniq by (v))",
            "env:=\"x\" u:in(env:=\"x\" b | fields u) !v:in(env:=\"x\" c | uniq by (v))"
        ),
        ("a | filter u:in(b | fields u)", "env:=\"x\" a | filter u:in(env:=\"x\" b | fields u)"),
        (
            "a | join by (u) (b | union (c))",
            "env:=\"x\" a | join by (u) (env:=\"x\" b | union (env:=\"x\" c))"
        ),
        (
            "a | stream_context before 1",
            "env:=\"x\" a | stream_context before 1 after 0 time_window 1h | filter env:=\"x\""
        ),
    ])
    func aRestrictionHoldsForAllThatIsRead(_ text: String, _ expected: String) throws {
        let query = try Query(parsing: text)
        #expect(query.restricted(to: try Filter(parsing: "env:=x")).description == expected)
        #expect(query.restricted(to: .all) == query)
    }

    @Test func whatAQueryIsAboutIsItsFirstFilters() throws {
        let query = try Query(parsing: "a | filter b | where c:d | fields x | filter e")
        #expect(query.selection.description == "a b c:d")
    }
}
