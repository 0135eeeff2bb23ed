package import AgentPipeline
package import AgentStreams
import ServerTLS
package import Settings

/// What is read besides files.
package struct StreamSettings: Sendable {
    /// The journal; nil when it is not read.
    package var journal: JournalOptions?
    /// Where syslog is listened for.
    package var syslog: [SyslogOptions] = []
    /// How lines of standard input are read; nil when it is not read.
    package var standardInput: SourceProfile?
    /// Programs whose output is read.
    package var programs: [ProgramOptions] = []

    /// Each takes a thread, and has room of its own.
    private static let limit = 32

    /// Nothing.
    package init() {}

    /// Whether there is nothing.
    package var isEmpty: Bool { names.isEmpty }

    /// Whether standard input is all there is.
    var isOnlyInput: Bool { standardInput != nil && journal == nil && syslog.isEmpty && programs.isEmpty }

    /// What the sources are called, in the order of the file.
    package var names: [String] {
        (journal.map { [JournalSource.path($0)] } ?? []) + syslog.map(\.address.path)
            + (standardInput == nil ? [] : ["stdin"]) + programs.map { "exec:\($0.name)" }
    }

    /// Which files of a listener that speaks TLS cannot be used, and why; nil when all can.
    package var problem: String? {
        for options in syslog {
            guard let files = options.tls else { continue }
            do throws(ServerTLSError) { _ = try ServerTLS(files) } catch {
                return "`syslog`: \(options.address): \(error.description)"
            }
        }
        return nil
    }

    /// Reads the keys of a configuration file's top level.
    package init(_ root: inout SettingsMapping) throws(SettingsError) {
        journal = try root.mapping("journal") { (group) throws(SettingsError) in try JournalOptions(&group) }
        syslog = try root.mappings("syslog") { (group) throws(SettingsError) in try SyslogOptions(&group) } ?? []
        standardInput = try root.mapping("stdin") { (group) throws(SettingsError) in
            try AgentSettings.Files(&group, namesPaths: false).profile
        }
        programs = try root.mappings("exec") { (group) throws(SettingsError) in try ProgramOptions(&group) } ?? []
        for key in ["syslog", "exec"] where (key == "syslog" ? syslog.count : programs.count) > StreamSettings.limit {
            throw root.invalid(key, "`\(key)` may have at most \(StreamSettings.limit) entries")
        }
        for (index, name) in names.enumerated() where names[..<index].contains(name) {
            let key = name.hasPrefix("exec:") ? "exec" : "syslog"
            throw root.invalid(
                key,
                key == "exec"
                    ? "`exec`: two programs are called `\(name.dropFirst(5))`: give one of them another `name`"
                    : "`syslog`: `\(name.dropFirst(7))` is listened at twice")
        }
    }
}

extension JournalOptions {
    /// Reads the keys of `journal`.
    init(_ group: inout SettingsMapping) throws(SettingsError) {
        self.init()
        units = (try group.strings("units") ?? []).map { $0.contains(".") ? $0 : "\($0).service" }
        identifiers = try group.strings("identifiers") ?? []
        directory = try group.string("directory")
        since = Start(rawValue: try group.choice("since", of: Start.allCases.map(\.rawValue)) ?? "") ?? since
        fields = try group.strings("include_fields") ?? []
        let words = JournalOptions.priorities
        let digits = words.indices.map(String.init)
        if let word = try group.choice("priority", of: words + digits) {
            priority = words.firstIndex(of: word) ?? digits.firstIndex(of: word)
        }
        profile = SourceProfile(
            format: .journal, service: try group.string("service"), fields: try group.pairs("fields") ?? [],
            readsJSONMessages: try group.bool("json_messages") ?? true)
        try group.finish()
        if let directory, !directory.hasPrefix("/") {
            throw group.invalid("directory", "`journal.directory` must be a whole path such as /var/log/journal")
        }
        for name in fields where !JournalOptions.isName(name) {
            throw group.invalid(
                "include_fields",
                "`journal.include_fields`: `\(name)` is no field of the journal, such as _EXE, or `all`")
        }
        for (key, names) in [("units", units), ("identifiers", identifiers)] where names.contains("") {
            throw group.invalid(key, "`journal.\(key)` must not have empty names")
        }
    }

    private static func isName(_ text: String) -> Bool {
        text == "all"
            || !text.isEmpty
                && text.utf8.allSatisfy { $0 &- 0x41 < 26 || $0 &- 0x30 < 10 || $0 == UInt8(ascii: "_") }
    }
}

extension SyslogOptions {
    /// Reads the keys of one entry of `syslog`.
    init(_ group: inout SettingsMapping) throws(SettingsError) {
        let text = try group.string("listen")
        let address = text.flatMap { SyslogAddress($0) }
        self.init(address ?? .udp(host: "127.0.0.1", port: 514))
        profile = try AgentSettings.Files(&group, usual: .syslog, namesPaths: false).profile
        messageBytes = try group.bytes("message_bytes", in: 1024...Limits.lineBytes) ?? messageBytes
        connections = try group.int("connections", in: 1...4_096) ?? connections
        idleNanos = try group.duration("idle", in: .seconds(1)...(.seconds(86_400))).map(nanoseconds) ?? idleNanos
        receiveBuffer = try group.bytes("receive_buffer", in: 4_096...(1 << 30)) ?? receiveBuffer
        let modeText = try group.string("mode")
        let certificate = try group.string("certificate")
        let key = try group.string("key")
        let authority = try group.string("client_ca")
        try group.finish()
        guard address != nil else {
            throw group.invalid(
                "listen",
                "`listen` must be such as udp://0.0.0.0:514, tcp://[::]:601, tls://10.0.0.1:6514 or "
                    + "unix:///run/lodge/log" + (text.map { ", not `\($0)`: a host is an address, not a name" } ?? ""))
        }
        if profile.multiline != nil {
            throw group.invalid("multiline", "`multiline` is for lines; a message of syslog is one event")
        }
        if profile.container != nil {
            throw group.invalid("container", "`container` is for lines; a message of syslog is one event")
        }
        if let modeText {
            guard let number = UInt32(modeText, radix: 8), number <= 0o777, modeText.utf8.count >= 3 else {
                throw group.invalid("mode", "`mode` must be permissions such as \"0660\", not `\(modeText)`")
            }
            mode = number
        }
        guard case .tls = self.address else {
            if certificate != nil { throw group.invalid("certificate", "`certificate` goes with `listen: tls://...`") }
            if key != nil { throw group.invalid("key", "`key` goes with `listen: tls://...`") }
            if authority != nil { throw group.invalid("client_ca", "`client_ca` goes with `listen: tls://...`") }
            return
        }
        guard let certificate, let key else {
            throw group.invalid("listen", "`tls://` needs `certificate` and `key`, files in PEM")
        }
        tls = ServerTLSFiles(certificate: certificate, key: key, clientAuthority: authority)
    }
}

extension ProgramOptions {
    /// Reads the keys of one entry of `exec`.
    init(_ group: inout SettingsMapping) throws(SettingsError) {
        let command = try group.strings("command") ?? []
        let every = try group.duration("every", in: .seconds(1)...(.seconds(7 * 86_400)))
        let runsOn = try group.bool("stream") ?? false
        let timeout = try group.duration("timeout", in: .milliseconds(100)...(.seconds(86_400)))
        let base = command.first?.split(separator: "/").last.map(String.init) ?? ""
        let name = try group.string("name") ?? base
        let profile = try AgentSettings.Files(&group, namesPaths: false).profile
        try group.finish()
        guard let program = command.first, !program.isEmpty else {
            throw group.invalid("command", "`command` must be a list of the program and its arguments")
        }
        if program.contains(" ") {
            throw group.invalid(
                "command",
                "`command` must be a list, [\"\(program.split(separator: " ").joined(separator: "\", \""))\"], "
                    + "or [\"/bin/sh\", \"-c\", ...]")
        }
        guard !name.isEmpty, !name.contains(":"), !name.contains("/") else {
            throw group.invalid("name", "`name` must be a word without `:` and `/`")
        }
        guard (every != nil) != runsOn else {
            throw group.invalid("every", "a program has either `every: 30s` or `stream: true`")
        }
        if runsOn, timeout != nil {
            throw group.invalid("timeout", "`timeout` goes with `every`: with `stream` a program runs on")
        }
        self.init(
            name: name, command: command, repetition: every.map { .every(nanoseconds($0)) } ?? .always,
            // A program never runs twice at once.
            timeoutNanos: (timeout ?? every).map(nanoseconds), profile: profile)
    }
}
