import Settings
package import StoragePolicy

/// The key `storage` of a configuration file: the disk that events are kept on.
package struct StorageSettings: Sendable, Equatable {
    /// From when on the disk counts as full.
    package var pressure = PressureLimits()
    /// Bytes reserved for bad times; nil for 1 % of the disk.
    package var headroomBytes: Int?

    /// The defaults.
    package init() {}

    mutating func read(_ root: inout SettingsMapping) throws(SettingsError) {
        var new = self
        try root.mapping("storage") { (group) throws(SettingsError) in try new.readStorage(&group) }
        self = new
    }

    private mutating func readStorage(_ group: inout SettingsMapping) throws(SettingsError) {
        headroomBytes = try group.bytes("headroom", in: 0...(64 << 30)) ?? headroomBytes
        var limits = pressure
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
        pressure = limits
    }
}
