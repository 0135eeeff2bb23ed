public import ByteCoding

/// Goes over the fields of one entry in systemd's Journal Export Format: `NAME=value` and a line feed, or `NAME`, a line
/// feed, the length of the value in eight bytes with the lowest first, the value, and a line feed.
///
/// Source: systemd's "Journal Export Formats".
@safe
public struct JournalExportReader {
    /// Where a field's name and its value stand.
    public struct Field: Equatable, Sendable {
        /// Not empty.
        public var name: Range<Int>
        /// Any bytes.
        public var value: Range<Int>
    }

    /// What follows in the entry.
    public enum Step: Equatable, Sendable {
        case field(Field)
        case end
        /// What stands at the index is no field.
        case malformed(at: Int)
    }

    private let line: LineBytes
    private var index = 0

    /// Makes a reader of an entry, with or without the empty line behind it.
    public init(_ entry: UnsafeRawBufferPointer) {
        unsafe line = LineBytes(entry)
    }

    /// Goes on by one field.
    public mutating func next() -> Step {
        let start = index
        if start >= line.count || (start == line.count - 1 && line[start] == 0x0A) { return .end }
        var end = start
        while end < line.count, line[end] != 0x3D, line[end] != 0x0A { end += 1 }
        guard end > start, end < line.count else { return .malformed(at: start) }
        let name = start..<end
        if line[end] == 0x3D {
            let first = end + 1
            end = first
            while end < line.count, line[end] != 0x0A { end += 1 }
            index = min(end + 1, line.count)
            return .field(Field(name: name, value: first..<end))
        }
        let first = end + 9
        guard first <= line.count else { return .malformed(at: start) }
        var length: UInt64 = 0
        for place in (1...8).reversed() { length = length << 8 | UInt64(line[end + place]) }
        guard length <= UInt64(line.count - first) else { return .malformed(at: start) }
        end = first + Int(length)
        guard end == line.count || line[end] == 0x0A else { return .malformed(at: start) }
        index = min(end + 1, line.count)
        return .field(Field(name: name, value: first..<end))
    }

    /// Appends a field, in the form with a length where the value has line feeds in it.
    ///
    /// - Parameters:
    ///   - name: without `=` and line feeds.
    ///   - value: any bytes.
    ///   - writer: gets it.
    public static func append(
        name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, to writer: inout ByteWriter
    ) {
        unsafe writer.append(contentsOf: name)
        if unsafe value.contains(0x0A) {
            writer.append(0x0A)
            writer.append(littleEndian: UInt64(value.count))
        } else {
            writer.append(0x3D)
        }
        unsafe writer.append(contentsOf: value)
        writer.append(0x0A)
    }
}
