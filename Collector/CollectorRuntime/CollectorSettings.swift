package import AgentTracking
package import CollectorHTTP
package import CollectorIngest
package import Journal
package import Settings
package import StoreEngine

/// How a collector is set up: embedded defaults, a configuration file over them, and flags over that.
package struct CollectorSettings: Sendable, Equatable {
    /// Host and port to listen on.
    package var listen = ListenAddress(host: "127.0.0.1", port: 7600)
    /// The data directory; nil for the usual place.
    package var data: String?
    /// When a batch is acknowledged.
    package var durability = JournalDurability.fsync
    /// The bounds of a request.
    package var limits = IngestLimits()
    /// Bytes of events in memory before they are written as a segment.
    package var headBytes = 14 << 20
    /// Bytes of memory that may hold what queries have read of segments.
    package var cacheBytes = 48 << 20
    /// How long events stay in memory at most before they are written as a segment.
    package var flushInterval = Duration.seconds(600)
    /// The size at which a new journal file is begun.
    package var journalFileBytes = 64 << 20
    /// How long, and up to how many bytes, journal files stay after all that is in them was written as segments.
    package var replayWindow = ReplayWindow(age: .zero, bytes: 1 << 30)
    /// The disk that events are kept on.
    package var storage = StorageSettings()

    /// When agents count as late.
    package var agents = AgentRules()
    /// The bounds of queries.
    package var queries = QueryLimits()
    /// How segments are merged.
    package var compaction = CompactionOptions()
    /// How long the files of segments stay that have been merged.
    package var compactionGrace = Duration.seconds(600)

    /// The embedded defaults.
    package init() {}

    /// Reads a configuration file.
    ///
    /// - Throws: `SettingsError` with file, line and column.
    package init(file: String) throws(SettingsError) {
        self = try readSettings(path: file) { (root) throws(SettingsError) in try CollectorSettings(&root) }
    }

    /// Reads the keys of a configuration file's top level.
    package init(_ root: inout SettingsMapping) throws(SettingsError) {
        if let text = try root.string("listen") {
            guard let address = ListenAddress(text) else {
                throw root.invalid("listen", "`listen` must be HOST:PORT such as 127.0.0.1:7600, not `\(text)`")
            }
            listen = address
        }
        data = try root.string("data")
        if let text = try root.string("durability") { durability = try Self.durability(text, root) }
        var limits = self.limits
        try root.mapping("limits") { (group) throws(SettingsError) in
            limits.bodyBytes = try group.bytes("body_bytes", in: 1_024...1 << 30) ?? limits.bodyBytes
            limits.contentBytes = try group.bytes("content_bytes", in: 1_024...1 << 30) ?? limits.contentBytes
            limits.eventBytes = try group.bytes("event_bytes", in: 256...64 << 20) ?? limits.eventBytes
            limits.batchEvents = try group.int("batch_events", in: 1...1_000_000) ?? limits.batchEvents
        }
        limits.bytesInFlight = max(limits.bytesInFlight, 2 * (limits.bodyBytes + limits.contentBytes))
        self.limits = limits
        var (bytes, interval) = (headBytes, flushInterval)
        try root.mapping("head") { (group) throws(SettingsError) in
            bytes = try group.bytes("bytes", in: 1 << 20...4 << 30) ?? bytes
            interval = try group.duration("flush_interval", in: .seconds(1)...(.seconds(86_400))) ?? interval
        }
        (headBytes, flushInterval) = (bytes, interval)
        var cache = cacheBytes
        try root.mapping("cache") { (group) throws(SettingsError) in
            cache = try group.bytes("bytes", in: 1 << 20...1 << 40) ?? cache
        }
        cacheBytes = cache
        var (fileBytes, window) = (journalFileBytes, replayWindow)
        try root.mapping("journal") { (group) throws(SettingsError) in
            fileBytes = try group.bytes("file_bytes", in: 1 << 20...4 << 30) ?? fileBytes
            window.age = try group.duration("replay_window", in: .zero...(.seconds(30 * 86_400))) ?? window.age
            window.bytes = try group.bytes("replay_bytes", in: 1 << 20...1 << 50) ?? window.bytes
        }
        (journalFileBytes, replayWindow) = (fileBytes, window)
        var (compaction, grace) = (self.compaction, compactionGrace)
        try root.mapping("compaction") { (group) throws(SettingsError) in
            compaction.isOn = try group.bool("enabled") ?? compaction.isOn
            compaction.cpuShare =
                try group.int("cpu_percent", in: 1...100).map { Double($0) / 100 } ?? compaction.cpuShare
            compaction.bytesPerSecond =
                try group.bytes("bytes_per_second", in: 1 << 16...1 << 40) ?? compaction.bytesPerSecond
            let bytes = try group.bytes("segment_bytes", in: 1 << 20...1 << 40)
            compaction.maxSegmentBytes = bytes.map { UInt64($0) } ?? compaction.maxSegmentBytes
            grace = try group.duration("grace", in: .zero...(.seconds(30 * 86_400))) ?? grace
        }
        (self.compaction, compactionGrace) = (compaction, grace)
        try storage.read(&root)
        try queries.read(&root)
        var agents = self.agents
        try root.mapping("agents") { (group) throws(SettingsError) in
            let range = Duration.seconds(1)...(.seconds(30 * 86_400))
            agents.silentAfter = try group.duration("silent_after", in: range) ?? agents.silentAfter
            agents.behindAfter = try group.duration("behind_after", in: range) ?? agents.behindAfter
            agents.forgetAfter = try group.duration("forget_after", in: range) ?? agents.forgetAfter
        }
        self.agents = agents
    }

    private static func durability(_ text: String, _ root: SettingsMapping) throws(SettingsError) -> JournalDurability {
        switch text {
        case "fsync": return .fsync
        case "os": return .operatingSystem
        default:
            guard let interval = parseDuration(text), interval >= .milliseconds(1), interval <= .seconds(60) else {
                throw root.invalid(
                    "durability",
                    "`durability` must be fsync, os, or the interval between two syncs such as 200ms, not `\(text)`")
            }
            return .interval(interval)
        }
    }
}

/// Where to listen.
package struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    /// An address or a name.
    package var host: String
    /// The port; 0 for any that is free.
    package var port: Int

    /// Names an address.
    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `HOST:PORT`; an IPv6 address stands in brackets: `[::1]:7600`. Nil for anything else.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits), port <= 65_535 else {
            return nil
        }
        var host = text[..<colon]
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty else { return nil }
        self.init(host: String(host), port: port)
    }

    /// `HOST:PORT`, as a URL has it.
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
