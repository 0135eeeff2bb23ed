import LogModel

/// Events that stand for those which rate limits have held back.
extension RuleProgram {
    /// Adds a summary for each interval that is over: `message (12,847 times in 60 s)`, with the number as the field
    /// `repeats`. The rules behind the limit change it as they would have changed the others, but do not drop it.
    func addSummaries(to builder: inout EventBatchBuilder, now: Timestamp, all: Bool) {
        for index in steps.indices {
            guard case .limit(let limiter) = steps[index].operation else { continue }
            limiter.closeIdle(now: now, all: all)
            if limiter.ready.isEmpty { continue }
            for summary in limiter.takeReady() {
                add(summary, of: limiter, rule: index, to: &builder)
            }
        }
    }

    private func add(
        _ summary: RateLimiter.Summary, of limiter: RateLimiter, rule: Int, to builder: inout EventBatchBuilder
    ) {
        for label in summary.labels {
            let name = builder.name(label.name)
            label.value.withUnsafeBytes { builder.add(label: name, value: $0) }
        }
        if summary.level != .unknown {
            let name = builder.name(FieldName.level)
            var text = summary.level.name
            text.withUTF8 { builder.add(field: name, value: UnsafeRawBufferPointer($0)) }
        }
        addNumber(UInt64(summary.count), to: "repeats", &builder)
        let text = summary.message + Array(RuleProgram.suffix(summary, limiter.interval).utf8)
        var event = DraftEvent(
            time: summary.time, level: summary.level, hasLevelField: true,
            message: text.withUnsafeBytes { builder.store($0) })
        _ = apply(from: rule + 1, isKept: true, to: &event, &builder)
        builder.endEvent(time: summary.time, level: event.level, message: event.message)
    }

    private static func suffix(_ summary: RateLimiter.Summary, _ interval: Int64) -> String {
        let seconds = interval / 1_000_000_000
        let time = seconds > 0 ? "\(seconds) s" : "\(interval / 1_000_000) ms"
        let count = grouped(summary.count)
        return summary.isMixed
            ? " (and others: \(count) events in \(time))"
            : " (\(count) time\(summary.count == 1 ? "" : "s") in \(time))"
    }

    /// `12,847`
    private static func grouped(_ number: Int) -> String {
        var digits = Array(String(number))
        var index = digits.count - 3
        while index > 0 {
            digits.insert(",", at: index)
            index -= 3
        }
        return String(digits)
    }
}
