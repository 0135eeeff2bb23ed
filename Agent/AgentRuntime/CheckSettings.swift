import AgentChecks
import AgentOperation
import Settings

/// Reading what a configuration file says of a check.
extension Check {
    /// The kinds of checks, each a key that says what is looked at.
    private static let kinds = ["http", "tcp", "unit", "process", "disk", "command"]

    /// Reads the keys of one entry of `checks`.
    init(_ group: inout SettingsMapping) throws(SettingsError) {
        let service = try group.requiredString("service")
        let probe = try Check.probe(&group)
        self.init(service: service, probe ?? .unit(""))
        cluster = try group.string("cluster") ?? ""
        namespace = try group.string("namespace") ?? ""
        interval = try group.duration("interval", in: .seconds(1)...(.seconds(86_400))) ?? interval
        timeout = try group.duration("timeout", in: .milliseconds(10)...(.seconds(600))) ?? min(timeout, interval)
        try group.mapping("latency") { (nested) throws(SettingsError) in
            let range = Duration.milliseconds(1)...(.seconds(600))
            slowAfter = try nested.duration("warning", in: range)
            tooSlowAfter = try nested.duration("unhealthy", in: range)
            if let slow = slowAfter, let tooSlow = tooSlowAfter, slow > tooSlow {
                throw nested.invalid("warning", "`latency.warning` must not be longer than `latency.unhealthy`")
            }
        }
        failures = try group.int("failures", in: 1...1_000) ?? failures
        dependencies = try group.strings("dependencies") ?? []
        try group.finish()
        guard probe != nil else {
            throw group.invalid("", "a check needs one of \(Check.kinds.map { "`\($0)`" }.joined(separator: ", "))")
        }
        guard timeout <= interval else {
            throw group.invalid(
                "timeout", "`timeout` must not be longer than `interval`, a check never runs twice at once")
        }
    }

    private static func probe(_ group: inout SettingsMapping) throws(SettingsError) -> Probe? {
        var found: [(key: String, probe: Probe)] = []
        if let url = try group.string("http") { found.append(("http", .http(try expectation(url, &group)))) }
        if let address = try group.string("tcp") { found.append(("tcp", try tcp(address, group))) }
        if let name = try group.string("unit") {
            found.append(("unit", .unit(name.contains(".") ? name : "\(name).service")))
        }
        if let name = try group.string("process") {
            found.append(("process", .process(name: name, atLeast: try group.int("at_least", in: 1...100_000) ?? 1)))
        }
        if let path = try group.string("disk") {
            guard path.hasPrefix("/") else {
                throw group.invalid("disk", "`disk` must be a path such as /var, not `\(path)`")
            }
            let bounds = try group.mapping("used") { (nested) throws(SettingsError) in try DiskBounds(&nested) }
            found.append(("disk", .disk(path: path, bounds ?? DiskBounds())))
        }
        if let arguments = try group.strings("command") {
            guard let program = arguments.first, !program.isEmpty else {
                throw group.invalid(
                    "command", "`command` must be a program and its arguments, such as [/usr/bin/test, -f, /run/up]")
            }
            found.append(("command", .command(arguments)))
        }
        if found.count > 1 {
            throw group.invalid(found[1].key, "a check looks at one thing: `\(found[0].key)` or `\(found[1].key)`")
        }
        return found.first?.probe
    }

    private static func expectation(
        _ url: String, _ group: inout SettingsMapping
    ) throws(SettingsError) -> HTTPExpectation {
        guard isCollectorURL(url) else {
            throw group.invalid("http", "`http` must be such as http://localhost:8080/health, not `\(url)`")
        }
        var expectation = HTTPExpectation(url: url)
        if let texts = try group.strings("status") {
            expectation.statuses = []
            for text in texts {
                guard let range = statuses(text) else {
                    throw group.invalid("status", "`status` must be such as 200 or 200-299, not `\(text)`")
                }
                expectation.statuses.append(range)
            }
        }
        expectation.text = try group.string("contains")
        return expectation
    }

    private static func statuses(_ text: String) -> ClosedRange<Int>? {
        let bounds = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard let first = bounds.first ?? nil, let last = bounds.last ?? nil, bounds.count <= 2,
            (100...599).contains(first), (first...599).contains(last)
        else { return nil }
        return first...last
    }

    private static func tcp(_ address: String, _ group: SettingsMapping) throws(SettingsError) -> Probe {
        guard let place = HostAndPort(address), !place.host.isEmpty, place.port > 0 else {
            throw group.invalid("tcp", "`tcp` must be such as localhost:5432, not `\(address)`")
        }
        return .tcp(host: place.host, port: Int(place.port))
    }
}

extension Check.DiskBounds {
    /// Reads the keys of `used`, percent.
    fileprivate init(_ group: inout SettingsMapping) throws(SettingsError) {
        self.init()
        warning = Double(try group.int("warning", in: 1...100) ?? Int(warning))
        unhealthy = Double(try group.int("unhealthy", in: 1...100) ?? Int(unhealthy))
        guard warning <= unhealthy else {
            throw group.invalid("warning", "`used.warning` must not be more than `used.unhealthy`")
        }
    }
}
