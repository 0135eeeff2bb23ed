public import LogModel

/// Reads times of one ``TimeFormat``. One owner, one thread at a time.
public struct TimeFormatReader {
    private let format: TimeFormat
    private var offsets: LocalOffsets

    /// Makes a reader.
    ///
    /// - Parameters:
    ///   - format: how the times are written.
    ///   - offsets: what zone times without one are in.
    public init(_ format: TimeFormat, offsets: LocalOffsets = .utc) {
        self.format = format
        self.offsets = offsets
    }

    /// The parts of a time as far as they are read.
    private struct Parts {
        var year: Int?
        var month = 1
        var day = 1
        var dayOfYear: Int?
        var hour = 0
        var isAfternoon: Bool?
        var minute = 0
        var second = 0
        var nanoseconds: Int64 = 0
        var zone: Int?
        var epoch: Int64?
    }

    /// Reads the time at the start of a text.
    ///
    /// - Parameters:
    ///   - text: any bytes.
    ///   - now: chooses the year of times that have none.
    /// - Returns: the time and the first index behind it; nil when none of this form stands there.
    public mutating func read(_ text: UnsafeRawBufferPointer, now: Timestamp) -> (time: Timestamp, end: Int)? {
        let line = unsafe LineBytes(text)
        var parts = Parts()
        var index = 0
        for step in format.steps {
            switch step {
            case .rfc3339:
                var end = 0
                while end < min(line.count, 40), line[end] > 0x20 || (end == 10 && line[end] == 0x20) { end += 1 }
                return unsafe rfc3339(line.slice(0..<end)).map { ($0, end) }
            case .epoch(let unit): return TimeFormatReader.epoch(line, unit)
            default: guard TimeFormatReader.take(step, line, &index, &parts) else { return nil }
            }
        }
        guard let time = moment(parts, now) else { return nil }
        return (time, index)
    }

    private mutating func rfc3339(_ text: UnsafeRawBufferPointer) -> Timestamp? {
        if let time = unsafe Timestamp(rfc3339: text, needsZone: true) { return time }
        guard let shown = unsafe Timestamp(rfc3339: text) else { return nil }
        let seconds = shown.floored(toMultipleOf: 1_000_000_000).nanoseconds / 1_000_000_000
        return shown.adding(nanoseconds: -Int64(offsets.offset(atLocal: seconds)) * 1_000_000_000)
    }

    /// The time that all of a text is; blanks around it do not matter.
    public mutating func readWhole(_ text: UnsafeRawBufferPointer, now: Timestamp) -> Timestamp? {
        guard let (time, end) = unsafe read(text, now: now) else { return nil }
        let line = unsafe LineBytes(text)
        return line.endOfBlanks(end) == line.count ? time : nil
    }

    private static func take(_ step: TimeFormat.Step, _ line: LineBytes, _ index: inout Int, _ parts: inout Parts)
        -> Bool
    {
        /// A number of at most `width` digits.
        func digits(_ width: Int, _ range: ClosedRange<Int>) -> Int? {
            let end = min(line.endOfDigits(index), index + width)
            guard end > index else { return nil }
            let value = line.number(index, end - index)
            index = end
            return range.contains(value) ? value : nil
        }
        func set(_ value: Int?, _ body: (Int) -> Void) -> Bool {
            guard let value else { return false }
            body(value)
            return true
        }
        switch step {
        case .literal(let byte):
            guard index < line.count, line[index] == byte else { return false }
            index += 1
            return true
        case .blanks:
            let end = line.endOfBlanks(index)
            guard end > index else { return false }
            index = end
            return true
        case .year: return set(digits(4, 1...9999)) { parts.year = $0 }
        case .shortYear: return set(digits(2, 0...99)) { parts.year = $0 < 70 ? 2000 + $0 : 1900 + $0 }
        case .month: return set(digits(2, 1...12)) { parts.month = $0 }
        case .monthName:
            guard let month = TimeGuess.month(line, index) else { return false }
            parts.month = month
            while line.isLetter(index) { index += 1 }
            return true
        case .day:
            if line[index] == 0x20 { index += 1 }
            return set(digits(2, 1...31)) { parts.day = $0 }
        case .dayOfYear: return set(digits(3, 1...366)) { parts.dayOfYear = $0 }
        case .hour:
            if line[index] == 0x20 { index += 1 }
            return set(digits(2, 0...23)) { parts.hour = $0 }
        case .halfDayHour:
            if line[index] == 0x20 { index += 1 }
            return set(digits(2, 1...12)) { parts.hour = $0 % 12 }
        case .halfDay:
            guard line[index + 1] | 0x20 == 0x6D else { return false }
            switch line[index] | 0x20 {
            case 0x61: parts.isAfternoon = false
            case 0x70: parts.isAfternoon = true
            default: return false
            }
            index += 2
            return true
        case .minute: return set(digits(2, 0...59)) { parts.minute = $0 }
        case .second: return set(digits(2, 0...60)) { parts.second = $0 }
        case .fraction:
            let start = index
            var scale: Int64 = 100_000_000
            while line.isDigit(index) {
                parts.nanoseconds += Int64(line[index] - 0x30) * scale
                scale /= 10
                index += 1
            }
            return index > start
        case .zone, .zoneName: return zone(line, &index, &parts)
        case .word:
            let start = index
            while line.isLetter(index) { index += 1 }
            return index > start
        case .epochSeconds:
            let end = line.endOfDigits(index)
            guard end > index, end - index <= 11 else { return false }
            parts.epoch = Int64(line.number(index, end - index))
            index = end
            return true
        case .rfc3339, .epoch: return false
        }
    }

    private static func zone(_ line: LineBytes, _ index: inout Int, _ parts: inout Parts) -> Bool {
        let start = index
        while line.isLetter(index) { index += 1 }
        if index > start {
            let isZ = index - start == 1 && line[start] | 0x20 == 0x7A
            let isUTC = index - start == 3 && line[start] == 0x55 && line[start + 1] == 0x54 && line[start + 2] == 0x43
            let isGMT = index - start == 3 && line[start] == 0x47 && line[start + 1] == 0x4D && line[start + 2] == 0x54
            guard isZ || isUTC || isGMT else { return false }
            parts.zone = 0
            return true
        }
        guard line[index] == 0x2B || line[index] == 0x2D else { return false }
        let sign = line[index] == 0x2D ? -1 : 1
        let hours = line.number(index + 1, 2)
        guard (0...23).contains(hours) else { return false }
        index += 3
        var minutes = 0
        let next = line[index] == 0x3A ? index + 1 : index
        if line.isDigit(next), line.isDigit(next + 1) {
            minutes = line.number(next, 2)
            index = next + 2
        }
        guard minutes <= 59 else { return false }
        parts.zone = sign * (hours * 3_600 + minutes * 60)
        return true
    }

    private static func epoch(_ line: LineBytes, _ unit: Int64) -> (time: Timestamp, end: Int)? {
        var end = line.endOfDigits(0)
        guard end > 0, end <= 19 else { return nil }
        var whole: Int64 = 0
        for index in 0..<end {
            let (product, overflow) = whole.multipliedReportingOverflow(by: 10)
            let (sum, overflowAgain) = product.addingReportingOverflow(Int64(line[index] - 0x30))
            if overflow || overflowAgain { return nil }
            whole = sum
        }
        var fraction: Int64 = 0
        if line[end] == 0x2E, line.isDigit(end + 1) {
            end += 1
            var scale = unit / 10
            while line.isDigit(end) {
                fraction += Int64(line[end] - 0x30) * scale
                scale /= 10
                end += 1
            }
        }
        let (scaled, overflow) = whole.multipliedReportingOverflow(by: unit)
        let (sum, overflowAgain) = scaled.addingReportingOverflow(fraction)
        return overflow || overflowAgain ? nil : (Timestamp(nanoseconds: sum), end)
    }

    private mutating func moment(_ parts: Parts, _ now: Timestamp) -> Timestamp? {
        if let epoch = parts.epoch { return Timestamp(seconds: epoch, nanoseconds: parts.nanoseconds) }
        if let year = parts.year { return moment(parts, year: year) }
        // As for all times without a year: the one that brings it closest to now, at most a day ahead.
        let thisYear = CivilDate(daysSinceEpoch: Int(now.nanoseconds / 86_400_000_000_000)).year
        let latest = now.adding(nanoseconds: 86_400_000_000_000)
        for year in stride(from: thisYear + 1, through: thisYear - 8, by: -1) {
            if let time = moment(parts, year: year), time <= latest { return time }
        }
        return nil
    }

    private mutating func moment(_ parts: Parts, year: Int) -> Timestamp? {
        var days: Int
        if let dayOfYear = parts.dayOfYear {
            days = CivilDate(year: year, month: 1, day: 1).daysSinceEpoch + dayOfYear - 1
            guard CivilDate(daysSinceEpoch: days).year == year else { return nil }
        } else {
            let date = CivilDate(year: year, month: parts.month, day: parts.day)
            guard date.isValid else { return nil }
            days = date.daysSinceEpoch
        }
        let hour = parts.hour + (parts.isAfternoon == true && parts.hour < 12 ? 12 : 0)
        let seconds = Int64(days) * 86_400 + Int64(hour * 3_600 + parts.minute * 60 + parts.second)
        let offset = Int64(parts.zone ?? offsets.offset(atLocal: seconds))
        return Timestamp(seconds: seconds - offset, nanoseconds: parts.nanoseconds)
    }
}
