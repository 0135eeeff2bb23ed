/// Refuses shapes of queries that did harm again and again: a circuit breaker for each shape, and behind it a quarantine.
/// A state machine without clock.
///
/// A shape is *closed* as long as its queries do well. After some deaths in a short time it is *open*: its queries are
/// refused for a while. Then it is *half open*: one query may try. If that does well, the shape is closed again, if not, it is
/// open for twice as long. A shape that was opened several times in a row goes to quarantine, from which time or a person
/// lets it out.
package struct ShapeGuard: Sendable {
    /// The rules.
    package struct Rules: Sendable, Equatable {
        /// Deaths that open a shape.
        package var deaths = 3
        /// The time in which they must come, nanoseconds.
        package var windowNanos: UInt64 = 600_000_000_000
        /// For how long a shape is open the first time, nanoseconds; twice as long each time after.
        package var cooldownNanos: UInt64 = 30_000_000_000
        /// Times in a row that a shape may be opened before it goes to quarantine.
        package var opensToQuarantine = 4
        /// How long quarantine lasts, nanoseconds.
        package var quarantineNanos: UInt64 = 3_600_000_000_000
        /// Shapes that are remembered.
        package var shapes = 1_024

        /// The defaults.
        package init() {}
    }

    /// How a query ended, as far as its shape is concerned.
    package enum Outcome: Sendable {
        /// It answered.
        case well
        /// It died of a limit of its own, or a person ended it.
        case death
        /// It says nothing: its client left, or others had taken the memory.
        case unknown
    }

    /// What is known of a shape that has died.
    package struct Record: Sendable, Equatable {
        /// What happens to its queries.
        package enum State: Sendable, Equatable {
            /// They run; deaths at these times.
            case closed([UInt64])
            /// They are refused until a time.
            case open(until: UInt64)
            /// One has been let through to see.
            case halfOpen(probe: UInt64)
            /// They are refused until a time, for long.
            case quarantined(until: UInt64)
        }
        /// What happens to its queries.
        package var state: State
        /// How often it was opened in a row.
        package var opens = 0
        /// When something happened last.
        var touched: UInt64
    }

    private let rules: Rules
    /// The shapes of which there is something to remember.
    package private(set) var records: [String: Record] = [:]

    /// All is well.
    package init(_ rules: Rules = Rules()) {
        self.rules = rules
    }

    /// A query wants to run.
    ///
    /// - Parameters:
    ///   - shape: what it looks like without literals.
    ///   - id: its number.
    ///   - now: nanoseconds of a clock that never goes back.
    /// - Returns: why it may not; nil when it may.
    package mutating func admit(_ shape: String, id: UInt64, now: UInt64) -> AdmissionRefusal? {
        guard var record = records[shape] else { return nil }
        switch record.state {
        case .closed: return nil
        case .halfOpen:
            return refusal(.breaker, "one of them is being tried now", record, until: now)
        case .open(let until):
            guard now >= until else {
                return refusal(.breaker, "one may try again after that", record, until: until, now)
            }
            record.state = .halfOpen(probe: id)
        case .quarantined(let until):
            guard now >= until else {
                return refusal(
                    .quarantine, "or until a person lets them out: see `lodge queries`", record, until: until, now)
            }
            record.state = .halfOpen(probe: id)
        }
        record.touched = now
        records[shape] = record
        return nil
    }

    private func refusal(
        _ reason: AdmissionRefusal.Reason, _ more: String, _ record: Record, until: UInt64, _ now: UInt64? = nil
    ) -> AdmissionRefusal {
        let seconds = now.map { Int(clamping: (until - $0) / 1_000_000_000) + 1 } ?? 1
        let deaths = max(1, record.opens) + rules.deaths - 1
        return AdmissionRefusal(
            reason: reason,
            message: "\(deaths) queries that differ from this one in values alone met a limit or were ended, and "
                + "\(rules.deaths) are the most: such queries are refused for \(seconds) s, \(more); narrow the time range or "
                + "the filter so that it looks different",
            limit: rules.deaths, figure: deaths, retrySeconds: seconds)
    }

    /// A query that was admitted has ended.
    package mutating func ended(_ shape: String, id: UInt64, _ outcome: Outcome, now: UInt64) {
        guard var record = records[shape] else {
            guard outcome == .death else { return }
            makeRoom()
            // One death may be enough.
            records[shape] = Record(state: .closed([]), touched: now)
            return ended(shape, id: id, outcome, now: now)
        }
        switch (record.state, outcome) {
        case (.closed(let times), .death):
            let recent = times.filter { $0 &+ rules.windowNanos > now } + [now]
            record.state = .closed(recent)
            if recent.count >= rules.deaths { open(&record, now) }
        case (.closed, .well):
            records[shape] = nil
            return
        case (.halfOpen(id), .well):
            records[shape] = nil
            return
        case (.halfOpen(id), .death): open(&record, now)
        // Nothing was learned: the next one may try.
        case (.halfOpen(id), .unknown): record.state = .open(until: now)
        default: return
        }
        record.touched = now
        records[shape] = record
    }

    private func open(_ record: inout Record, _ now: UInt64) {
        record.opens += 1
        if record.opens >= rules.opensToQuarantine {
            record.state = .quarantined(until: now &+ rules.quarantineNanos)
        } else {
            record.state = .open(until: now &+ rules.cooldownNanos << UInt64(min(record.opens - 1, 10)))
        }
    }

    /// A person puts a shape into quarantine.
    package mutating func quarantine(_ shape: String, nanos: UInt64, now: UInt64) {
        if records[shape] == nil { makeRoom() }
        records[shape] = Record(
            state: .quarantined(until: now &+ nanos), opens: rules.opensToQuarantine, touched: now)
    }

    /// A person lets a shape run again; false when nothing was known of it.
    package mutating func release(_ shape: String) -> Bool {
        records.removeValue(forKey: shape) != nil
    }

    /// Forgets the shape to which nothing has happened for longest, those that run freely before the others.
    private mutating func makeRoom() {
        guard records.count >= rules.shapes else { return }
        func isFree(_ record: Record) -> Bool { if case .closed = record.state { true } else { false } }
        let oldest = records.min { left, right in
            isFree(left.value) != isFree(right.value)
                ? isFree(left.value) : left.value.touched < right.value.touched
        }
        if let oldest { records[oldest.key] = nil }
    }
}
