import CollectorHTTP
import QueryLanguage
import Testing

struct MetricColumnsTests {
    @Test(arguments: [
        ("* | stats by (a, b) count() n", ["a", "b"]),
        ("* | count()", []),
        ("* | stats by (a) count() n | stats by (b) max(n) m", ["b"]),
        ("* | stats by (a) count() n | rename a as b | format \"<b>!\" as c", ["b", "c"]),
        ("* | stats by (a) count() n | copy a as b, n as m", ["a", "b"]),
        ("* | stats by (a.x) count() n | rename a.* as b.*", ["b.x"]),
        (
            "* | stats by (a) count() n, max(x) m | delete m | fields a, n | math n * 2 as k | sort by (k) limit 1",
            ["a"]
        ),
    ])
    func labelsAreFollowedByTheirNames(_ text: String, _ labels: [String]) throws {
        #expect(try MetricColumns(Query(parsing: text).pipes).labels == labels)
    }

    @Test(arguments: [
        "*", "* | limit 1", "* | stats by (a) count() n | limit 1", "* | stats by (a) count() n | fields n",
        "* | stats by (a) count() n | delete a", "* | stats by (a) count() n | fields a",
        "* | stats by (a) count() n | rename n as a", "* | stats by (a, b) count() n | rename a as b",
        "* | stats by (a) count() n | math n * 2 as a", "* | stats by (a) count() n | format \"x\" as a",
        "* | stats by (a) count() n | uniq by (a)",
    ])
    func whatLosesLabelsOrValuesIsRefused(_ text: String) throws {
        let pipes = try Query(parsing: text).pipes
        let problem = #expect(throws: Problem.self) { try MetricColumns(pipes) }
        #expect(problem?.status == 400)
    }

    @Test func timeDividesEachStatsAndEachLimit() throws {
        let query = try Query(
            parsing: "a | stats by (x, _time:5m) count() n | sort by (n) limit 3 | stats max(n) m | sort by (m)")
        #expect(
            query.dividedByTime(step: 3_600_000_000_000).description
                == "a | stats by (x, _time:1h) count() as n | sort by (n) partition by (_time) limit 3 "
                + "| stats by (_time:1h) max(n) as m | sort by (m)")
    }
}
