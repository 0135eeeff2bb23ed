import LineFormats
package import LogModel

/// The status as a person reads it in a terminal.
extension AgentStatus {
    /// Lines, each with its line feed.
    ///
    /// - Parameters:
    ///   - now: the monotonic clock, nanoseconds.
    ///   - wall: the wall clock.
    /// - Returns: what is wrong first, then who it is, the sources, rules and checks.
    package func text(now: UInt64, wall: Timestamp) -> String {
        var lines: [String] = []
        for problem in problems { lines.append("!  \(problem)") }
        lines.append("agent      \(agent), version \(version), up \(Self.span(wall.nanoseconds - started.nanoseconds))")
        lines.append(
            "settings   \(configuration.path.isEmpty ? "flags" : configuration.path), hash \(configuration.hash), generation \(configuration.generation)"
        )
        let delivery =
            delivered.map { "last taken \(Self.span(wall.nanoseconds - $0.nanoseconds)) ago" } ?? "nothing taken yet"
        lines.append("collector  \(collector.isEmpty ? collectors.joined(separator: " ") : collector), \(delivery)")
        let waiting = lanes.filter { $0.batches > 0 }.map { "\($0.name) \(Self.grouped($0.batches)) batches" }
        lines.append(
            "spool      \(Self.size(spoolBytes)) of \(Self.size(spoolLimit)), waiting: "
                + (waiting.isEmpty ? "nothing" : waiting.joined(separator: ", ")))
        lines.append("process    \(Self.size(residentBytes)) resident, \(Int(processorSeconds)) s of processor time")
        lines += table(now)
        for rule in rules {
            let what =
                rule.matched == 0
                ? "has never matched" : "matched \(Self.grouped(rule.matched)), dropped \(Self.grouped(rule.dropped))"
            lines.append("rule       \(rule.name): \(what)")
        }
        for check in checks {
            let since =
                check.since.nanoseconds > 0 ? " for \(Self.span(wall.nanoseconds - check.since.nanoseconds))" : ""
            lines.append("check      \(check.service) (\(check.kind) \(check.target)): \(check.status)\(since)")
        }
        // Names of files and answers of collectors are whatever others make them, and root may be who reads this.
        return lines.map { shownText($0) + "\n" }.joined()
    }

    /// What somebody should know of at once.
    private var problems: [String] {
        var problems: [String] = []
        if let problem { problems.append("nothing is delivered: \(problem)") }
        if let refused = configuration.refused { problems.append("the changed configuration is not used: \(refused)") }
        if configuration.isWaiting {
            problems.append("the changed configuration waits: what was read before is not in the spool yet")
        }
        for source in unstarted { problems.append("\(source) is not read: its thread cannot be started, trying again") }
        for check in checks where check.status == "unhealthy" {
            problems.append("\(check.service) is unhealthy (\(check.kind) \(check.target))")
        }
        for drop in drops where drop.reason != "rules" {
            let kind = drop.level == .unknown ? "" : "\(drop.level.name) "
            if drop.events > 0 {
                problems.append("\(Self.grouped(drop.events)) \(kind)events are gone (\(drop.reason))")
            }
            if drop.bytes > 0 { problems.append("\(Self.grouped(drop.bytes)) bytes are gone (\(drop.reason))") }
        }
        return problems
    }

    private func table(_ now: UInt64) -> [String] {
        if sources.isEmpty { return ["sources    none"] }
        var rows = [["SOURCE", "BEHIND", "OLDEST", "READ", "EVENTS", "DROPPED"]]
        for source in sources {
            rows.append([
                shownText(source.name), Self.size(source.written - source.acknowledged),
                source.waitingSince.map { Self.span(Int64(clamping: now &- $0)) } ?? "-", Self.size(source.read),
                Self.grouped(source.events), Self.grouped(source.drops.reduce(0) { $0 + $1.events }),
            ])
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        var lines = rows.map { row in
            row.enumerated().map { index, cell in
                let padding = String(repeating: " ", count: widths[index] - cell.count)
                return index == 0 ? cell + padding : padding + cell
            }.joined(separator: "  ")
        }
        if sourcesOmitted > 0 {
            lines.append("and \(Self.grouped(sourcesOmitted)) sources more, less behind than these")
        }
        return lines
    }

    private static func span(_ nanoseconds: Int64) -> String {
        let seconds = max(0, nanoseconds) / 1_000_000_000
        switch seconds {
        case ..<1: return "\(max(0, nanoseconds) / 1_000_000) ms"
        case ..<120: return "\(seconds) s"
        case ..<7_200: return "\(seconds / 60) min"
        case ..<172_800: return "\(seconds / 3_600) h"
        default: return "\(seconds / 86_400) d"
        }
    }

    private static func size(_ bytes: Int) -> String {
        var value = Double(max(0, bytes))
        var unit = 0
        while value >= 1_024, unit < 5 {
            value /= 1_024
            unit += 1
        }
        let text = unit == 0 || value >= 100 ? "\(Int(value))" : "\((value * 10).rounded(.down) / 10)"
        return "\(text) \(["B", "KiB", "MiB", "GiB", "TiB", "PiB"][unit])"
    }

    private static func grouped(_ number: Int) -> String {
        var digits = Array(String(number).reversed())
        var place = 3
        while place < digits.count {
            digits.insert(",", at: place)
            place += 4
        }
        return String(digits.reversed())
    }
}
