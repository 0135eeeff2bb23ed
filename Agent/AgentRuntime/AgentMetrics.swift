import AgentDelivery
import AgentInputs
import Diagnostics
import LogModel

/// The numbers of reading.
struct AgentMetrics: Sendable {
    let registry: MetricRegistry
    let structured: Counter
    let formatted: Counter
    let plain: Counter
    let malformed: Counter
    let parts: Counter
    let dropped: Counter
    let own: Counter
    let bytes: Counter
    let nulBytes: Counter
    let spooled: Counter
    let rotations: Counter
    let truncations: Counter
    let lostTails: Counter
    let abandonedBytes: Counter
    let readErrors: Counter
    let pauses: Counter
    let files: Gauge
    let openFiles: Gauge
    let heldBytes: Gauge
    let unread: Gauge
    let delivery: DeliveryMetrics
    /// By level, then by reason, so that nothing must be registered while events are dropped.
    private let drops: [String: Counter]
    private let other: Counter

    init() {
        let registry = MetricRegistry()
        self.registry = registry
        func counter(_ name: String, _ help: String, _ labels: MetricRegistry.Labels = []) -> Counter {
            registry.counter("lodge_agent_\(name)", help: help, labels)
        }
        let read = "Events read."
        structured = counter("events_read_total", read, [("format", "json")])
        formatted = counter("events_read_total", read, [("format", "fields")])
        plain = counter("events_read_total", read, [("format", "plain")])
        malformed = counter(
            "lines_malformed_total", "Lines that are not of the format of their file; kept as plain lines.")
        parts = counter("line_parts_total", "Parts of lines that were too long for one event.")
        dropped = counter("events_dropped_by_rules_total", "Events that rules dropped, sampled away or held back.")
        own = counter("own_lines_total", "Lines of the agent's own log in the files that it reads, left out.")
        bytes = counter("bytes_read_total", "Bytes of lines read.")
        nulBytes = counter("nul_bytes_total", "NUL bytes at the start of lines, left out: holes of files.")
        spooled = counter("batches_spooled_total", "Batches written to the spool.")
        rotations = counter("files_rotated_total", "Files that were renamed or deleted.")
        truncations = counter("files_truncated_total", "Files that were truncated.")
        lostTails = counter("files_cut_off_total", "Files that went before their end was certain to be read.")
        abandonedBytes = counter(
            "abandoned_bytes_total", "Bytes of deleted files that were let go before they were read.")
        readErrors = counter("read_errors_total", "Files that could not be opened or read.")
        pauses = counter("spool_full_total", "Times that reading stopped because the spool was full.")
        files = registry.gauge("lodge_agent_files", help: "Files followed.")
        openFiles = registry.gauge("lodge_agent_open_files", help: "Files that are open to be read.")
        heldBytes = registry.gauge(
            "lodge_agent_held_bytes", help: "Bytes of deleted files that are kept until they are read.")
        unread = registry.gauge("lodge_agent_unread_bytes", help: "Bytes in files that have not been read yet.")
        delivery = DeliveryMetrics(registry)
        var drops: [String: Counter] = [:]
        for level in Level.allCases {
            for reason in [SpoolWriter.full, SpoolWriter.shed] {
                drops["\(level.rawValue) \(reason)"] = counter(
                    "events_dropped_total", "Events dropped before they were sent.",
                    [("level", level.name), ("reason", reason)])
            }
        }
        self.drops = drops
        other = counter(
            "events_dropped_total", "Events dropped before they were sent.", [("level", ""), ("reason", "other")])
    }

    /// Shows what a round over the files gave.
    func show(_ round: FollowRound) {
        files.set(round.files)
        openFiles.set(round.openFiles)
        heldBytes.set(round.heldBytes)
        unread.set(round.unreadBytes)
    }

    /// How often a program of which the output is read could not be run, or ended badly.
    func programFailures(_ name: String) -> Counter {
        registry.counter(
            "lodge_agent_program_failures_total", help: "Programs that could not be run, took too long or failed.",
            [("program", name)])
    }

    /// Events that sources other than files have lost.
    func lost(_ reason: String) -> Counter {
        registry.counter(
            "lodge_agent_stream_events_lost_total", help: "Events lost before they could be read.",
            [("reason", reason)])
    }

    /// What one rule has done.
    struct RuleCounters: Sendable {
        var matched: Counter
        var dropped: Counter
    }

    /// The counters of a rule.
    func counters(ofRule name: String) -> RuleCounters {
        RuleCounters(
            matched: registry.counter(
                "lodge_agent_rule_events_total", help: "Events that a rule applied to.", [("rule", name)]),
            dropped: registry.counter(
                "lodge_agent_rule_dropped_total", help: "Events that a rule dropped.", [("rule", name)]))
    }

    /// The counter of events that were dropped instead of being sent.
    func unsent(_ level: Level, _ reason: String) -> Counter { drops["\(level.rawValue) \(reason)"] ?? other }
}
