package import LineFormats
import LogModel

/// The health of a service at a moment, as an event: what the health views are made of.
package struct HealthEvent: Sendable, Equatable {
    /// A service that another one needs.
    package struct Dependency: Sendable, Equatable {
        /// Its name.
        package var service: String
        /// How it is, as far as this agent knows.
        package var status: HealthStatus

        /// Makes one.
        package init(_ service: String, _ status: HealthStatus) {
            self.service = service
            self.status = status
        }
    }

    /// What was looked at.
    package var check: Check
    /// What counts.
    package var reading: Reading
    /// Since when the service has been so, and failures in a row.
    package var state: CheckState
    /// The services that it needs.
    package var dependencies: [Dependency]
    /// When the look ended, nanoseconds of the wall clock.
    package var time: Int64

    /// Makes one.
    package init(check: Check, reading: Reading, state: CheckState, dependencies: [Dependency], time: Int64) {
        self.check = check
        self.reading = reading
        self.state = state
        self.dependencies = dependencies
        self.time = time
    }

    /// One JSON object, as a line of a log: `{ts, level, msg, cluster, namespace, service, health: {status, latency_ms,
    /// reason, check, target, since, failures, dependencies, ...}}`, with what was measured as members of `health`. A
    /// figure that a plugin calls like one of the others is `figure_status`.
    package var document: JSONValue {
        var members: [JSONValue.Member] = [
            .init("ts", .string(Timestamp(nanoseconds: time).description)), .init("level", .string(level)),
            .init("msg", .string(message)),
        ]
        if !check.cluster.isEmpty { members.append(.init("cluster", .string(check.cluster))) }
        if !check.namespace.isEmpty { members.append(.init("namespace", .string(check.namespace))) }
        members.append(.init("service", .string(check.service)))
        var health: [JSONValue.Member] = [
            .init("status", .string(reading.status.rawValue)),
            .init("latency_ms", .number(Self.text(Double(reading.latency) / 1e6))),
            .init("reason", .string(reading.reason)), .init("check", .string(check.probe.kind)),
            .init("target", .string(check.probe.target)),
            .init("since", .string(Timestamp(nanoseconds: state.since).description)),
            .init("failures", .integer(state.failures)),
        ]
        var taken = Set(health.map(\.key))
        taken.insert("dependencies")
        for figure in reading.figures {
            // Of two members with one name the later would count.
            let name = taken.contains(figure.name) ? "figure_\(figure.name)" : figure.name
            if taken.insert(name).inserted { health.append(.init(name, .number(Self.text(figure.value)))) }
        }
        if !dependencies.isEmpty {
            let list = dependencies.map { needed -> JSONValue in
                ["service": .string(needed.service), "status": .string(needed.status.rawValue)]
            }
            health.append(.init("dependencies", .array(list)))
        }
        members.append(.init("health", .object(health)))
        return .object(members)
    }

    private var level: String {
        switch reading.status {
        case .healthy: "INFO"
        case .warning, .unknown: "WARN"
        case .unhealthy: "ERROR"
        }
    }

    private var message: String {
        let reason = reading.reason.isEmpty ? "" : ": \(reading.reason)"
        return "\(check.service) is \(reading.status.rawValue)\(reason)"
    }

    /// Three digits behind the point are enough for what people compare.
    private static func text(_ value: Double) -> String {
        guard value.isFinite else { return "0" }
        let rounded = (value * 1_000).rounded() / 1_000
        return rounded == rounded.rounded() && rounded.magnitude < 1e15 ? "\(Int64(rounded))" : "\(rounded)"
    }
}
