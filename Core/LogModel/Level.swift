/// How severe an event is, normalised from the many spellings in use. Ordered: `.debug < .error`.
///
/// This is what priorities, rollups and colours are decided by; the `level` field of an event keeps its own spelling.
public enum Level: UInt8, Sendable, CaseIterable, Comparable {
    case unknown = 0
    case trace = 1
    case debug = 2
    case info = 3
    case warn = 4
    case error = 5
    case fatal = 6

    /// Less severe comes first.
    @inlinable
    public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }

    /// The spelling that Lodge writes where an event brought none: `ERROR`, `WARN`, ...; empty for `.unknown`.
    public var name: String {
        switch self {
        case .unknown: ""
        case .trace: "TRACE"
        case .debug: "DEBUG"
        case .info: "INFO"
        case .warn: "WARN"
        case .error: "ERROR"
        case .fatal: "FATAL"
        }
    }

    /// The level that a spelling means, whatever its case: names and their usual short forms, the syslog severities
    /// by name or number 0 to 7 (RFC 5424, table 2), and the numbers 10 to 60 of bunyan. Anything else is `.unknown`.
    public init(parsing text: UnsafeRawBufferPointer) {
        guard text.count > 0, text.count <= 13 else {
            self = .unknown
            return
        }
        // Fold the first bytes, lower-cased, into one word: a comparison of integers instead of strings.
        var word: UInt64 = 0
        for index in 0..<min(8, text.count) {
            let byte = unsafe text[index]
            word = word << 8 | UInt64(byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte)
        }
        self = Level.spellings[word] ?? .unknown
    }

    /// The level that a spelling means; see ``init(parsing:)-(UnsafeRawBufferPointer)``.
    public init(parsing text: String) {
        var copy = text
        self = copy.withUTF8 { unsafe Level(parsing: UnsafeRawBufferPointer($0)) }
    }

    private static let spellings: [UInt64: Level] = {
        let table: [(Level, [String])] = [
            (.trace, ["trace", "trc", "verbose", "v", "finest", "finer", "10"]),
            (.debug, ["debug", "dbg", "d", "fine", "7", "20"]),
            (.info, ["info", "inf", "i", "information", "informational", "notice", "5", "6", "30", "log"]),
            (.warn, ["warn", "warning", "wrn", "w", "4", "40"]),
            (.error, ["error", "err", "eror", "e", "severe", "failure", "failed", "3", "50"]),
            (
                .fatal,
                ["fatal", "ftl", "f", "critical", "crit", "alert", "emerg", "emergency", "panic", "0", "1", "2", "60"]
            ),
        ]
        var result: [UInt64: Level] = [:]
        for (level, names) in table {
            for name in names {
                var word: UInt64 = 0
                for byte in name.utf8.prefix(8) { word = word << 8 | UInt64(byte) }
                result[word] = level
            }
        }
        return result
    }()
}
