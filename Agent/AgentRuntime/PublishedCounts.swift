import AgentPipeline
import Diagnostics

/// Brings what an assembler has counted into the agent's metrics.
struct PublishedCounts {
    private let metrics: AgentMetrics
    private let rules: [AgentMetrics.RuleCounters]
    private var last = AssemblyCounts()
    private var lastRules: [RuleCount] = []

    /// Begins with an assembler that has counted nothing.
    init(_ metrics: AgentMetrics, rules: [Rule]) {
        self.metrics = metrics
        self.rules = rules.map { metrics.counters(ofRule: $0.name) }
    }

    /// Adds what was counted since the last time.
    mutating func publish(_ assembler: BatchAssembler) {
        let counts = assembler.counts
        metrics.structured.add(counts.structured - last.structured)
        metrics.formatted.add(counts.formatted - last.formatted)
        metrics.plain.add(counts.plain - last.plain)
        metrics.malformed.add(counts.malformed - last.malformed)
        metrics.parts.add(counts.parts - last.parts)
        metrics.bytes.add(counts.bytes - last.bytes)
        metrics.nulBytes.add(counts.nulBytes - last.nulBytes)
        metrics.dropped.add(counts.dropped - last.dropped)
        metrics.own.add(counts.own - last.own)
        last = counts
        let ruleCounts = assembler.rules.counts
        for (index, count) in ruleCounts.enumerated() {
            let before = index < lastRules.count ? lastRules[index] : RuleCount(name: count.name)
            rules[index].matched.add(count.matched - before.matched)
            rules[index].dropped.add(count.dropped - before.dropped)
        }
        lastRules = ruleCounts
    }
}
