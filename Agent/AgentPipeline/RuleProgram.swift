import ByteCoding
package import LogModel

/// The rules of a configuration, compiled once, applied to each event in their order.
///
/// One owner, one thread at a time. Nothing is allocated for an event, but where a rule holds the first of many back.
package final class RuleProgram {
    /// What a rule did to an event, for people.
    package struct Effect: Sendable, Equatable {
        /// The number of the rule, from 0.
        package var rule: Int
        /// What it did.
        package var text: String
    }

    enum Operation {
        case drop
        case keep
        case sample(oneIn: UInt32, by: Int?)
        case limit(RateLimiter)
        case redact([Redaction], hidesSecrets: Bool)
        case rename(from: Int, to: String, isLabel: Bool)
        case remove([Int])
        case add([Addition])
    }

    struct Addition {
        var name: String
        var slot: Int
        var isLabel: Bool
        var value: [UInt8]
    }

    struct Step {
        var matcher: RuleMatcher
        var operation: Operation
    }

    /// What each rule has done since the start.
    package private(set) var counts: [RuleCount]
    /// What was done to events, when ``tracesEffects`` is set.
    private var effects: [Effect] = []
    /// Whether it is noted for ``takeEffects()`` what is done to each event.
    package var tracesEffects = false
    /// The wall clock, for what is counted by it; the caller's duty.
    package var arrival = Timestamp(nanoseconds: 0)
    /// Whether there are no rules.
    package var isEmpty: Bool { steps.isEmpty }

    let steps: [Step]
    /// Where the path of the file stands in the batch: its events share it, and it is of our own making.
    private var path: ByteRange?
    private var names: RuleNames
    private var rates = SampleRates()
    private var secretNames = SecretNames()
    private var bounds: [Int64] = []
    private var scratch = ByteWriter(capacity: 1 << 10)
    private var spare = ByteWriter(capacity: 1 << 10)
    private static let rateName = "sample_rate"
    /// Bytes up to which a value may grow by being redacted; a longer one is cut to the length it had.
    private static let growthLimit = 256 << 10

    /// Compiles rules.
    package init(_ rules: [Rule]) {
        counts = rules.map { RuleCount(name: $0.name) }
        var names = RuleNames()
        steps = rules.map { rule in
            Step(matcher: RuleMatcher(rule.condition, &names), operation: RuleProgram.operation(rule.action, &names))
        }
        self.names = names
    }

    private static func operation(_ action: Rule.Action, _ names: inout RuleNames) -> Operation {
        switch action {
        case .drop: return .drop
        case .keep: return .keep
        case .sample(let oneIn, let by):
            return .sample(oneIn: UInt32(clamping: max(1, oneIn)), by: by.map { names.slot(of: $0) })
        case .limit(let events, let interval): return .limit(RateLimiter(events: events, intervalNanos: interval))
        case .redact(let redactions):
            let hidesSecrets = redactions.contains { if case .named = $0 { true } else { false } }
            return .redact(redactions, hidesSecrets: hidesSecrets)
        case .rename(let from, let to):
            return .rename(from: names.slot(of: from), to: to, isLabel: FieldName.defaultStreamLabels.contains(to))
        case .remove(let fields): return .remove(fields.map { names.slot(of: $0) })
        case .add(let pairs):
            return .add(
                pairs.map { pair in
                    Addition(
                        name: pair.name, slot: names.slot(of: pair.name),
                        isLabel: FieldName.defaultStreamLabels.contains(pair.name), value: Array(pair.value.utf8))
                })
        }
    }

    /// What was done to events since the last call.
    package func takeEffects() -> [Effect] {
        defer { effects.removeAll() }
        return effects
    }

    /// Begins a batch, whose names have numbers of their own.
    func begin() {
        names.forget()
        secretNames.forget()
        path = nil
    }

    /// Applies the rules to the unfinished event.
    ///
    /// - Parameters:
    ///   - event: the event.
    ///   - builder: has its fields and labels.
    ///   - path: where the path of its file stands in the batch.
    /// - Returns: whether it is sent; if not, taking back what is in the builder is the caller's duty.
    func apply(to event: inout DraftEvent, _ builder: inout EventBatchBuilder, path: ByteRange?) -> Bool {
        self.path = path
        return apply(from: 0, isKept: false, to: &event, &builder)
    }

    /// Applies the rules from one on.
    func apply(
        from first: Int, isKept wasKept: Bool, to event: inout DraftEvent, _ builder: inout EventBatchBuilder
    ) -> Bool {
        var isKept = wasKept
        rates.begin()
        for index in first..<steps.count where steps[index].matcher.matches(event, builder, &names) {
            var applies = true
            switch steps[index].operation {
            case .keep:
                isKept = true
                trace(index) { "kept, whatever follows" }
            case .drop:
                if isKept { break }
                return dropped(index, "dropped")
            case .sample(let oneIn, let by):
                if isKept { break }
                guard rates.passes(sampleHash(event, builder, by: by), oneIn: oneIn) else {
                    return dropped(index, "dropped, one in \(oneIn) is sent")
                }
                trace(index) { "sent for \(oneIn)" }
            case .limit(let limiter):
                if isKept { break }
                let service = names.withService(builder) { hash64($0) }
                if !limiter.passes(event, service: service, builder, arrival: arrival) {
                    return dropped(index, "held back, to be counted")
                }
            case .redact(let redactions, let hidesSecrets):
                applies = redact(redactions, hidesSecrets: hidesSecrets, &event, &builder, rule: index)
            case .rename(let from, let to, let isLabel):
                guard let old = names.number(from, builder), let value = builder.unfinishedValue(of: old) else {
                    applies = false
                    break
                }
                builder.removeUnfinishedFields(old)
                put(value, as: to, isLabel: isLabel, &builder)
                trace(index) { "renamed to \(to)" }
            case .remove(let slots):
                applies = false
                for slot in slots {
                    guard let name = names.number(slot, builder), builder.removeUnfinishedFields(name) else { continue }
                    applies = true
                    trace(index) { "removed \(builder.text(ofName: name))" }
                }
            case .add(let additions):
                for addition in additions { add(addition, &builder, rule: index) }
            }
            if applies { counts[index].matched += 1 }
        }
        let rate = rates.rate
        if rate > 1 { addNumber(rate, to: RuleProgram.rateName, &builder) }
        return true
    }

    // MARK: What rules do

    private func dropped(_ index: Int, _ text: @autoclosure () -> String) -> Bool {
        counts[index].matched += 1
        counts[index].dropped += 1
        trace(index, text)
        return false
    }

    private func trace(_ index: Int, _ text: () -> String) {
        if tracesEffects { effects.append(Effect(rule: index, text: text())) }
    }

    private func sampleHash(_ event: DraftEvent, _ builder: borrowing EventBatchBuilder, by slot: Int?) -> UInt64 {
        if let slot, let hash = names.withValue(slot, builder, { value in value.map { hash64($0) } }) { return hash }
        // Equal messages at different times are different events.
        let seed = UInt64(bitPattern: event.time?.nanoseconds ?? 0)
        return builder.withBytes(of: event.message) { hash64($0, seed: seed) }
    }

    private func redact(
        _ redactions: [Redaction], hidesSecrets: Bool, _ event: inout DraftEvent, _ builder: inout EventBatchBuilder,
        rule: Int
    ) -> Bool {
        var places = 0
        if let range = redacted(event.message, redactions, &builder, &places) { event.message = range }
        for index in 0..<builder.unfinishedFieldCount {
            let field = builder.unfinishedField(index)
            if field.value == path { continue }
            if hidesSecrets, secretNames.contains(field.name, builder) {
                let hidden = Redaction.secret.withUnsafeBytes { builder.store($0) }
                builder.replaceUnfinishedField(index, by: FieldEntry(name: field.name, value: hidden))
                places += 1
                continue
            }
            guard let range = redacted(field.value, redactions, &builder, &places) else { continue }
            builder.replaceUnfinishedField(index, by: FieldEntry(name: field.name, value: range))
        }
        if places > 0 { trace(rule) { "replaced \(places)" } }
        return places > 0
    }

    /// The new value in the arena; nil when there is nothing to replace. The batch is written without what no field
    /// and no message refers to, so that the old one does not leave this process.
    private func redacted(
        _ range: ByteRange, _ redactions: [Redaction], _ builder: inout EventBatchBuilder, _ places: inout Int
    ) -> ByteRange? {
        var hasChanged = false
        for redaction in redactions {
            spare.removeAll()
            let count: Int
            if hasChanged {
                count = scratch.withBytes { redaction.apply($0, bounds: &bounds, to: &spare) }
            } else {
                count = builder.withBytes(of: range) { redaction.apply($0, bounds: &bounds, to: &spare) }
            }
            guard count > 0 else { continue }
            places += count
            hasChanged = true
            swap(&scratch, &spare)
        }
        guard hasChanged else { return nil }
        // What stands in the place of secrets may be longer than they were; a huge value must not grow past what a
        // collector takes.
        let limit = max(Int(range.length), RuleProgram.growthLimit)
        if scratch.count > limit { scratch.truncate(to: limit) }
        return scratch.withBytes { builder.store($0) }
    }

    private func put(_ value: ByteRange, as name: String, isLabel: Bool, _ builder: inout EventBatchBuilder) {
        let number = builder.name(name)
        guard isLabel else {
            builder.removeUnfinishedFields(number)
            builder.add(field: number, stored: value)
            return
        }
        scratch.removeAll()
        builder.withBytes(of: value) { scratch.append(contentsOf: $0) }
        scratch.withBytes { builder.add(label: number, value: $0) }
    }

    private func add(_ addition: Addition, _ builder: inout EventBatchBuilder, rule: Int) {
        if addition.isLabel {
            let hasIt = addition.name.utf8.withContiguousStorageIfAvailable { name in
                builder.withUnfinishedLabel(UnsafeRawBufferPointer(name)) { $0 != nil }
            }
            // A service is made up for each event; it is not one that the event brings.
            if hasIt == true, addition.name != FieldName.service { return }
            let number = builder.name(addition.name)
            addition.value.withUnsafeBytes { builder.add(label: number, value: $0) }
        } else {
            let known = names.number(addition.slot, builder)
            if let known, builder.unfinishedValue(of: known) != nil { return }
            let number = known ?? builder.name(addition.name)
            addition.value.withUnsafeBytes { builder.add(field: number, value: $0) }
        }
        trace(rule) { "added \(addition.name)" }
    }

    func addNumber(_ number: UInt64, to name: String, _ builder: inout EventBatchBuilder) {
        let field = builder.name(name)
        var text = String(number)
        text.withUTF8 { builder.add(field: field, value: UnsafeRawBufferPointer($0)) }
    }
}
