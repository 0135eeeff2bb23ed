package import LineFormats
package import LogModel

/// How an agent is: what `lodge-agent status` shows, and what a heartbeat says of its sources.
package struct AgentStatus: Sendable, Equatable {
    /// The settings that it works by.
    package struct Configuration: Sendable, Equatable {
        /// The file; empty for flags alone.
        package var path = ""
        /// Tells one content from another; 16 digits.
        package var hash = ""
        /// 1 for the settings that it was started with, one more for each change.
        package var generation = 1
        /// Why the last change was refused; nil when it was not.
        package var refused: String?
        /// Whether the last change has not taken effect yet: what was read before is to be spooled first.
        package var isWaiting = false

        /// Makes it.
        package init() {}
    }

    /// What waits in one lane of the spool.
    package struct Lane: Sendable, Equatable {
        /// `error`, `warn`, `info` or `debug`.
        package var name: String
        /// Batches that wait.
        package var batches: Int

        /// Makes it.
        package init(name: String, batches: Int) {
            self.name = name
            self.batches = batches
        }
    }

    /// What a rule has done.
    package struct Rule: Sendable, Equatable {
        /// Its name.
        package var name: String
        /// Events that it applied to, and that it dropped.
        package var matched: Int
        package var dropped: Int

        /// Makes it.
        package init(name: String, matched: Int, dropped: Int) {
            self.name = name
            self.matched = matched
            self.dropped = dropped
        }
    }

    /// How a check stands.
    package struct Check: Sendable, Equatable {
        /// The service, the kind of the check, and what it looks at.
        package var service: String
        package var kind: String
        package var target: String
        /// `healthy`, `warning`, `unhealthy` or `unknown`, and since when.
        package var status: String
        package var since: Timestamp

        /// Makes it.
        package init(service: String, kind: String, target: String, status: String, since: Timestamp) {
            self.service = service
            self.kind = kind
            self.target = target
            self.status = status
            self.since = since
        }
    }

    /// Who it is.
    package var version = ""
    package var agent = ""
    package var epoch: UInt64 = 0
    /// When it was started.
    package var started = Timestamp(nanoseconds: 0)
    /// What it works by.
    package var configuration = Configuration()
    /// Where it sends to, and which of them takes batches at present.
    package var collectors: [String] = []
    package var collector = ""
    /// Why nothing is taken; nil while batches are.
    package var problem: String?
    /// When a collector took something last; nil for never.
    package var delivered: Timestamp?
    /// Bytes of the spool, and how many it may have.
    package var spoolBytes = 0
    package var spoolLimit = 0
    /// What waits, most important first.
    package var lanes: [Lane] = []
    /// Resident memory, bytes.
    package var residentBytes = 0
    /// Processor time, seconds.
    package var processorSeconds = 0.0
    /// Its sources, those that are the furthest behind first; `sourcesOmitted` more are not told.
    package var sources: [SourceFigures] = []
    package var sourcesOmitted = 0
    /// What went of all sources since the agent was started, those included that are gone or not told.
    package var drops: [SourceFigures.Drop] = []
    /// Sources that have no thread, such as `syslog:tcp:514`; they are tried again.
    package var unstarted: [String] = []
    /// Its rules and checks.
    package var rules: [Rule] = []
    package var checks: [Check] = []

    /// Makes one of which nothing is known.
    package init() {}

    /// Keeps the sources that are the furthest behind, or have lost something.
    package mutating func limitSources(to count: Int) {
        sources.sort { left, right in
            let (a, b) = (left.written - left.acknowledged, right.written - right.acknowledged)
            if a != b { return a > b }
            if left.drops.isEmpty != right.drops.isEmpty { return right.drops.isEmpty }
            return left.name < right.name
        }
        if sources.count > count {
            sourcesOmitted += sources.count - count
            sources.removeLast(sources.count - count)
        }
    }

    /// The document with as many sources, rules and checks as fit into some bytes: paths may be long. Sources should be
    /// limited before, those that matter first.
    ///
    /// - Parameters:
    ///   - now: the monotonic clock, nanoseconds.
    ///   - bytes: what it may have.
    /// - Returns: one JSON object; nil when not even an empty one fits.
    package func document(now: UInt64, upTo bytes: Int) -> JSONValue? {
        var status = self
        while true {
            let document = status.document(now: now)
            if document.bytes.count <= bytes { return document }
            let most = max(status.sources.count, status.rules.count, status.checks.count)
            if most == 0 { return nil }
            status.sourcesOmitted += status.sources.count - min(status.sources.count, most / 2)
            status.sources = Array(status.sources.prefix(most / 2))
            status.rules = Array(status.rules.prefix(most / 2))
            status.checks = Array(status.checks.prefix(most / 2))
        }
    }

    /// The document.
    ///
    /// - Parameter now: the monotonic clock, nanoseconds.
    /// - Returns: one JSON object.
    package func document(now: UInt64) -> JSONValue {
        [
            "version": .string(version), "agent": .string(agent), "epoch": .integer(epoch),
            "started": .string(started.description), "configuration": configuration.document,
            "collectors": .array(collectors.map { .string($0) }), "collector": .string(collector),
            "problem": problem.map { .string($0) } ?? .null,
            "delivered": delivered.map { .string($0.description) } ?? .null,
            "spool": [
                "bytes": .integer(spoolBytes), "limit_bytes": .integer(spoolLimit),
                "waiting": .array(
                    lanes.map { ["lane": .string($0.name), "batches": .integer($0.batches)] }),
            ],
            "resident_bytes": .integer(residentBytes), "processor_ms": .integer(Int(processorSeconds * 1_000)),
            "sources": .array(sources.map { $0.document(now: now) }), "sources_omitted": .integer(sourcesOmitted),
            "drops": .array(drops.map(\.document)), "unstarted": .array(unstarted.map { .string($0) }),
            "rules": .array(
                rules.map {
                    ["name": .string($0.name), "matched": .integer($0.matched), "dropped": .integer($0.dropped)]
                }),
            "checks": .array(
                checks.map {
                    [
                        "service": .string($0.service), "check": .string($0.kind), "target": .string($0.target),
                        "status": .string($0.status), "since": .string($0.since.description),
                    ]
                }),
        ]
    }
}

extension AgentStatus.Configuration {
    fileprivate var document: JSONValue {
        [
            "path": .string(path), "hash": .string(hash), "generation": .integer(generation),
            "refused": refused.map { .string($0) } ?? .null, "waiting": .bool(isWaiting),
        ]
    }
}

extension SourceFigures {
    /// The document: `{source, written, read, spooled, acknowledged, oldest_unacknowledged_ms, events, drops}`.
    ///
    /// - Parameter now: the monotonic clock, nanoseconds.
    /// - Returns: one JSON object.
    package func document(now: UInt64) -> JSONValue {
        [
            "source": .string(name), "written": .integer(written), "read": .integer(read),
            "spooled": .integer(spooled), "acknowledged": .integer(acknowledged),
            "oldest_unacknowledged_ms": waitingSince.map { .integer(Int(clamping: (now &- $0) / 1_000_000)) } ?? .null,
            "events": .integer(events),
            "drops": .array(drops.map(\.document)),
        ]
    }
}

extension SourceFigures.Drop {
    fileprivate var document: JSONValue {
        [
            "reason": .string(reason), "level": .string(level.name), "events": .integer(events),
            "bytes": .integer(bytes),
        ]
    }
}
