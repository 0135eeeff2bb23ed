import CollectorHTTP
import LogModel
import QueryAdmission
import Settings

extension QueryLimits {
    /// Reads the group `queries` of a configuration file.
    ///
    /// - Throws: `SettingsError` with file, line and column.
    mutating func read(_ root: inout SettingsMapping) throws(SettingsError) {
        var limits = self
        try root.mapping("queries") { (group) throws(SettingsError) in
            let second = Duration.seconds(1)
            limits.timeout = try group.duration("timeout", in: second...(.seconds(86_400))) ?? limits.timeout
            limits.maximumTimeout =
                try group.duration("maximum_timeout", in: second...(.seconds(86_400))) ?? limits.maximumTimeout
            limits.memoryBytes = try group.bytes("memory", in: 1 << 20...1 << 40) ?? limits.memoryBytes
            limits.totalMemoryBytes = try group.bytes("total_memory", in: 1 << 20...1 << 40) ?? limits.totalMemoryBytes
            limits.cacheBytes = try group.bytes("cache_bytes", in: 0...1 << 40) ?? limits.cacheBytes
            limits.rows = try group.int("rows", in: 1...Int.max) ?? limits.rows
            limits.pageBytes = try group.bytes("page_bytes", in: 1 << 16...1 << 30) ?? limits.pageBytes
            limits.threads = try group.int("threads", in: 1...256) ?? limits.threads
            limits.niceness = try group.int("niceness", in: 0...19) ?? limits.niceness
            var rules = limits.admission
            rules.running = try group.int("running", in: 1...256) ?? rules.running
            rules.waiting = try group.int("waiting", in: 1...100_000) ?? rules.waiting
            rules.runningOfUser = try group.int("running_of_user", in: 1...256) ?? rules.runningOfUser
            rules.waitingOfUser = try group.int("waiting_of_user", in: 1...100_000) ?? rules.waitingOfUser
            rules.heavyRows = try group.int("heavy_rows", in: 1...Int.max) ?? rules.heavyRows
            rules.heavyRunning = try group.int("heavy_running", in: 1...256) ?? rules.heavyRunning
            rules.estimatedRows = try group.int("estimated_rows", in: 1...Int.max) ?? rules.estimatedRows
            limits.admission = rules
            var shapes = limits.shapes
            shapes.deaths = try group.int("deaths", in: 1...1_000) ?? shapes.deaths
            shapes.windowNanos = try group.nanos("death_window") ?? shapes.windowNanos
            shapes.cooldownNanos = try group.nanos("cooldown") ?? shapes.cooldownNanos
            shapes.quarantineNanos = try group.nanos("quarantine") ?? shapes.quarantineNanos
            limits.shapes = shapes
        }
        limits.maximumTimeout = max(limits.maximumTimeout, limits.timeout)
        limits.totalMemoryBytes = max(limits.totalMemoryBytes, limits.memoryBytes)
        self = limits
    }
}

extension SettingsMapping {
    fileprivate mutating func nanos(_ key: String) throws(SettingsError) -> UInt64? {
        try duration(key, in: .milliseconds(1)...(.seconds(7 * 86_400))).map { UInt64(clamping: $0.wholeNanoseconds) }
    }
}
