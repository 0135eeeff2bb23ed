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
        self = Level.spellings.level(of: word)
    }

    /// The level that a spelling means; see ``init(parsing:)-(UnsafeRawBufferPointer)``.
    public init(parsing text: String) {
        var copy = text
        self = copy.withUTF8 { unsafe Level(parsing: UnsafeRawBufferPointer($0)) }
    }

    private static let spellings = Spellings()

    /// The spellings, in a hash table: levels are read from most events.
    private struct Spellings {
        private static let bits = 8
        /// The spellings as words; zero where there is none.
        private var words = [UInt64](repeating: 0, count: 1 << bits)
        private var levels = [Level](repeating: .unknown, count: 1 << bits)

        init() {
            let table: [(Level, [String])] = [
                (.trace, ["trace", "trc", "verbose", "v", "finest", "finer", "10"]),
                (.debug, ["debug", "dbg", "d", "fine", "7", "20"]),
                (.info, ["info", "inf", "i", "information", "informational", "notice", "5", "6", "30", "log"]),
                (.warn, ["warn", "warning", "wrn", "w", "4", "40"]),
                (.error, ["error", "err", "eror", "e", "severe", "failure", "failed", "3", "50"]),
                (
                    .fatal,
                    [
                        "fatal", "ftl", "f", "critical", "crit", "alert", "emerg", "emergency", "panic", "0", "1", "2",
                        "60",
                    ]
                ),
            ]
            for (level, names) in table {
                for name in names {
                    var word: UInt64 = 0
                    for byte in name.utf8.prefix(8) { word = word << 8 | UInt64(byte) }
                    let slot = slot(of: word)
                    words[slot] = word
                    levels[slot] = level
                }
            }
        }

        func level(of word: UInt64) -> Level { levels[slot(of: word)] }

        /// Where a word stands or would stand; most slots are free.
        private func slot(of word: UInt64) -> Int {
            var slot = Int(truncatingIfNeeded: (word &* 0x9E37_79B9_7F4A_7C15) >> UInt64(64 - Self.bits))
            while words[slot] != word, words[slot] != 0 { slot = (slot + 1) & (words.count - 1) }
            return slot
        }
    }
}
