internal import ByteCoding

/// Goes over the pairs of a logfmt line: `level=info msg="a \"quoted\" text" took=12ms done`.
///
/// A value is bare up to the next blank, or in quotes with the escapes of JSON. A key without `=` is a flag with an
/// empty value.
@safe
public struct LogfmtScanner {
    /// A key and its value as they stand in the line.
    public struct Pair: Equatable, Sendable {
        /// Where the key stands.
        public var key: Range<Int>
        /// Where the value stands, without its quotes.
        public var value: Range<Int>
        /// Whether the value has escapes in it.
        public var hasEscapes: Bool
        /// Whether there was a `=`.
        public var hasValue: Bool
    }

    /// What follows in the line.
    public enum Step: Equatable, Sendable {
        case pair(Pair)
        case end
        /// What stands at the index is no pair.
        case malformed(at: Int)
    }

    private let line: LineBytes
    private var index = 0

    /// Makes a scanner of a line.
    public init(_ text: UnsafeRawBufferPointer) {
        unsafe line = LineBytes(text)
    }

    /// Goes on by one pair.
    public mutating func next() -> Step {
        index = line.endOfBlanks(index)
        if index >= line.count || (index == line.count - 1 && line[index] == 0x0D) { return .end }
        let start = index
        while index < line.count, line[index] > 0x20, line[index] != 0x3D, line[index] != 0x22 { index += 1 }
        let key = start..<index
        guard !key.isEmpty, line[index] != 0x22 else { return .malformed(at: index) }
        guard line[index] == 0x3D else {
            guard index == line.count || line[index] == 0x20 || line[index] == 0x09 || line[index] == 0x0D else {
                return .malformed(at: index)
            }
            return .pair(Pair(key: key, value: index..<index, hasEscapes: false, hasValue: false))
        }
        index += 1
        if line[index] == 0x22 { return quoted(key) }
        let first = index
        while index < line.count, line[index] != 0x20, line[index] != 0x09, line[index] != 0x22 {
            if line[index] == 0x0D, index == line.count - 1 { break }
            index += 1
        }
        guard line[index] != 0x22 else { return .malformed(at: index) }
        return .pair(Pair(key: key, value: first..<index, hasEscapes: false, hasValue: true))
    }

    private mutating func quoted(_ key: Range<Int>) -> Step {
        let start = index + 1
        var end = start
        var hasEscapes = false
        while end < line.count, line[end] != 0x22 {
            if line[end] == 0x5C {
                hasEscapes = true
                end += 1
            }
            end += 1
        }
        guard end < line.count else { return .malformed(at: index) }
        index = end + 1
        guard index == line.count || line[index] <= 0x20 else { return .malformed(at: index) }
        return .pair(Pair(key: key, value: start..<end, hasEscapes: hasEscapes, hasValue: true))
    }

    /// Writes a value with its escapes undone. Escapes that JSON does not know are kept as they stand.
    ///
    /// - Returns: how many bytes were written, at most as many as `raw` has.
    public static func unescape(_ raw: UnsafeRawBufferPointer, to target: UnsafeMutableRawBufferPointer) -> Int {
        do throws(JSONError) {
            return unsafe try unescapeJSON(raw, to: target)
        } catch {
            unsafe target.copyMemory(from: raw)
            return raw.count
        }
    }
}
