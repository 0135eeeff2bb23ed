import Synchronization

/// A number that only grows. Any thread may add to it; adding is one atomic instruction.
package final class Counter: Sendable {
    private let number = Atomic<UInt64>(0)

    init() {}

    /// Adds `amount`; wraps around at 2^64.
    package func add(_ amount: Int = 1) {
        number.wrappingAdd(UInt64(truncatingIfNeeded: amount), ordering: .relaxed)
    }

    /// The number now.
    package var value: UInt64 { number.load(ordering: .relaxed) }
}

/// A number that goes up and down. Any thread may set it.
package final class Gauge: Sendable {
    private let number = Atomic<Int64>(0)

    init() {}

    /// Sets the number.
    package func set(_ value: Int) { number.store(Int64(value), ordering: .relaxed) }

    /// Adds to the number; wraps around at 2^63.
    package func add(_ amount: Int) { number.wrappingAdd(Int64(amount), ordering: .relaxed) }

    /// The number now.
    package var value: Int64 { number.load(ordering: .relaxed) }
}

/// All numbers of a program, rendered for Prometheus.
///
/// Metrics are registered at the start and kept by their users; the registry's lock is taken for registering and
/// rendering only. Registering the same name and labels again gives the same metric.
package final class MetricRegistry: Sendable {
    /// Label names and values of one metric, in the order they are rendered.
    package typealias Labels = [(name: String, value: String)]

    private enum Source {
        case counter(Counter)
        case gauge(Gauge)
        case reading(@Sendable () -> Double)
    }

    private struct Entry {
        var labels: Labels
        var source: Source
    }

    private struct Family {
        var name: String
        var help: String
        var kind: MetricFamily.Kind
        var entries: [Entry]
    }

    private let families = Mutex<[Family]>([])

    /// Makes an empty registry.
    package init() {}

    /// A counter. By convention its name ends with `_total`.
    package func counter(_ name: String, help: String, _ labels: Labels = []) -> Counter {
        families.withLock { families in
            let family = MetricRegistry.family(name, help, .counter, &families)
            for entry in families[family].entries where MetricRegistry.same(entry.labels, labels) {
                if case .counter(let found) = entry.source { return found }
            }
            let counter = Counter()
            families[family].entries.append(Entry(labels: labels, source: .counter(counter)))
            return counter
        }
    }

    /// A gauge that its user sets.
    package func gauge(_ name: String, help: String, _ labels: Labels = []) -> Gauge {
        families.withLock { families in
            let family = MetricRegistry.family(name, help, .gauge, &families)
            for entry in families[family].entries where MetricRegistry.same(entry.labels, labels) {
                if case .gauge(let found) = entry.source { return found }
            }
            let gauge = Gauge()
            families[family].entries.append(Entry(labels: labels, source: .gauge(gauge)))
            return gauge
        }
    }

    /// A gauge that is asked for its value when metrics are rendered; `read` must not use the registry.
    package func gauge(
        _ name: String, help: String, _ labels: Labels = [], read: @escaping @Sendable () -> Double
    ) {
        families.withLock { families in
            let family = MetricRegistry.family(name, help, .gauge, &families)
            families[family].entries.removeAll { MetricRegistry.same($0.labels, labels) }
            families[family].entries.append(Entry(labels: labels, source: .reading(read)))
        }
    }

    /// A copy of all values at this moment.
    package func snapshot() -> [MetricFamily] {
        families.withLock { families in
            families.map { family in
                let samples = family.entries.map { entry in
                    let value: MetricFamily.Value =
                        switch entry.source {
                        case .counter(let counter): .unsigned(counter.value)
                        case .gauge(let gauge): .signed(gauge.value)
                        case .reading(let read): .double(read())
                        }
                    return MetricFamily.Sample(labels: entry.labels, value: value)
                }
                return MetricFamily(name: family.name, help: family.help, kind: family.kind, samples: samples)
            }
        }
    }

    /// All metrics in Prometheus' text format 0.0.4.
    package func render() -> String { renderPrometheus(snapshot()) }

    private static func family(
        _ name: String, _ help: String, _ kind: MetricFamily.Kind, _ families: inout [Family]
    ) -> Int {
        if let index = families.firstIndex(where: { $0.name == name }) {
            precondition(families[index].kind == kind, "the metric \(name) is registered as two kinds")
            return index
        }
        families.append(Family(name: name, help: help, kind: kind, entries: []))
        return families.count - 1
    }

    private static func same(_ left: Labels, _ right: Labels) -> Bool {
        left.elementsEqual(right) { $0.name == $1.name && $0.value == $1.value }
    }
}
