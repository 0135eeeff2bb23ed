/// Why bytes could not be decoded. Decoders never trap on what they read; they throw this.
public enum ByteCodingError: Error, Equatable, Sendable {
    /// `wanted` more bytes were needed at `offset`, and there were only `available`.
    case truncated(offset: Int, wanted: Int, available: Int)
    /// A varint at `offset` was longer than 10 bytes or did not fit 64 bits.
    case varintTooLong(offset: Int)
    /// The value read before `offset` is impossible; `what` says which one and why.
    case invalid(offset: Int, what: StaticString)

    /// Two errors are equal when they name the same place and reason.
    public static func == (left: ByteCodingError, right: ByteCodingError) -> Bool {
        left.description == right.description
    }
}

extension ByteCodingError: CustomStringConvertible {
    /// A sentence without a full stop, to stand behind what was being read.
    public var description: String {
        switch self {
        case .truncated(let offset, let wanted, let available):
            "needs \(wanted) bytes at offset \(offset), only \(available) are left"
        case .varintTooLong(let offset): "varint at offset \(offset) is longer than 64 bits"
        case .invalid(let offset, let what): "\(what) before offset \(offset)"
        }
    }
}

/// Reads integers and byte runs from memory that somebody else owns. Bounds are checked before each read.
///
/// A reader must not outlive the buffer it was made from: it is used inside `withUnsafeBytes`.
@unsafe
public struct ByteReader {
    @usableFromInline let base: UnsafeRawBufferPointer
    @usableFromInline var position: Int

    /// Reads from the start of `bytes`.
    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer) {
        unsafe base = bytes
        unsafe position = 0
    }

    /// The offset of the next byte.
    @inlinable
    public var offset: Int { unsafe position }

    /// Bytes not read yet.
    @inlinable
    public var remaining: Int { unsafe base.count - position }

    @inlinable
    func check(_ wanted: Int) throws(ByteCodingError) {
        if wanted < 0 || wanted > (unsafe base.count - position) {
            throw unsafe .truncated(offset: position, wanted: wanted, available: base.count - position)
        }
    }

    /// Reads one byte.
    @inlinable
    public mutating func byte() throws(ByteCodingError) -> UInt8 {
        unsafe try check(1)
        defer { unsafe position += 1 }
        return unsafe base[position]
    }

    /// Reads a little-endian integer of its full width.
    @inlinable
    public mutating func littleEndian<T: FixedWidthInteger>(_ type: T.Type = T.self) throws(ByteCodingError) -> T {
        let width = MemoryLayout<T>.size
        unsafe try check(width)
        defer { unsafe position += width }
        return unsafe T(littleEndian: base.loadUnaligned(fromByteOffset: position, as: T.self))
    }

    /// Reads an unsigned varint.
    @inlinable
    public mutating func varint() throws(ByteCodingError) -> UInt64 {
        var result: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = unsafe try byte()
            if shift == 63 && next > 1 { throw unsafe .varintTooLong(offset: position) }
            result |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return result }
            shift += 7
            if shift > 63 { throw unsafe .varintTooLong(offset: position) }
        }
    }

    /// Reads a varint that must fit a non-negative `Int` no larger than `limit`: a count or a length.
    @inlinable
    public mutating func count(limit: Int) throws(ByteCodingError) -> Int {
        let value = unsafe try varint()
        if value > UInt64(limit) { throw unsafe .invalid(offset: position, what: "count over its limit") }
        return Int(value)
    }

    /// Reads a zigzag varint.
    @inlinable
    public mutating func zigzag() throws(ByteCodingError) -> Int64 {
        let value = unsafe try varint()
        return Int64(bitPattern: (value >> 1) ^ (0 &- (value & 1)))
    }

    /// The next `length` bytes, still in the owner's memory.
    @inlinable
    public mutating func bytes(_ length: Int) throws(ByteCodingError) -> UnsafeRawBufferPointer {
        unsafe try check(length)
        defer { unsafe position += length }
        return unsafe UnsafeRawBufferPointer(rebasing: base[position..<(position + length)])
    }

    /// A varint length and that many bytes.
    @inlinable
    public mutating func lengthPrefixed() throws(ByteCodingError) -> UnsafeRawBufferPointer {
        let length = unsafe try varint()
        guard length <= UInt64(unsafe remaining) else {
            throw unsafe .truncated(
                offset: position, wanted: Int(clamping: length), available: base.count - position)
        }
        return unsafe try bytes(Int(length))
    }

    /// A length-prefixed run as text; invalid UTF-8 is repaired with U+FFFD.
    @inlinable
    public mutating func lengthPrefixedString() throws(ByteCodingError) -> String {
        let run = unsafe try lengthPrefixed()
        return unsafe String(decoding: run, as: UTF8.self)
    }
}
