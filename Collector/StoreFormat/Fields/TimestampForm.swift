internal import ByteCoding
internal import LogModel

/// How the times of a column are spelled: date, a separator, time of day, digits of a fraction, and what is behind.
struct TimestampForm: Equatable {
    private static let mostSuffixBytes = 8
    /// Bytes up to the seconds.
    private static let secondsEnd = 19

    /// "T" or a space.
    let separator: UInt8
    /// Digits behind the point, 0 to 9.
    let digits: Int
    /// "Z", an offset, or nothing: the same for all.
    let suffix: [UInt8]

    /// The form of all values of a column, and their times as if they were UTC, nanoseconds; nil when they have none in
    /// common, or would not come back byte for byte.
    static func find(_ column: borrowing ColumnBuilder, times: inout ReusableBuffer<Int64>) -> TimestampForm? {
        times.removeAll()
        return unsafe column.bytes.withBytes { bytes in
            guard let length = column.lengths.first,
                let form = unsafe TimestampForm(UnsafeRawBufferPointer(rebasing: bytes[..<Int(length)]))
            else { return nil }
            var writer = ByteWriter(capacity: 64)
            var offset = 0
            for other in column.lengths {
                let value = unsafe UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + Int(other))])
                offset += Int(other)
                guard other == length,
                    let time = unsafe Timestamp(
                        rfc3339: UnsafeRawBufferPointer(rebasing: value.dropLast(form.suffix.count)))
                else { return nil }
                writer.removeAll()
                form.write(time.nanoseconds, to: &writer)
                guard unsafe writer.withBytes({ unsafe $0.elementsEqual(value) }) else { return nil }
                times.append(time.nanoseconds)
            }
            return form
        }
    }

    private init?(_ value: UnsafeRawBufferPointer) {
        guard value.count >= Self.secondsEnd, unsafe value[10] == 0x54 || value[10] == 0x20 else { return nil }
        separator = unsafe value[10]
        var end = Self.secondsEnd
        if unsafe value.count > end && value[end] == 0x2E {
            end += 1
            while end < value.count, unsafe DecimalForm.isDigit(value[end]) { end += 1 }
        }
        digits = max(0, end - Self.secondsEnd - 1)
        suffix = unsafe Array(value[end...])
        guard digits <= 9, suffix.count <= Self.mostSuffixBytes else { return nil }
    }

    /// Appends the text of a time.
    func write(_ nanoseconds: Int64, to writer: inout ByteWriter) {
        let start = writer.count
        Timestamp(nanoseconds: nanoseconds).write(to: &writer, fractionDigits: digits)
        writer.overwrite(at: start + 10, littleEndian: separator)
        // All but the "Z".
        writer.truncate(to: writer.count - 1)
        writer.append(contentsOf: suffix)
    }

    func encode(into writer: inout ByteWriter) {
        writer.append(separator)
        writer.append(UInt8(digits))
        unsafe suffix.withUnsafeBytes { unsafe writer.append(lengthPrefixed: $0) }
    }

    init(from reader: inout ByteReader) throws(ByteCodingError) {
        separator = unsafe try reader.byte()
        digits = unsafe Int(try reader.byte())
        suffix = unsafe Array(try reader.lengthPrefixed())
        guard digits <= 9, suffix.count <= Self.mostSuffixBytes else {
            throw unsafe .invalid(offset: reader.offset, what: "no form of times")
        }
    }
}
