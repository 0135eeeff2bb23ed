import LogModel

/// Reads the level of a plain line, where one plainly stands there; otherwise `.unknown`.
///
/// In this order: the priority of syslog (`<3>`); the letter at its place in Android's log; `level=warn` and its like; a
/// word in capitals (`ERROR`, `WARN`, ...), a word in brackets in any case (`[notice]`, `[core:error]`), or the first
/// word behind the time in any case, if it stands alone.
enum LevelGuess {
    /// How far into the line a level is looked for: further on it is rather part of what the line tells.
    static let searchedBytes = 200

    static func level(of line: LineBytes, after time: TimeGuess.Found?) -> Level {
        if line[0] == 0x3C, let level = priority(line) { return level }
        let start = time?.end ?? 0
        if time?.isLogcat == true, let level = logcat(line, start) { return level }
        return word(line, from: start, hasTime: time != nil)
    }

    /// RFC 5424, 6.2.1: the severity is the priority modulo 8.
    private static func priority(_ line: LineBytes) -> Level? {
        let close = line.endOfDigits(1)
        guard line[close] == 0x3E, close > 1, close <= 4 else { return nil }
        let value = line.number(1, close - 1)
        guard value <= 191 else { return nil }
        switch value & 7 {
        case 0...2: return .fatal
        case 3: return .error
        case 4: return .warn
        case 5, 6: return .info
        default: return .debug
        }
    }

    /// `03-17 16:13:38.811  1702  2395 D WindowManager: ...`
    private static func logcat(_ line: LineBytes, _ start: Int) -> Level? {
        let process = line.endOfBlanks(start)
        let processEnd = line.endOfDigits(process)
        let thread = line.endOfBlanks(processEnd)
        let threadEnd = line.endOfDigits(thread)
        let letter = line.endOfBlanks(threadEnd)
        guard processEnd > process, threadEnd > thread, letter > threadEnd, line[letter + 1] == 0x20 else { return nil }
        switch line[letter] {
        case 0x56: return .trace
        case 0x44: return .debug
        case 0x49: return .info
        case 0x57: return .warn
        case 0x45: return .error
        case 0x46: return .fatal
        default: return nil
        }
    }

    private static func word(_ line: LineBytes, from start: Int, hasTime: Bool) -> Level {
        let limit = min(line.count, searchedBytes)
        var index = start
        var isFirst = hasTime
        while index < limit {
            guard line.isLetter(index) else {
                index += 1
                continue
            }
            var end = index + 1
            var isCapital = line[index] & 0x20 == 0
            while line.isLetter(end) {
                isCapital = isCapital && line[end] & 0x20 == 0
                end += 1
            }
            if end - index <= 9, let level = level(line, index..<end, isCapital: isCapital, isFirst: isFirst) {
                return level
            }
            if end - index >= 3, end - index <= 8, let level = assignment(line, index..<end) { return level }
            isFirst = false
            index = end
        }
        return .unknown
    }

    private static func level(_ line: LineBytes, _ word: Range<Int>, isCapital: Bool, isFirst: Bool) -> Level? {
        let before = line[word.lowerBound - 1]
        let behind = line[word.upperBound]
        // Part of a name, a path, a number or an identifier: no word of its own.
        switch before {
        case 0, 0x20, 0x09, 0x5B, 0x28, 0x3A, 0x7C, 0x3C, 0x2C, 0x5D: break
        default: return nil
        }
        switch behind {
        case 0, 0x20, 0x09, 0x5D, 0x29, 0x3A, 0x7C, 0x3E, 0x2C, 0x0D: break
        default: return nil
        }
        let isBracketed = (before == 0x5B || before == 0x3A) && behind == 0x5D
        guard isCapital || isBracketed || isFirst, word.count >= 3 else { return nil }
        return named(line, word, isBracketed: isBracketed)
    }

    /// `level=warn`, `lvl=warn`, `severity="WARN"`.
    private static func assignment(_ line: LineBytes, _ key: Range<Int>) -> Level? {
        guard line[key.upperBound] == 0x3D,
            matches(line, key, "level") || matches(line, key, "lvl")
                || matches(line, key, "severity") || matches(line, key, "loglevel")
        else { return nil }
        let start = key.upperBound + (line[key.upperBound + 1] == 0x22 ? 2 : 1)
        var end = start
        while line.isLetter(end) { end += 1 }
        let level = unsafe Level(parsing: line.slice(start..<end))
        return level == .unknown ? nil : level
    }

    /// The level that a whole word names. Words that also mean other things count only in brackets.
    private static func named(_ line: LineBytes, _ word: Range<Int>, isBracketed: Bool) -> Level? {
        switch line[word.lowerBound] | 0x20 {
        case 0x74: return matches(line, word, "trace") ? .trace : nil
        case 0x64: return matches(line, word, "debug") || matches(line, word, "dbg") ? .debug : nil
        case 0x69: return matches(line, word, "info") ? .info : nil
        case 0x6E: return matches(line, word, "notice") ? .info : nil
        case 0x77: return matches(line, word, "warn") || matches(line, word, "warning") ? .warn : nil
        case 0x65:
            if matches(line, word, "error") || matches(line, word, "err") { return .error }
            return isBracketed && (matches(line, word, "emerg") || matches(line, word, "emergency")) ? .fatal : nil
        case 0x73: return matches(line, word, "severe") ? .error : nil
        case 0x66: return matches(line, word, "fatal") ? .fatal : nil
        case 0x63: return matches(line, word, "critical") || matches(line, word, "crit") ? .fatal : nil
        case 0x61: return isBracketed && matches(line, word, "alert") ? .fatal : nil
        case 0x70: return isBracketed && matches(line, word, "panic") ? .fatal : nil
        default: return nil
        }
    }

    private static func matches(_ line: LineBytes, _ word: Range<Int>, _ name: StaticString) -> Bool {
        guard word.count == name.utf8CodeUnitCount else { return false }
        return name.withUTF8Buffer { expected in
            for offset in 0..<word.count where unsafe line[word.lowerBound + offset] | 0x20 != expected[offset] {
                return false
            }
            return true
        }
    }
}
