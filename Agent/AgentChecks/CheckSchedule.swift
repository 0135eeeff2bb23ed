import ByteCoding
import LogModel

/// When which check is due. A check never runs twice at the same time: one that takes longer than its interval leaves out
/// the times that it missed. Pure; times are nanoseconds of a clock that never goes back.
package struct CheckSchedule: Sendable {
    private struct Entry: Sendable {
        let interval: UInt64
        var due: UInt64
        var isRunning = false
    }

    /// Checks begin spread over so long, so that a host with many does not do all at once.
    private static let spread: UInt64 = 5_000_000_000

    private var entries: [Entry]

    /// Starts the clock.
    ///
    /// - Parameters:
    ///   - checks: in the order of their numbers.
    ///   - now: the time.
    package init(_ checks: [Check], now: UInt64) {
        entries = checks.map { check in
            let interval = UInt64(clamping: check.interval.wholeNanoseconds)
            // Always the same for a check, so that a restart does not shift when it is looked at against others.
            let hash = Array("\(check.service) \(check.probe.target)".utf8).withUnsafeBytes { hash64($0) }
            return Entry(interval: max(1, interval), due: now &+ hash % max(1, min(interval, Self.spread)))
        }
    }

    /// The check that has been due for the longest, which now counts as running; nil when none is due.
    package mutating func take(now: UInt64) -> Int? {
        let due = entries.indices.filter { !entries[$0].isRunning && entries[$0].due <= now }
        guard let index = due.min(by: { entries[$0].due < entries[$1].due }) else { return nil }
        entries[index].isRunning = true
        return index
    }

    /// A check that was taken has ended.
    ///
    /// - Returns: how many times it missed meanwhile.
    package mutating func ended(_ index: Int, now: UInt64) -> UInt64 {
        let entry = entries[index]
        let missed = now > entry.due ? (now - entry.due) / entry.interval : 0
        entries[index].due = entry.due &+ (missed + 1) &* entry.interval
        entries[index].isRunning = false
        return missed
    }

    /// When the next one is due; nil when all are running, or there is none.
    package var nextDue: UInt64? {
        entries.lazy.filter { !$0.isRunning }.map(\.due).min()
    }
}
