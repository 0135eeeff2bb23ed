internal import Glibc
internal import LogModel
internal import QueryLanguage

extension StatsPipe.Bucket {
    /// The start of the interval that a time lies in, nanoseconds.
    func start(of time: Int64) -> Int64 {
        var offset = offset >= 9.2e18 ? Int64.max : offset <= -9.2e18 ? Int64.min + 1 : Int64(offset)
        // The epoch was a Thursday.
        if calendar == .week { offset = offset.addingReportingOverflow(4 * 86_400_000_000_000).partialValue }
        let moved = Timestamp(nanoseconds: time).adding(nanoseconds: -offset)
        let start: Timestamp
        switch calendar {
        case nil, .week: start = moved.floored(toMultipleOf: calendar == .week ? 604_800_000_000_000 : step)
        case .month, .year:
            let midnight = moved.floored(toMultipleOf: 86_400_000_000_000).nanoseconds
            let date = CivilDate(daysSinceEpoch: Int(midnight / 86_400_000_000_000))
            let first = CivilDate(year: date.year, month: calendar == .year ? 1 : date.month, day: 1)
            start = Timestamp(seconds: Int64(first.daysSinceEpoch) * 86_400) ?? moved
        }
        return start.adding(nanoseconds: offset).nanoseconds
    }

    /// The start of the interval that a value lies in, by its looks: a whole number, a decimal, a time, an IPv4 address
    /// or a duration. Anything else stays as it is.
    func start(of text: [UInt8]) -> [UInt8] {
        guard let first = text.first, (0x30...0x39).contains(first) || first == 0x2D else { return text }
        if let number = NumberReading.integer(text) { return Array("\(start(ofWhole: number))".utf8) }
        if let number = NumberReading.decimal(text) {
            return Array(NumberWriting.decimal(start(ofDecimal: number)).utf8)
        }
        if let time = text.withUnsafeBytes({ Timestamp(rfc3339: $0) }) {
            return Array(Timestamp(nanoseconds: start(of: time.nanoseconds)).description.utf8)
        }
        if let address = NumberReading.ipv4(text) {
            let start = start(ofWhole: Int64(address))
            return Array(NumberWriting.ipv4(UInt32(clamping: start)).utf8)
        }
        if let duration = NumberReading.duration(text) {
            return Array(NumberWriting.duration(start(ofWhole: duration)).utf8)
        }
        return text
    }

    private func start(ofWhole number: Int64) -> Int64 {
        let size = Swift.max(1, Int64(exactly: size.rounded(.towardZero)) ?? .max)
        let offset = Int64(exactly: offset.rounded(.towardZero)) ?? 0
        let moved = number.subtractingReportingOverflow(offset).partialValue
        let rest = moved % size
        let start = moved.subtractingReportingOverflow(rest < 0 ? rest + size : rest).partialValue
        return start.addingReportingOverflow(offset).partialValue
    }

    /// Computed with as many digits behind the point as the size has.
    private func start(ofDecimal number: Double) -> Double {
        var scale = 1.0
        while (size * scale).rounded() != size * scale, scale < 1e15 { scale *= 10 }
        let scaled = ((number - offset) * scale).rounded(.down)
        let steps = (size * scale).rounded()
        guard scaled.magnitude < 9e15, steps >= 1 else { return number }
        return (scaled - fmod(scaled, steps)) / scale + offset
    }
}
