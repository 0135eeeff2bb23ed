import Glibc
import Synchronization

/// The programs' own log: one text line for each message, on standard error unless a sink is given.
///
/// ```
/// 2026-06-14T15:16:02.123Z WARN  lodge-agent cannot reach the collector, trying again url=http://... wait_ms=800
/// ```
///
/// The message is a static lowercase sentence without values; values follow as `key=value`. Of one message only the
/// first few lines in an interval are written; the rest are counted, and the count is written with the next line of
/// that message or by ``flush()``: `... (repeated 812 times)`. So a fault that repeats cannot fill the disk, and a
/// program that follows its own log cannot feed itself. May be called from any thread; writing is a blocking `write`.
package final class DiagnosticLog: Sendable {
    /// How important a line is.
    package enum Level: Int, Sendable, Comparable, CaseIterable {
        case debug, info, warn, error

        var label: String {
            switch self {
            case .debug: "DEBUG"
            case .info: "INFO "
            case .warn: "WARN "
            case .error: "ERROR"
            }
        }

        /// The level of that name in any case, as in configuration files; nil when there is none.
        package init?(name: String) {
            switch name.lowercased() {
            case "debug": self = .debug
            case "info": self = .info
            case "warn", "warning": self = .warn
            case "error": self = .error
            default: return nil
            }
        }

        package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    /// One `key=value` of a line.
    package typealias Pair = (key: StaticString, value: any CustomStringConvertible)

    private let program: String
    private let minimum: Level
    private let limiter: Mutex<RepeatLimiter>
    private let sink: @Sendable (String) -> Void
    private let now: @Sendable () -> Int64

    /// Makes a log.
    ///
    /// - Parameters:
    ///   - program: the name in each line.
    ///   - minimum: less important lines are left out.
    ///   - burst: how many lines of one message are written in an interval.
    ///   - interval: after how long a message may be written again.
    ///   - sink: gets each line with its line break; it must not call the log. Standard error by default.
    ///   - now: nanoseconds since 1970 UTC; the wall clock by default.
    package init(
        program: String, minimum: Level = .info, burst: Int = 5, interval: Duration = .seconds(30),
        sink: @escaping @Sendable (String) -> Void = writeToStandardError,
        now: @escaping @Sendable () -> Int64 = wallClockNanoseconds
    ) {
        self.program = program
        self.minimum = minimum
        self.sink = sink
        self.now = now
        let (seconds, attoseconds) = interval.components
        let nanoseconds = seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
        limiter = Mutex(RepeatLimiter(burst: burst, interval: nanoseconds))
    }

    /// For what helps to find a fault in the program.
    package func debug(_ message: StaticString, _ pairs: Pair...) { write(.debug, message, pairs) }
    /// For what an operator wants to know once: started, stopped, a file found.
    package func info(_ message: StaticString, _ pairs: Pair...) { write(.info, message, pairs) }
    /// For what is wrong and is being coped with.
    package func warn(_ message: StaticString, _ pairs: Pair...) { write(.warn, message, pairs) }
    /// For what needs somebody to act.
    package func error(_ message: StaticString, _ pairs: Pair...) { write(.error, message, pairs) }

    /// Writes the counts of lines left out whose interval is over. Call it now and then, and at the end with `all`.
    package func flush(all: Bool = false) {
        let time = now()
        let owed = limiter.withLock { $0.drain(at: time, all: all) }
        for item in owed {
            sink(renderLine(time: time, level: item.level, program: program, message: item.message, [], item.count))
        }
    }

    private func write(_ level: Level, _ message: StaticString, _ pairs: [Pair]) {
        if level < minimum { return }
        let time = now()
        let text = message.description
        guard let repeated = limiter.withLock({ $0.admit(text, level, at: time) }) else { return }
        sink(renderLine(time: time, level: level, program: program, message: text, pairs, repeated))
    }
}

/// Writes a line to standard error; what cannot be written is lost, there is no other place to report it.
@Sendable package func writeToStandardError(_ line: String) {
    var copy = line
    copy.withUTF8 { bytes in
        var rest = UnsafeRawBufferPointer(bytes)
        while rest.count > 0 {
            let count = Glibc.write(STDERR_FILENO, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }
}

/// The wall clock in nanoseconds since 1970 UTC.
@Sendable package func wallClockNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
}
