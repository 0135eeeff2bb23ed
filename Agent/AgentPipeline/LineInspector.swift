package import LineFormats
package import LogModel

/// Tells people what decoder and rules do to each line of a sample. Pure: it is given bytes and gives text.
package struct LineInspector {
    private let decoding: BatchAssembler
    private let whole: BatchAssembler
    private let ruleNames: [String]
    private let profile: SourceProfile
    private let arrival: Timestamp

    /// Makes an inspector.
    ///
    /// - Parameters:
    ///   - profile: how the lines are read.
    ///   - rules: what is done to the events.
    ///   - host: the `host` label of events that bring none.
    ///   - maxLineBytes: the longest line that becomes one event.
    ///   - offsets: what zone times without one are in; made twice, as each belongs to one reader.
    ///   - arrival: the time of lines that tell none.
    package init(
        profile: SourceProfile, rules: [Rule], host: String, maxLineBytes: Int, offsets: () -> LocalOffsets,
        arrival: Timestamp
    ) {
        let cutter = LineCutter(maxLineBytes: maxLineBytes)
        decoding = BatchAssembler(
            host: host, cutter: cutter, limits: BatchLimits(bytes: .max, events: 1), offsets: offsets())
        whole = BatchAssembler(
            host: host, cutter: cutter, limits: BatchLimits(bytes: .max, events: .max), offsets: offsets(),
            rules: RuleProgram(rules))
        whole.rules.tracesEffects = true
        whole.rules.arrival = arrival
        ruleNames = rules.map(\.name)
        self.profile = profile
        self.arrival = arrival
    }

    /// Reads a sample as a file that has ended.
    ///
    /// - Parameters:
    ///   - bytes: its content.
    ///   - path: what it is called.
    ///   - print: gets each line of the report.
    package func inspect(_ bytes: UnsafeRawBufferPointer, path: String, _ print: (String) -> Void) {
        var offset = 0
        var line = 1
        var state = SourceState(id: 1, path: path, device: 0, inode: 0)
        var ruled = state
        while offset < bytes.count {
            let before = decoding.counts
            (state.offset, ruled.offset) = (offset, offset)
            let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            let taken = decoding.take(rest, of: &state, profile: profile, ending: .final, arrival: arrival)
            guard taken > 0 else { return }
            let record = UnsafeRawBufferPointer(rebasing: rest[..<taken])
            let lines = record.reduce(0) { $0 + ($1 == 0x0A ? 1 : 0) } + (record.last == 0x0A ? 0 : 1)
            print(lines > 1 ? "lines \(line) to \(line + lines - 1)" : "line \(line)")
            if let decoded = decoding.finish()?.events {
                print("  read as \(format(before, decoding.counts))")
                for row in 0..<decoded.count { show(decoded, row, print) }
            }
            ruled.parts = 0
            _ = whole.take(record, of: &ruled, profile: profile, ending: .final, arrival: arrival)
            showRules(print)
            offset += taken
            line += lines
        }
        whole.addSummaries(now: arrival, all: true)
        if let summaries = whole.finish()?.events {
            print("sent besides, for those that were held back:")
            for row in 0..<summaries.count { show(summaries, row, print) }
        }
        for count in whole.rules.counts where count.matched == 0 { print("rule `\(count.name)` matched no line") }
    }

    private func showRules(_ print: (String) -> Void) {
        let effects = whole.rules.takeEffects()
        for effect in effects { print("  rule `\(ruleNames[effect.rule])`: \(effect.text)") }
        let sent = whole.finish()?.events
        if effects.isEmpty { return }
        guard let sent, sent.count > 0 else {
            print("  not sent")
            return
        }
        print("  sent as")
        for row in 0..<sent.count { show(sent, row, print) }
    }

    private func format(_ before: AssemblyCounts, _ after: AssemblyCounts) -> String {
        if after.malformed > before.malformed {
            return "plain text, although not of the format \(profile.format.rawValue)"
        }
        if after.structured > before.structured { return "json" }
        return after.formatted > before.formatted ? profile.format.rawValue : "plain text"
    }

    private func show(_ batch: EventBatch, _ row: Int, _ print: (String) -> Void) {
        let level = Level(rawValue: batch.levels[row]) ?? .unknown
        print(
            "    time \(Timestamp(nanoseconds: batch.timestamps[row])), level \(level == .unknown ? "none" : level.name), "
                + "stream \(labels(batch.streams[Int(batch.streamIndexes[row])]))")
        print("    message: \(shown(batch.bytes(of: batch.messages[row])))")
        for field in batch.fields[Int(batch.fieldStarts[row])..<Int(batch.fieldStarts[row + 1])] {
            print("    \(batch.fieldNames[Int(field.name)]): \(shown(batch.bytes(of: field.value)))")
        }
    }

    private func labels(_ stream: StreamIdentity) -> String {
        let pairs = stream.labels.map { "\($0.name)=\(shown($0.value))" }
        return "{\(pairs.joined(separator: ", "))}"
    }

    private func shown(_ bytes: [UInt8]) -> String { shownText(String(decoding: bytes, as: UTF8.self)) }
}
