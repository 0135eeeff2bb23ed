public import ByteCoding

/// Appends the content of a JSON string to `writer`, its escapes resolved; see ``unescapeJSON(_:to:)``.
public func unescapeJSON(_ raw: UnsafeRawBufferPointer, into writer: inout ByteWriter) throws(JSONError) {
    unsafe try writer.append(room: raw.count) { (room) throws(JSONError) in
        unsafe try unescapeJSON(raw, to: room)
    }
}

/// Writes the content of a JSON string, its escapes resolved, and returns its length: never more than `raw` has.
///
/// A surrogate without its partner becomes U+FFFD; bytes that are no valid UTF-8 pass through untouched, because log
/// lines are bytes.
///
/// - Parameters:
///   - raw: the bytes between the quotes.
///   - target: at least `raw.count` bytes that do not overlap `raw`.
/// - Returns: the bytes written.
/// - Throws: ``JSONError`` for an escape that JSON does not have; its offset counts from the start of `raw`.
public func unescapeJSON(
    _ raw: UnsafeRawBufferPointer, to target: UnsafeMutableRawBufferPointer
) throws(JSONError) -> Int {
    precondition(target.count >= raw.count, "room for the unescaped string")
    var index = 0
    var written = 0
    let count = raw.count
    while index < count {
        let byte = unsafe raw[index]
        if byte != 0x5C {
            unsafe target[written] = byte
            written += 1
            index += 1
            continue
        }
        guard index + 1 < count else { throw JSONError(offset: index, message: "escape is cut off") }
        let escape = unsafe raw[index + 1]
        index += 2
        var single = escape
        switch escape {
        case 0x22, 0x5C, 0x2F: break
        case 0x62: single = 0x08
        case 0x66: single = 0x0C
        case 0x6E: single = 0x0A
        case 0x72: single = 0x0D
        case 0x74: single = 0x09
        case 0x75:
            var unit = unsafe try hexUnit(raw, at: index)
            index += 4
            if unit >= 0xD800, unit <= 0xDBFF, index + 6 <= count, unsafe raw[index] == 0x5C,
                unsafe raw[index + 1] == 0x75
            {
                let low = unsafe try hexUnit(raw, at: index + 2)
                if low >= 0xDC00, low <= 0xDFFF {
                    unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
                    index += 6
                }
            }
            let scalar = Unicode.Scalar(unit) ?? "\u{FFFD}"
            for encoded in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                unsafe target[written] = encoded
                written += 1
            }
            continue
        default: throw JSONError(offset: index - 1, message: "no such escape in JSON")
        }
        unsafe target[written] = single
        written += 1
    }
    return written
}

private func hexUnit(_ raw: UnsafeRawBufferPointer, at offset: Int) throws(JSONError) -> UInt32 {
    guard offset + 4 <= raw.count else { throw JSONError(offset: offset, message: "\\u needs four hexadecimal digits") }
    var value: UInt32 = 0
    for index in offset..<(offset + 4) {
        let byte = unsafe raw[index]
        let digit: UInt8
        switch byte {
        case 0x30...0x39: digit = byte - 0x30
        case 0x41...0x46: digit = byte - 0x41 + 10
        case 0x61...0x66: digit = byte - 0x61 + 10
        default: throw JSONError(offset: index, message: "\\u needs four hexadecimal digits")
        }
        value = value << 4 | UInt32(digit)
    }
    return value
}
