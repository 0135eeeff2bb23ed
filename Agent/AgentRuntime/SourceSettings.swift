import AgentInputs
import AgentPipeline
import LineFormats
import LogModel
import RegularExpressions
import Settings
import SystemIO

/// Reading what a configuration file says of a group of files.
extension AgentSettings.Files {
    /// Reads the keys of one entry of `files`.
    ///
    /// - Parameters:
    ///   - group: the entry.
    ///   - usual: the format of lines without `format`.
    ///   - namesPaths: whether it is one of files; otherwise the group has other keys, and is not finished here.
    /// - Throws: `SettingsError` with file, line and column.
    init(
        _ group: inout SettingsMapping, usual: SourceProfile.Format = .auto, namesPaths: Bool = true
    ) throws(SettingsError) {
        let formats = SourceProfile.Format.ofLines.map(\.rawValue)
        let format = SourceProfile.Format(rawValue: try group.choice("format", of: formats) ?? "") ?? usual
        let containers = SourceProfile.Container.allCases.map(\.rawValue)
        let container = SourceProfile.Container(rawValue: try group.choice("container", of: containers) ?? "")
        let multiline = try group.mapping("multiline") { (nested) throws(SettingsError) in try Multiline(&nested) }
        let pattern = try group.regularExpression("pattern", dotMatchesLineFeed: multiline != nil)
        let json = try group.mapping("json") { (nested) throws(SettingsError) in try JSONKeys(&nested) }
        let time = try group.mapping("time") { (nested) throws(SettingsError) in try EventTimeRule(&nested) }
        let encodings = TextEncoding.allCases.map(\.rawValue)
        let encodingName = namesPaths ? try group.choice("encoding", of: encodings) : nil
        let encoding = TextEncoding(rawValue: encodingName ?? "") ?? .utf8
        let treatment = namesPaths ? try FileTreatment(&group) : FileTreatment()
        let level = try group.mapping("level") { (nested) throws(SettingsError) in try EventLevelRule(&nested) }
        self.init(
            include: namesPaths ? try group.strings("include") ?? [] : [],
            exclude: namesPaths ? try group.strings("exclude") ?? [] : [],
            profile: SourceProfile(
                format: format, service: try group.string("service"), fields: try group.pairs("fields") ?? [],
                json: json?.options ?? .init(), pattern: pattern, time: time ?? EventTimeRule(),
                level: level ?? EventLevelRule(), container: container, multiline: multiline,
                addsErrorKey: try group.bool("add_error_key") ?? json?.addsErrorKey ?? false,
                encoding: encoding),
            treatment: treatment)
        if namesPaths {
            try group.finish()
            guard !include.isEmpty else {
                throw group.invalid("include", "`include` must name at least one path such as /var/log/*.log")
            }
        }
        if format == .regex, pattern == nil {
            throw group.invalid(
                "format", "the format `regex` needs a `pattern` with named groups such as (?P<status>\\d+)")
        }
        if let pattern, format != .regex || pattern.groupNames.allSatisfy({ $0 == nil }) {
            throw group.invalid(
                "pattern",
                format != .regex
                    ? "`pattern` goes with `format: regex`"
                    : "`pattern` must have at least one named group such as (?P<status>\\d+)")
        }
        if json != nil, format != .json, format != .auto {
            throw group.invalid("json", "`json` goes with `format: json` or `format: auto`")
        }
    }
}

extension FileTreatment {
    /// Reads the keys of a group that tell how its files are treated.
    init(_ group: inout SettingsMapping) throws(SettingsError) {
        self.init()
        let longest = Duration.seconds(10 * 365 * 86_400)
        ignoreOlder = try group.duration("ignore_older", in: .seconds(1)...longest).map(nanoseconds)
        closeInactive =
            try group.duration("close_inactive", in: .seconds(1)...longest).map(nanoseconds) ?? closeInactive
        startsAtEnd = try group.choice("start", of: ["beginning", "end"]) == "end"
        skipsBinary = try group.bool("skip_binary") ?? false
    }
}

/// The keys of `json`.
private struct JSONKeys {
    var options = SourceProfile.JSONOptions()
    var addsErrorKey: Bool?

    init(_ group: inout SettingsMapping) throws(SettingsError) {
        options.overwriteKeys = try group.bool("overwrite_keys") ?? options.overwriteKeys
        options.expandKeys = try group.bool("expand_keys") ?? options.expandKeys
        addsErrorKey = try group.bool("add_error_key")
    }
}

extension Multiline {
    /// Reads the keys of `multiline`.
    init(_ group: inout SettingsMapping) throws(SettingsError) {
        let trace = TraceDialect(
            rawValue: try group.choice("trace", of: TraceDialect.allCases.map(\.rawValue)) ?? "")
        let start = try group.regularExpression("start")
        let continuation = try group.regularExpression("continuation")
        let timeout = try group.duration("timeout", in: .milliseconds(10)...(.seconds(300)))
        let bytes = try group.bytes("bytes", in: 1024...(Limits.lineBytes / 2))
        try group.finish()
        let rule: Rule
        switch (trace, start, continuation) {
        case (let trace?, nil, nil): rule = .trace(trace)
        case (nil, let start?, nil): rule = .start(start)
        case (nil, nil, let continuation?): rule = .continuation(continuation)
        case (nil, let start?, let continuation?): rule = .both(start: start, continuation: continuation)
        case (nil, nil, nil):
            throw group.invalid("", "`multiline` needs `trace`, `start` or `continuation`")
        default: throw group.invalid("trace", "`trace` stands alone, without `start` and `continuation`")
        }
        self.init(
            rule, timeoutNanos: timeout.map(nanoseconds) ?? Multiline.usualTimeoutNanos,
            maxBytes: bytes ?? Multiline.usualBytes)
    }
}

extension EventTimeRule {
    /// Reads the keys of `time`.
    init(_ group: inout SettingsMapping) throws(SettingsError) {
        self.init()
        fields = try group.strings("field") ?? fields
        if let text = try group.string("format") {
            do throws(TimeFormat.Refusal) { format = try TimeFormat(text) } catch {
                throw group.invalid("format", "`time.format`: \(error.description)")
            }
        }
        if let text = try group.string("zone") {
            let machine = text == "local" ? TimeZoneRule.local(localOffset()) : nil
            guard let rule = machine ?? TimeZoneRule(text) ?? zoneFile(text).map({ .zone($0) }) else {
                throw group.invalid(
                    "zone",
                    "`time.zone` must be `utc`, `local`, such as `+02:00`, or a name that /usr/share/zoneinfo has, not `\(text)`"
                )
            }
            zone = rule
        }
    }
}

extension EventLevelRule {
    /// Reads the keys of `level`.
    init(_ group: inout SettingsMapping) throws(SettingsError) {
        let fields = try group.strings("field") ?? EventLevelRule.usualFields
        var meanings: [(word: String, level: Level)] = []
        for (word, name) in try group.pairs("meanings") ?? [] {
            meanings.append((word, try group.level(name, key: "meanings")))
        }
        self.init(fields: fields, meanings: meanings)
    }
}

extension SettingsMapping {
    /// A regular expression in RE2's syntax.
    mutating func regularExpression(
        _ key: String, dotMatchesLineFeed: Bool = false
    ) throws(SettingsError) -> RegularExpression? {
        guard let text = try string(key) else { return nil }
        return try compiled(text, key: key, dotMatchesLineFeed: dotMatchesLineFeed)
    }

    /// Compiles a regular expression that stands at a key.
    func compiled(
        _ text: String, key: String, dotMatchesLineFeed: Bool = false
    ) throws(SettingsError) -> RegularExpression {
        do throws(RegularExpression.Refusal) {
            return try RegularExpression(Array(text.utf8), dotMatchesLineFeed: dotMatchesLineFeed)
        } catch {
            throw invalid(key, "`\(key)` must be a regular expression in the syntax of RE2: \(error.description)")
        }
    }

    /// The level that a word at a key names.
    func level(_ name: String, key: String) throws(SettingsError) -> Level {
        let level = Level(parsing: name)
        guard level != .unknown else {
            throw invalid(key, "`\(key)`: `\(name)` is no level; known are TRACE, DEBUG, INFO, WARN, ERROR and FATAL")
        }
        return level
    }
}

/// Nanoseconds of a duration that is not negative.
func nanoseconds(_ duration: Duration) -> UInt64 {
    let (seconds, attoseconds) = duration.components
    return UInt64(clamping: seconds) * 1_000_000_000 + UInt64(clamping: attoseconds / 1_000_000_000)
}

/// The rules of a zone by its name, such as `Europe/Berlin`; nil when the machine does not know it.
private func zoneFile(_ name: String) -> ZoneFile? {
    let isName = name.utf8.allSatisfy { byte in
        (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == 0x2F || byte == 0x5F || byte == 0x2B || byte == 0x2D
    }
    guard isName, !name.isEmpty, !name.hasPrefix("/"),
        let content = try? FileSystem.contents("/usr/share/zoneinfo/\(name)", limit: 1 << 20)
    else { return nil }
    return ZoneFile(content)
}
