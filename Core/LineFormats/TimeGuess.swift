public import LogModel

/// Reads the time from the start of a plain line, where one plainly stands there.
///
/// | form | example |
/// | --- | --- |
/// | RFC 3339 and near it | `2015-10-18T18:01:47.978+02:00`, `2015-10-18 18:01:47,978`, `2015/10/18 18:01:47` |
/// | syslog | `Jun 14 15:16:02`, `<34>Jun  4 15:16:02`, `<34>1 2015-10-18T18:01:47Z` |
/// | asctime | `[Sun Dec 04 04:47:44 2005]`, `Sun Dec 04 04:47:44 2005` |
/// | common log | `[10/Oct/2000:13:55:36 -0700]`, also within the first 160 bytes, as web servers write it |
/// | short dates | `17/06/09 20:10:40` (year first), `081109 203615`, `03-17 16:13:38.811` |
/// | epoch | `1117838570`, `1117838570.25`, `1117838570123`, `- 1117838570` |
///
/// Each may stand in brackets. A time without a zone is local, see ``LocalOffsets``; one without a year is in the year
/// that brings it closest to now, at most a day ahead. One owner, one thread at a time.
public struct TimeGuess {
    /// How far into the line a web server's time is looked for.
    static let searchedBytes = 160
    private var offsets: LocalOffsets

    /// Makes a reader.
    ///
    /// - Parameter offsets: what zone times without one are in.
    public init(offsets: LocalOffsets = .utc) {
        self.offsets = offsets
    }

    /// A time that was found, and where.
    struct Found {
        var time: Timestamp
        /// The first index behind it, and behind a bracket that closes it.
        var end: Int
        /// Whether it is the form `03-17 16:13:38.811` of Android's log.
        var isLogcat = false
    }

    /// The time at the start of `text` and whether nothing but blanks stands behind it; nil when none stands there.
    public mutating func read(_ text: UnsafeRawBufferPointer, now: Timestamp) -> (time: Timestamp, isWhole: Bool)? {
        let line = unsafe LineBytes(text)
        guard let found = find(in: line, now: now) else { return nil }
        return (found.time, line.endOfBlanks(found.end) == line.count)
    }

    mutating func find(in line: LineBytes, now: Timestamp) -> Found? {
        var start = 0
        if line[0] == 0x3C {
            // The priority of syslog, and the version behind it in RFC 5424.
            let close = line.endOfDigits(1)
            if line[close] == 0x3E, close > 1, close <= 4 {
                start = close + 1
                if line[start] == 0x31, line[start + 1] == 0x20 { start += 2 }
            }
        } else if line[0] == 0x2D, line[1] == 0x20 {
            return epoch(line, 2)
        }
        let isBracketed = line[start] == 0x5B
        if isBracketed { start += 1 }
        if var found = bare(line, start, now: now) {
            if isBracketed, line[found.end] == 0x5D { found.end += 1 }
            return found
        }
        return embedded(line)
    }

    private mutating func bare(_ line: LineBytes, _ start: Int, now: Timestamp) -> Found? {
        if line.isDigit(start) { return numeric(line, start, now: now) }
        guard line.isLetter(start) else { return nil }
        if let month = TimeGuess.month(line, start) {
            return syslog(line, start, month: month, now: now)
        }
        // `Sun Dec 04 04:47:44 2005`
        guard line.isLetter(start + 1), line.isLetter(start + 2), line[start + 3] == 0x20,
            let month = TimeGuess.month(line, start + 4)
        else { return nil }
        return asctime(line, start + 4, month: month)
    }

    private mutating func numeric(_ line: LineBytes, _ start: Int, now: Timestamp) -> Found? {
        let separator = line[start + 4]
        if separator == 0x2D || separator == 0x2F, line[start + 7] == separator {
            return dashed(line, start)
        }
        if line[start + 2] == 0x2F, line[start + 5] == 0x2F, line[start + 8] == 0x20 {
            guard let clock = Clock(line, start + 9) else { return nil }
            return local(
                shortYear(line.number(start, 2)), line.number(start + 3, 2), line.number(start + 6, 2), clock)
        }
        if line[start + 2] == 0x2F, line.isLetter(start + 3) { return commonLog(line, start) }
        if line[start + 2] == 0x2D, line[start + 5] == 0x20 {
            guard let clock = Clock(line, start + 6), clock.hasFraction else { return nil }
            var found = yearless(line.number(start, 2), line.number(start + 3, 2), clock, now: now)
            found?.isLogcat = true
            return found
        }
        if line[start + 6] == 0x20, line[start + 13] == 0x20, line.number(start + 7, 6) >= 0 {
            let clock = Clock(
                hour: line.number(start + 7, 2), minute: line.number(start + 9, 2), second: line.number(start + 11, 2),
                end: start + 13)
            guard let clock else { return nil }
            return local(
                shortYear(line.number(start, 2)), line.number(start + 2, 2), line.number(start + 4, 2), clock)
        }
        return epoch(line, start)
    }

    /// `YYYY-MM-DD HH:MM:SS` with `T`, blank or tab between, a fraction and a zone if there are.
    private mutating func dashed(_ line: LineBytes, _ start: Int) -> Found? {
        let between = line[start + 10]
        guard between == 0x54 || between == 0x74 || between == 0x20 || between == 0x09,
            let clock = Clock(line, start + 11)
        else { return nil }
        let (year, month, day) = (line.number(start, 4), line.number(start + 5, 2), line.number(start + 8, 2))
        return zoned(line, year, month, day, clock)
    }

    private mutating func syslog(_ line: LineBytes, _ start: Int, month: Int, now: Timestamp) -> Found? {
        guard line[start + 3] == 0x20, line[start + 6] == 0x20, let clock = Clock(line, start + 7) else { return nil }
        let day = line[start + 4] == 0x20 ? line.number(start + 5, 1) : line.number(start + 4, 2)
        return yearless(month, day, clock, now: now)
    }

    private mutating func asctime(_ line: LineBytes, _ start: Int, month: Int) -> Found? {
        guard line[start + 3] == 0x20, line[start + 6] == 0x20, var clock = Clock(line, start + 7) else { return nil }
        let day = line[start + 4] == 0x20 ? line.number(start + 5, 1) : line.number(start + 4, 2)
        let year = line.number(clock.end + 1, 4)
        guard line[clock.end] == 0x20, year > 0, !line.isDigit(clock.end + 5) else { return nil }
        clock.end += 5
        return local(year, month, day, clock)
    }

    /// `10/Oct/2000:13:55:36 -0700`
    private mutating func commonLog(_ line: LineBytes, _ start: Int) -> Found? {
        guard line[start + 6] == 0x2F, line[start + 11] == 0x3A, let month = TimeGuess.month(line, start + 3),
            let clock = Clock(line, start + 12)
        else { return nil }
        return zoned(line, line.number(start + 7, 4), month, line.number(start, 2), clock)
    }

    private mutating func embedded(_ line: LineBytes) -> Found? {
        for index in 1..<max(2, min(line.count - 20, TimeGuess.searchedBytes))
        where line[index] == 0x5B && line[index + 3] == 0x2F && line[index + 7] == 0x2F {
            return commonLog(line, index + 1)
        }
        return nil
    }

    /// Ten digits with a fraction or without, or 13, 16 or 19 digits, between 2001 and 2100.
    private func epoch(_ line: LineBytes, _ start: Int) -> Found? {
        var end = line.endOfDigits(start)
        let digits = end - start
        guard digits == 10 || digits == 13 || digits == 16 || digits == 19 else { return nil }
        if digits == 10, line[end] == 0x2E, line.isDigit(end + 1) { end = line.endOfDigits(end + 1) }
        switch line[end] {
        case 0, 0x20, 0x09, 0x5D, 0x2C, 0x3A, 0x0D: break
        default: return nil
        }
        let latest: Int64 = 4_102_444_800_000_000_000
        guard let time = unsafe Timestamp(epoch: line.slice(start..<end)),
            time.nanoseconds >= 1_000_000_000_000_000_000, time.nanoseconds < latest
        else { return nil }
        return Found(time: time, end: end)
    }

    // MARK: From parts to a moment

    private mutating func zoned(_ line: LineBytes, _ year: Int, _ month: Int, _ day: Int, _ clock: Clock) -> Found? {
        guard let (offset, end) = zone(line, clock.end) else { return local(year, month, day, clock) }
        guard let seconds = seconds(year, month, day, clock),
            let time = Timestamp(seconds: seconds - Int64(offset), nanoseconds: clock.nanoseconds)
        else { return nil }
        return Found(time: time, end: end)
    }

    private mutating func local(_ year: Int, _ month: Int, _ day: Int, _ clock: Clock) -> Found? {
        guard let seconds = seconds(year, month, day, clock) else { return nil }
        let offset = Int64(offsets.offset(atLocal: seconds))
        guard let time = Timestamp(seconds: seconds - offset, nanoseconds: clock.nanoseconds) else { return nil }
        return Found(time: time, end: clock.end)
    }

    private mutating func yearless(_ month: Int, _ day: Int, _ clock: Clock, now: Timestamp) -> Found? {
        let year = CivilDate(daysSinceEpoch: Int(now.nanoseconds / 86_400_000_000_000)).year
        let latest = now.adding(nanoseconds: 86_400_000_000_000)
        // The 29th of February may be up to eight years back.
        for candidate in stride(from: year + 1, through: year - 8, by: -1) {
            if let found = local(candidate, month, day, clock), found.time <= latest { return found }
        }
        return nil
    }

    private func seconds(_ year: Int, _ month: Int, _ day: Int, _ clock: Clock) -> Int64? {
        let date = CivilDate(year: year, month: month, day: day)
        guard year > 0, date.isValid else { return nil }
        return Int64(date.daysSinceEpoch) * 86_400 + Int64(clock.secondsOfDay)
    }

    /// `Z`, `+02:00`, `-0330` right behind the clock, or ` +0200`, ` UTC`, ` GMT` after a blank.
    private func zone(_ line: LineBytes, _ start: Int) -> (offset: Int, end: Int)? {
        var index = start
        if line[index] == 0x5A || line[index] == 0x7A, !line.isLetter(index + 1) { return (0, index + 1) }
        if line[index] == 0x20 {
            index += 1
            let isUTC = line[index] == 0x55 && line[index + 1] == 0x54 && line[index + 2] == 0x43
            let isGMT = line[index] == 0x47 && line[index + 1] == 0x4D && line[index + 2] == 0x54
            if isUTC || isGMT, !line.isLetter(index + 3) { return (0, index + 3) }
        }
        guard line[index] == 0x2B || line[index] == 0x2D else { return nil }
        let hasColon = line[index + 3] == 0x3A
        let end = index + (hasColon ? 6 : 5)
        guard !line.isDigit(end), let offset = unsafe Timestamp.zoneOffset(line.slice(index..<min(end, line.count)))
        else { return nil }
        return (offset, end)
    }

    private func shortYear(_ year: Int) -> Int { year < 0 ? -1 : year < 70 ? 2000 + year : 1900 + year }

    static func month(_ line: LineBytes, _ index: Int) -> Int? {
        let word = UInt32(line[index]) << 16 | UInt32(line[index + 1]) << 8 | UInt32(line[index + 2])
        return switch word | 0x202020 {
        case 0x6A616E: 1
        case 0x666562: 2
        case 0x6D6172: 3
        case 0x617072: 4
        case 0x6D6179: 5
        case 0x6A756E: 6
        case 0x6A756C: 7
        case 0x617567: 8
        case 0x736570: 9
        case 0x6F6374: 10
        case 0x6E6F76: 11
        case 0x646563: 12
        default: nil
        }
    }
}

/// `HH:MM:SS` with a fraction if there is one.
private struct Clock {
    var secondsOfDay: Int
    var nanoseconds: Int64 = 0
    var hasFraction = false
    var end: Int

    init?(hour: Int, minute: Int, second: Int, end: Int) {
        guard (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second) else { return nil }
        secondsOfDay = hour * 3600 + minute * 60 + second
        self.end = end
    }

    init?(_ line: LineBytes, _ start: Int) {
        guard line[start + 2] == 0x3A, line[start + 5] == 0x3A else { return nil }
        self.init(
            hour: line.number(start, 2), minute: line.number(start + 3, 2), second: line.number(start + 6, 2),
            end: start + 8)
        // A fourth group of digits right behind means that this is no clock.
        if line.isDigit(end) { return nil }
        guard line[end] == 0x2E || line[end] == 0x2C, line.isDigit(end + 1) else { return }
        hasFraction = true
        end += 1
        var scale: Int64 = 100_000_000
        while line.isDigit(end) {
            nanoseconds += Int64(line[end] - 0x30) * scale
            scale /= 10
            end += 1
        }
    }
}
