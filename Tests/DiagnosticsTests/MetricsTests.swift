import Diagnostics
import Testing

struct MetricsTests {
    @Test func rendersPrometheusText() {
        let families = [
            MetricFamily(
                name: "lodge_agent_events_read_total", help: "Events read.", kind: .counter,
                samples: [
                    .init(labels: [], value: .unsigned(.max)),
                    .init(labels: [("reason", "a\"b\\c\nd"), ("x", "é")], value: .unsigned(2)),
                ]),
            MetricFamily(name: "empty", help: "Nothing.", kind: .gauge, samples: []),
            MetricFamily(
                name: "age_seconds", help: "Two\nlines.", kind: .gauge,
                samples: [
                    .init(labels: [], value: .double(0.25)), .init(labels: [("n", "1")], value: .double(3)),
                    .init(labels: [("n", "2")], value: .double(-.infinity)), .init(labels: [], value: .signed(-7)),
                ]),
        ]
        #expect(
            renderPrometheus(families) == """
                # HELP lodge_agent_events_read_total Events read.
                # TYPE lodge_agent_events_read_total counter
                lodge_agent_events_read_total 18446744073709551615
                lodge_agent_events_read_total{reason="a\\"b\\\\c\\nd",x="é"} 2
                # HELP age_seconds Two\\nlines.
                # TYPE age_seconds gauge
                age_seconds 0.25
                age_seconds{n="1"} 3
                age_seconds{n="2"} -Inf
                age_seconds -7

                """)
    }

    @Test func theSameNameAndLabelsAreTheSameMetric() {
        let registry = MetricRegistry()
        let first = registry.counter("c_total", help: "C.", [("reason", "x")])
        let second = registry.counter("c_total", help: "C.", [("reason", "x")])
        let other = registry.counter("c_total", help: "C.", [("reason", "y")])
        first.add()
        second.add(4)
        other.add(2)
        let gauge = registry.gauge("g", help: "G.")
        gauge.set(5)
        gauge.add(-7)
        registry.gauge("r", help: "R.", read: { 1.5 })
        registry.gauge("r", help: "R.", read: { 2.5 })
        #expect(
            registry.render() == """
                # HELP c_total C.
                # TYPE c_total counter
                c_total{reason="x"} 5
                c_total{reason="y"} 2
                # HELP g G.
                # TYPE g gauge
                g -2
                # HELP r R.
                # TYPE r gauge
                r 2.5

                """)
    }

    @Test func countersAddUpOverTasks() async {
        let registry = MetricRegistry()
        let counter = registry.counter("c_total", help: "C.")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<1000 { counter.add() } } }
        }
        #expect(counter.value == 8000)
    }
}
