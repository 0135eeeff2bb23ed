import AgentPipeline
import LogModel
import RegularExpressions
import Settings

/// Reading the rules of a configuration file.
extension Rule {
    /// Which keys say what a rule does; each rule has one of them.
    private static let actions = [
        "drop", "keep", "sample", "rate_limit", "redact", "rename", "remove", "add", "add_metadata",
    ]

    /// Reads one entry of `rules`.
    ///
    /// - Parameters:
    ///   - group: the entry.
    ///   - number: its number, from 1.
    ///   - metadata: what is known of host and cloud, looked up when it is asked for.
    /// - Throws: `SettingsError` with file, line and column.
    init(
        _ group: inout SettingsMapping, number: Int, metadata: (MetadataKind) -> [(name: String, value: String)]
    ) throws(SettingsError) {
        let name = try group.string("name")
        var condition =
            try group.mapping("when") { (nested) throws(SettingsError) in try RuleCondition(&nested) }
            ?? RuleCondition()
        let isConditional = !condition.asksNothing
        var found: [(key: String, action: Action)] = []

        for key in ["drop", "keep"] {
            guard let words = try group.strings(key) else { continue }
            for word in words where word != "all" {
                guard let preset = RuleCondition.Preset(rawValue: word) else {
                    let known = (["all"] + RuleCondition.Preset.allCases.map(\.rawValue)).map { "`\($0)`" }
                    throw group.invalid(
                        key, "`\(key)` takes \(known.joined(separator: ", ")), not `\(word)`")
                }
                condition.presets.append(preset)
            }
            if condition.presets.isEmpty, !isConditional {
                throw group.invalid(key, "`\(key): all` needs `when` to say which events are meant")
            }
            found.append((key, key == "drop" ? .drop : .keep))
        }
        if let action = try group.mapping("sample", { (nested) throws(SettingsError) in try Rule.sample(&nested) }) {
            found.append(("sample", action))
        }
        if let action = try group.mapping("rate_limit", { (nested) throws(SettingsError) in try Rule.limit(&nested) }) {
            found.append(("rate_limit", action))
        }
        if let action = try group.mapping("redact", { (nested) throws(SettingsError) in try Rule.redact(&nested) }) {
            found.append(("redact", action))
        }
        if let pairs = try group.pairs("rename") {
            guard pairs.count == 1, let pair = pairs.first else {
                throw group.invalid("rename", "`rename` takes one pair, `old: new`; use a rule for each")
            }
            try Rule.checkField(pair.name, "rename", group)
            found.append(("rename", .rename(from: pair.name, to: pair.value)))
        }
        if let names = try group.strings("remove") {
            for name in names { try Rule.checkField(name, "remove", group) }
            found.append(("remove", .remove(names)))
        }
        if let pairs = try group.pairs("add") { found.append(("add", .add(pairs))) }
        if let words = try group.strings("add_metadata") {
            var pairs: [(name: String, value: String)] = []
            for word in words {
                guard let kind = MetadataKind(rawValue: word) else {
                    throw group.invalid("add_metadata", "`add_metadata` takes `host` and `cloud`, not `\(word)`")
                }
                pairs += metadata(kind)
            }
            found.append(("add_metadata", .add(pairs)))
        }
        try group.finish()
        guard found.count == 1, let only = found.first else {
            let list = Rule.actions.map { "`\($0)`" }.joined(separator: ", ")
            throw group.invalid(
                found.last?.key ?? "",
                found.isEmpty ? "a rule needs one of \(list)" : "a rule does one thing: one of \(list)")
        }
        self.init(name ?? "\(number) \(only.key)", when: condition, only.action)
    }

    /// Labels make up the stream of an event: they can be given, but not taken away.
    private static func checkField(_ name: String, _ key: String, _ group: SettingsMapping) throws(SettingsError) {
        if FieldName.isReserved(name) || FieldName.defaultStreamLabels.contains(name) {
            throw group.invalid(key, "`\(key)`: `\(name)` belongs to every event and stays")
        }
    }

    private static func sample(_ group: inout SettingsMapping) throws(SettingsError) -> Action {
        let oneIn = try group.int("one_in", in: 1...1_000_000)
        let by = try group.string("by")
        try group.finish()
        guard let oneIn else { throw group.invalid("", "`sample` needs `one_in`, such as 10 for every tenth event") }
        return .sample(oneIn: UInt32(oneIn), by: by)
    }

    private static func limit(_ group: inout SettingsMapping) throws(SettingsError) -> Action {
        let events = try group.int("events", in: 0...1_000_000_000)
        let interval = try group.duration("interval", in: .seconds(1)...(.seconds(3600))) ?? .seconds(60)
        try group.finish()
        guard let events else {
            throw group.invalid("", "`rate_limit` needs `events`: how many of a service pass in an interval")
        }
        return .limit(events: events, intervalNanos: Int64(clamping: nanoseconds(interval)))
    }

    private static func redact(_ group: inout SettingsMapping) throws(SettingsError) -> Action {
        var redactions: [Redaction] = []
        for word in try group.strings("known") ?? [] {
            switch word {
            case "emails": redactions.append(.emails)
            case "cards": redactions.append(.cards)
            case "secrets":
                do throws(RegularExpression.Refusal) { redactions.append(try Redaction.secrets()) } catch {
                    throw group.invalid("known", error.description)
                }
            default:
                throw group.invalid("known", "`known` takes `emails`, `cards` and `secrets`, not `\(word)`")
            }
        }
        let custom = try group.mappings("patterns") { (nested) throws(SettingsError) in
            let pattern = try nested.regularExpression("pattern")
            let replacement = try nested.string("with") ?? "[REDACTED]"
            try nested.finish()
            guard let pattern else { throw nested.invalid("", "`pattern` is missing") }
            return Redaction.pattern(pattern, replacement: Array(replacement.utf8))
        }
        redactions += custom ?? []
        try group.finish()
        guard !redactions.isEmpty else { throw group.invalid("", "`redact` needs `known` or `patterns`") }
        return .redact(redactions)
    }
}

extension RuleCondition {
    /// Reads the keys of `when`.
    init(_ group: inout SettingsMapping) throws(SettingsError) {
        self.init()
        for name in try group.strings("level") ?? [] { levels.insert(try group.level(name, key: "level")) }
        services = try group.strings("service") ?? []
        message = try group.regularExpression("message")
        for (name, text) in try group.pairs("fields") ?? [] {
            fields.append((name, try group.compiled(text, key: "fields")))
        }
        try group.finish()
        if asksNothing {
            throw group.invalid("", "`when` needs at least one of `level`, `service`, `message` and `fields`")
        }
    }

    /// Whether it applies to all events.
    var asksNothing: Bool {
        levels.isEmpty && services.isEmpty && presets.isEmpty && message == nil && fields.isEmpty
    }
}
