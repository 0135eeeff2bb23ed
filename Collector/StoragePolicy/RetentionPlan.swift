internal import LogModel
package import SegmentCatalog

/// What the rules of retention ask for at a moment: exactly what would go, and why.
package struct RetentionPlan: Equatable, Sendable {
    /// A segment of which all events have expired.
    package struct Expiry: Equatable, Sendable {
        /// The segment's name.
        package var name: String
        /// Why, for people.
        package var reason: String
    }

    /// A segment that is to be written anew without some of its events.
    package struct Rewrite: Equatable, Sendable {
        /// The segment's name.
        package var name: String
        /// The events to leave out.
        package var classes: Set<EventClass>
        /// How many they are.
        package var rows: Int
    }

    /// Segments to take out of answers now; they can be taken back until they are removed.
    package var expire: [Expiry] = []
    /// Segments to write anew. What is left out cannot be taken back, so this comes a time of grace after it has expired.
    package var rewrite: [Rewrite] = []
    /// Names of expired segments whose time of grace is over: their bytes are to be removed.
    package var remove: [String] = []
    /// Bytes still stored of events that are past their retention, estimated by rows in segments that also hold others.
    package var bytesPast: UInt64 = 0

    /// Whether there is nothing to do.
    package var isEmpty: Bool { expire.isEmpty && rewrite.isEmpty && remove.isEmpty }

    /// Finds out what the rules ask for. The same arguments give the same plan.
    ///
    /// - Parameters:
    ///   - rules: how long events are kept.
    ///   - live: the segments that queries see.
    ///   - retired: records of segments out of use; only expired ones count.
    ///   - now: nanoseconds since 1970.
    package init(_ rules: RetentionRules, live: [SegmentFacts], retired: [SegmentRecord], now: Int64) {
        let clock = Deadline(now: now)
        var kept: [SegmentFacts] = []
        for segment in live {
            switch Verdict(segment, rules, clock) {
            case .keep: kept.append(segment)
            case .expire(let reason):
                expire.append(Expiry(name: segment.record.name, reason: reason))
                bytesPast += segment.record.bytes
            case .partly(let past, let rewritten):
                kept.append(segment)
                let share = Double(past) / Double(max(1, segment.record.rows))
                bytesPast += UInt64(Double(segment.record.bytes) * min(1, share))
                if let rewritten { rewrite.append(rewritten) }
            }
        }
        expireOldest(of: kept, rules)
        let gone = Set(expire.map(\.name))
        rewrite.removeAll { gone.contains($0.name) }
        for record in retired {
            guard case .expired(let retirement) = record.state else { continue }
            bytesPast += record.bytes
            if clock.isPast(retirement.since, rules.grace) { remove.append(record.name) }
        }
    }

    /// Lets the segments that arrived first go until the others fit the bound of bytes. The newest one always stays.
    private mutating func expireOldest(of kept: [SegmentFacts], _ rules: RetentionRules) {
        guard let bound = rules.maxBytes else { return }
        var bytes = kept.reduce(UInt64(0)) { $0 + $1.record.bytes }
        let oldestFirst = kept.map(\.record).sorted {
            ($0.ingestBounds.upperBound, $0.positions.lowerBound) < (
                $1.ingestBounds.upperBound, $1.positions.lowerBound
            )
        }
        for record in oldestFirst.dropLast() {
            guard bytes > bound else { return }
            bytes -= record.bytes
            expire.append(Expiry(name: record.name, reason: "all segments together are over max_bytes (\(bound))"))
            bytesPast += record.bytes
        }
    }

    /// When events that arrived at a time have been there for long enough.
    private struct Deadline {
        var now: Int64

        func isPast(_ time: Int64, _ age: Duration) -> Bool {
            time.clampedAdding(age.wholeNanoseconds) < now
        }
    }

    /// What the rules say about one segment.
    private enum Verdict {
        case keep
        case expire(String)
        /// Some events have expired; the rewrite is nil while it is not worth it or not yet allowed.
        case partly(past: Int, Rewrite?)

        init(_ segment: SegmentFacts, _ rules: RetentionRules, _ clock: Deadline) {
            let newest = segment.record.ingestBounds.upperBound
            guard let rows = segment.rows, !rows.isEmpty else {
                self =
                    clock.isPast(newest, rules.longestAge)
                    ? .expire("its newest event arrived more than \(rules.longestAge.logForm) ago") : .keep
                return
            }
            let past = rows.filter { clock.isPast(newest, rules.age(of: $0.key)) }
            if past.isEmpty {
                self = .keep
                return
            }
            if past.count == rows.count {
                let longest = rows.keys.map { rules.age(of: $0) }.reduce(.zero, max)
                self = .expire("its newest event arrived more than \(longest.logForm) ago")
                return
            }
            let count = past.values.reduce(0, +)
            let ripe = past.filter { clock.isPast(newest, rules.age(of: $0.key) + rules.grace) }
            let ripeCount = ripe.values.reduce(0, +)
            let isWorthIt = Double(ripeCount) >= rules.rewriteShare * Double(rows.values.reduce(0, +))
            let isOverdue = ripe.keys.contains { clock.isPast(newest, rules.age(of: $0) + rules.grace + rules.overdue) }
            guard ripeCount > 0, isWorthIt || isOverdue else {
                self = .partly(past: count, nil)
                return
            }
            self = .partly(
                past: count, Rewrite(name: segment.record.name, classes: Set(ripe.keys), rows: ripeCount))
        }
    }
}
