/// Decides which lines of a repeated message are written. Pure: time is an argument.
struct RepeatLimiter {
    /// Messages are static, so there are few; the bound is for a caller that breaks this rule.
    static let messageLimit = 4096

    private struct Window {
        var level: DiagnosticLog.Level
        var start: Int64
        var written: Int
        var suppressed: Int
    }

    private let burst: Int
    private let interval: Int64
    private var windows: [String: Window] = [:]

    init(burst: Int, interval: Int64) {
        self.burst = max(1, burst)
        self.interval = interval
    }

    /// Nil when the line is to be left out, else how many lines were left out before it.
    mutating func admit(_ message: String, _ level: DiagnosticLog.Level, at time: Int64) -> Int? {
        guard var window = windows[message] else {
            if windows.count >= RepeatLimiter.messageLimit { windows.removeAll() }
            windows[message] = Window(level: level, start: time, written: 1, suppressed: 0)
            return 0
        }
        defer { windows[message] = window }
        window.level = level
        // A clock set back starts a new interval instead of silencing the message for long.
        if time &- window.start >= interval || time < window.start {
            let owed = window.suppressed
            window = Window(level: level, start: time, written: 1, suppressed: 0)
            return owed
        }
        if window.written < burst {
            window.written += 1
            return 0
        }
        window.suppressed += 1
        return nil
    }

    /// Takes out the counts whose interval is over, in alphabetical order.
    mutating func drain(at time: Int64, all: Bool) -> [(message: String, level: DiagnosticLog.Level, count: Int)] {
        var owed: [(message: String, level: DiagnosticLog.Level, count: Int)] = []
        for message in windows.keys.sorted() {
            guard let window = windows[message], all || time &- window.start >= interval else { continue }
            if window.suppressed > 0 { owed.append((message, window.level, window.suppressed)) }
            windows[message] = nil
        }
        return owed
    }
}
