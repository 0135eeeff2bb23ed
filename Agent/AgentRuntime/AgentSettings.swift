package import AgentChecks
package import AgentDelivery
package import AgentInputs
import AgentOperation
package import AgentPipeline
import ByteCoding
package import CurlTransport
package import Settings
import SystemIO

/// How an agent is set up.
package struct AgentSettings: Sendable {
    /// Tells settings that were read at one time from those of another, whatever they say.
    package final class Identity: Sendable {
        /// Makes one that is like no other.
        package init() {}
    }

    /// In which zone times without one are.
    package enum ClockZone: String, Sendable, CaseIterable {
        /// The machine's.
        case local
        /// UTC.
        case utc
    }

    /// A group of files to follow, as configured.
    package struct Files: Sendable {
        /// Paths with wildcards.
        package var include: [String]
        /// Paths with wildcards.
        package var exclude: [String]
        /// How lines are read.
        package var profile: SourceProfile
        /// How the files are treated.
        package var treatment: FileTreatment

        /// Makes a group.
        package init(
            include: [String], exclude: [String] = [], profile: SourceProfile = SourceProfile(),
            treatment: FileTreatment = FileTreatment()
        ) {
            self.include = include
            self.exclude = exclude
            self.profile = profile
            self.treatment = treatment
        }
    }

    /// Limits of reading files.
    package struct Reading: Sendable, Equatable {
        /// Files that are followed at the same time.
        package var files = 100_000
        /// Files that are open at the same time; the rest is opened when it changes.
        package var openFiles = 1_000
        /// Bytes of deleted files that are kept until they are read.
        package var heldBytes = 1 << 30

        /// The usual limits.
        package init() {}

        init(_ group: inout SettingsMapping) throws(SettingsError) {
            files = try group.int("files", in: 1...1_000_000) ?? files
            openFiles = try group.int("open_files", in: 1...60_000) ?? openFiles
            heldBytes = try group.bytes("held_bytes", in: 1 << 20...(1 << 50)) ?? heldBytes
            try group.finish()
        }
    }

    /// Where batches go, without a path: one of these, another when it does not take any.
    package var collectorURLs = ["http://127.0.0.1:7600"]
    /// The files of TLS connections.
    package var tls = TLSFiles()
    /// The most bytes a second that are sent to a collector; nil for no limit.
    package var sendRate: Int?
    /// Headers sent along with each batch.
    package var headers: [(name: String, value: String)] = []
    /// How often the agent says that it is there when it has no events to send.
    package var heartbeatInterval = Duration.seconds(30)
    /// The state directory; nil for the usual place.
    package var state: String?
    /// What is followed.
    package var files: [Files] = []
    /// A file with labels of pods; nil for none.
    package var podLabels: String?
    /// Limits of reading them.
    package var reading = Reading()
    /// What is read besides files.
    package var streams = StreamSettings()
    /// What is done to each event, in this order.
    package var rules: [Rule] = []
    /// When a batch is complete.
    package var batch = BatchLimits()
    /// How long a batch waits for more events.
    package var batchInterval = Duration.milliseconds(500)
    /// How the spool is bounded.
    package var spool = SpoolOptions()
    /// The `host` label; nil for the machine's name.
    package var host: String?
    /// In which zone times without one are.
    package var zone = ClockZone.local
    /// What is looked at again and again.
    package var checks: [Check] = []
    /// What reading, parsing and batching may keep in memory.
    package var memory = MemoryBudget()
    /// The share of one processor that reading may take over time; nil for no limit.
    package var processorShare: Double?
    /// Where the numbers are to be had for Prometheus, such as `127.0.0.1:7601`; nil for the agent's socket alone.
    package var metricsAddress: String?
    /// The file that they were read from; empty for flags alone.
    package var path = ""
    /// Tells one content of the file from another; 16 digits.
    package var hash = ""
    /// What the file says of the sources that are no files: while it is the same, they go on when it is read again.
    package private(set) var streamText = ""
    /// The same for all copies.
    package private(set) var identity = Identity()

    /// The embedded defaults; they follow nothing.
    package init() {}

    /// Reads a configuration file.
    ///
    /// - Throws: `SettingsError` with file, line and column.
    package init(file: String) throws(SettingsError) {
        self = try readSettings(path: file) { (root) throws(SettingsError) in try AgentSettings(&root) }
        path = file
        // It was read a moment ago; when it is gone by now, it counts as another.
        let text = (try? FileSystem.contents(file, limit: 16 << 20)) ?? []
        streamText = String(
            decoding: sections(text, of: ["journal", "syslog", "stdin", "exec", "checks"]), as: UTF8.self)
        let digits = String(
            text.withUnsafeBytes { hash64($0) }, radix: 16)
        hash = String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    /// Reads the keys of a configuration file's top level.
    package init(_ root: inout SettingsMapping) throws(SettingsError) {
        try root.mapping("collector") { (group) throws(SettingsError) in
            if let url = try group.string("url") {
                guard isCollectorURL(url) else {
                    throw group.invalid("url", "`collector.url` must be such as http://logs:7600, not `\(url)`")
                }
                collectorURLs = [url]
            }
            sendRate = try group.bytes("rate", in: 1024...(1 << 40))
            try group.mapping("tls") { (group) throws(SettingsError) in
                tls.authorities = try group.string("ca")
                tls.certificate = try group.string("certificate")
                tls.key = try group.string("key")
                if tls.key != nil, tls.certificate == nil {
                    throw group.invalid("key", "`collector.tls.key` goes with `collector.tls.certificate`")
                }
            }
            headers = try group.pairs("headers") ?? []
            heartbeatInterval =
                try group.duration("heartbeat", in: .seconds(1)...(.seconds(3600))) ?? heartbeatInterval
        }
        if let urls = try root.strings("collectors") {
            for url in urls where !isCollectorURL(url) {
                throw root.invalid("collectors", "`collectors` must be such as http://logs:7600, not `\(url)`")
            }
            guard !urls.isEmpty else { throw root.invalid("collectors", "`collectors` must name at least one") }
            collectorURLs = urls
        }
        state = try root.string("state")
        host = try root.string("host")
        zone = ClockZone(rawValue: try root.choice("timezone", of: ClockZone.allCases.map(\.rawValue)) ?? "") ?? .local
        try root.mapping("limits") { (group) throws(SettingsError) in
            if let percent = try group.int("cpu_percent", in: 1...10_000) { processorShare = Double(percent) / 100 }
            memory.bytes = try group.bytes("memory", in: 16 << 20...(1 << 40)) ?? memory.bytes
        }
        batch.bytes = min(batch.bytes, memory.batchBytes)
        try root.mapping("batch") { (group) throws(SettingsError) in
            batch.bytes = try group.bytes("bytes", in: 4096...(8 << 20)) ?? batch.bytes
            guard batch.bytes <= memory.batchBytes else {
                throw group.invalid(
                    "bytes",
                    "`batch.bytes` must be at most \(memory.batchBytes), a thirty-second part of `limits.memory`, "
                        + "which is \(memory.bytes)")
            }
            batch.events = try group.int("events", in: 1...100_000) ?? batch.events
            batchInterval = try group.duration("interval", in: .milliseconds(10)...(.seconds(60))) ?? batchInterval
        }
        try root.mapping("spool") { (group) throws(SettingsError) in
            spool.limitBytes = try group.bytes("bytes", in: 8 << 20...(1 << 50)) ?? spool.limitBytes
            if let percent = try group.int("disk_percent", in: 1...100) { spool.diskShare = Double(percent) / 100 }
            let words = SpoolOptions.WhenFull.allCases.map(\.rawValue)
            if let word = try group.choice("when_full", of: words) {
                spool.whenFull = SpoolOptions.WhenFull(rawValue: word) ?? spool.whenFull
            }
            spool.compressionLevel = try group.int("zstd_level", in: 1...19) ?? spool.compressionLevel
        }
        try root.mapping("metrics") { (group) throws(SettingsError) in
            metricsAddress = try group.string("listen")
            if let metricsAddress, HostAndPort(metricsAddress) == nil {
                throw group.invalid(
                    "listen", "`metrics.listen` must be such as 127.0.0.1:7601, not `\(metricsAddress)`")
            }
        }
        checks = try root.mappings("checks") { (group) throws(SettingsError) in try Check(&group) } ?? []
        try root.mapping("containers") { (group) throws(SettingsError) in podLabels = try group.string("metadata") }
        reading = try root.mapping("reading") { (group) throws(SettingsError) in try Reading(&group) } ?? reading
        let groups =
            try root.mappings("files") { (group) throws(SettingsError) in
                try Files(&group)
            }
        streams = try StreamSettings(&root)
        let machine = HostMetadata.machine(environment: processEnvironment)
        var number = 0
        rules =
            try root.mappings("rules") { (group) throws(SettingsError) in
                number += 1
                return try Rule(&group, number: number) { machine.fields($0) }
            } ?? []
        try root.finish()
        files = groups ?? []
        // Without the key, the command line may name them.
        if groups?.isEmpty == true {
            throw root.invalid("files", "`files` must name at least one group of files to follow")
        }
    }
}

/// Whether a text can be the address of a collector.
package func isCollectorURL(_ text: String) -> Bool {
    for scheme in ["http://", "https://"] where text.hasPrefix(scheme) && text.utf8.count > scheme.utf8.count {
        return text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
    return false
}
