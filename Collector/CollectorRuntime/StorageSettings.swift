import LogModel
import Settings
package import StorageKeeping
package import StoragePolicy

/// The keys `storage` and `retention` of a configuration file: where events are kept, for how long, and on how much disk.
package struct StorageSettings: Sendable, Equatable {
    /// An object store for cold segments.
    package struct ColdTier: Sendable, Equatable {
        /// The directory that holds the objects.
        package var directory: String
        /// Bytes on the local disk for parts of cold segments that were read.
        package var cacheBytes = 1 << 30
        /// How long a query waits for the object store at most.
        package var readTimeout = Duration.seconds(15)

        /// Names a directory.
        package init(directory: String) { self.directory = directory }
    }

    /// From when on the disk counts as full.
    package var pressure = PressureLimits()
    /// Bytes reserved for bad times; nil for 1 % of the disk.
    package var headroomBytes: Int?
    /// When segments move on.
    package var tiers = TierRules()
    /// Where cold segments go; nil for nowhere: then nothing becomes cold.
    package var cold: ColdTier?
    /// How long events are kept.
    package var retention = RetentionRules()
    /// Rules that count ahead of the others while the disk is nearly full.
    package var pressing: [RetentionRules.Rule] = []
    /// How often to look for something to move or delete.
    package var interval = Duration.seconds(60)

    /// The defaults.
    package init() {}

    /// What the keeper of the storage goes by.
    package var rules: Housekeeping.Rules {
        var rules = Housekeeping.Rules()
        (rules.retention, rules.pressing, rules.tiers) = (retention, pressing, tiers)
        return rules
    }

    private static let ages: ClosedRange<Duration> = .seconds(1)...(.seconds(100 * 365 * 86_400))

    mutating func read(_ root: inout SettingsMapping) throws(SettingsError) {
        var new = self
        try root.mapping("storage") { (group) throws(SettingsError) in try new.readStorage(&group) }
        try root.mapping("retention") { (group) throws(SettingsError) in try new.readRetention(&group) }
        self = new
    }

    private mutating func readStorage(_ group: inout SettingsMapping) throws(SettingsError) {
        headroomBytes = try group.bytes("headroom", in: 0...(64 << 30)) ?? headroomBytes
        interval = try group.duration("interval", in: .milliseconds(100)...(.seconds(3_600))) ?? interval
        var (limits, rules, cold) = (pressure, tiers, cold)
        try group.mapping("pressure") { (group) throws(SettingsError) in
            limits.early = try group.int("early_percent", in: 1...100).map(Double.init) ?? limits.early
            limits.high = try group.int("high_percent", in: 1...100).map(Double.init) ?? limits.high
            limits.critical = try group.int("critical_percent", in: 1...100).map(Double.init) ?? limits.critical
            limits.enoughBytes =
                try group.bytes("enough_bytes", in: 0...(1 << 50)).map { UInt64($0) } ?? limits.enoughBytes
            guard limits.early <= limits.high, limits.high <= limits.critical else {
                throw group.invalid(
                    "critical_percent", "`early_percent`, `high_percent` and `critical_percent` must ascend")
            }
        }
        try group.mapping("tiers") { (group) throws(SettingsError) in
            rules.hotAge = try group.duration("hot", in: Self.ages) ?? rules.hotAge
            rules.warmAge = try group.duration("warm", in: Self.ages) ?? rules.warmAge
            rules.shrunkHotAge = try group.duration("shrunk_hot", in: Self.ages) ?? rules.shrunkHotAge
            guard rules.hotAge <= rules.warmAge else {
                throw group.invalid("warm", "`warm` is the age at which segments become cold: not less than `hot`")
            }
        }
        try group.mapping("cold") { (group) throws(SettingsError) in
            var tier = ColdTier(directory: try group.requiredString("directory"))
            guard tier.directory.hasPrefix("/") else {
                throw group.invalid("directory", "`storage.cold.directory` must begin with a slash")
            }
            tier.cacheBytes = try group.bytes("cache_bytes", in: 0...(1 << 50)) ?? tier.cacheBytes
            tier.readTimeout =
                try group.duration("read_timeout", in: .milliseconds(100)...(.seconds(600))) ?? tier.readTimeout
            cold = tier
        }
        (pressure, tiers, self.cold) = (limits, rules, cold)
        tiers.hasColdTier = cold != nil
    }

    private mutating func readRetention(_ group: inout SettingsMapping) throws(SettingsError) {
        retention.age = try group.duration("age", in: Self.ages) ?? retention.age
        retention.grace = try group.duration("grace", in: .zero...(.seconds(365 * 86_400))) ?? retention.grace
        retention.maxBytes =
            try group.bytes("max_bytes", in: (1 << 20)...(1 << 60)).map { UInt64($0) } ?? retention.maxBytes
        retention.rules = try group.mappings("rules") { (group) throws(SettingsError) in try Self.rule(&group) } ?? []
        pressing = try group.mappings("pressing") { (group) throws(SettingsError) in try Self.rule(&group) } ?? []
    }

    private static func rule(_ group: inout SettingsMapping) throws(SettingsError) -> RetentionRules.Rule {
        let tenant = try group.string("tenant")
        var levels: Set<Level>?
        if let names = try group.strings("levels") {
            levels = []
            for name in names {
                guard let level = level(name) else {
                    throw group.invalid(
                        "levels", "`levels` are of trace, debug, info, warn, error, fatal and unknown, not `\(name)`")
                }
                levels?.insert(level)
            }
        }
        guard tenant != nil || levels != nil else {
            throw group.invalid("age", "a rule needs `tenant` or `levels`; `retention.age` is for all other events")
        }
        guard let age = try group.duration("age", in: ages) else {
            try group.finish()
            throw group.invalid("age", "a rule needs `age`: how long these events are kept, such as 3d")
        }
        return RetentionRules.Rule(tenant: tenant, levels: levels, age: age)
    }

    private static func level(_ name: String) -> Level? {
        if name.lowercased() == "unknown" { return .unknown }
        let level = Level(parsing: name)
        return level == .unknown ? nil : level
    }
}
