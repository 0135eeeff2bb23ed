/// A growing buffer of bytes that owns its memory: every encoder of Lodge appends to one of these.
///
/// Integers are little-endian. Growth is by a factor, so appending is O(1) amortised. A writer is reused by calling
/// ``removeAll()``, which keeps the memory. Not shared between threads: it is a value with a single owner.
@safe
public struct ByteWriter: ~Copyable {
    @usableFromInline var storage: UnsafeMutablePointer<UInt8>
    /// Bytes that fit without growing.
    @inlinable public var capacity: Int { _capacity }
    @usableFromInline var _capacity: Int
    /// Bytes written so far.
    @inlinable public var count: Int { _count }
    @usableFromInline var _count: Int

    /// Makes an empty writer with room for `capacity` bytes (at least 16).
    @inlinable
    public init(capacity: Int = 256) {
        _capacity = max(16, capacity)
        unsafe storage = UnsafeMutablePointer<UInt8>.allocate(capacity: _capacity)
        _count = 0
    }

    @inlinable
    deinit {
        unsafe storage.deallocate()
    }

    /// Forgets the content and keeps the memory.
    @inlinable
    public mutating func removeAll() {
        _count = 0
    }

    /// Makes room for `extra` more bytes, so that the next appends do not grow the buffer.
    @inlinable
    public mutating func reserve(_ extra: Int) {
        if _count + extra > _capacity { grow(extra) }
    }

    @usableFromInline
    mutating func grow(_ extra: Int) {
        unsafe ByteCoding.grow(&storage, &_capacity, count: _count, extra: extra)
    }

    /// Appends one byte.
    @inlinable
    public mutating func append(_ byte: UInt8) {
        reserve(1)
        unsafe storage[_count] = byte
        _count += 1
    }

    /// Appends an integer in its full width, little-endian.
    @inlinable
    public mutating func append<T: FixedWidthInteger>(littleEndian value: T) {
        let width = MemoryLayout<T>.size
        reserve(width)
        // SAFETY: reserve made room for `width` bytes at `_count`.
        unsafe UnsafeMutableRawPointer(storage + _count).storeBytes(of: value.littleEndian, as: T.self)
        _count += width
    }

    /// Appends an unsigned LEB128 varint: 7 bits a byte, low bits first, 10 bytes at most.
    @inlinable
    public mutating func append(varint value: UInt64) {
        reserve(10)
        var rest = value
        while rest >= 0x80 {
            unsafe storage[_count] = UInt8(truncatingIfNeeded: rest) | 0x80
            _count += 1
            rest >>= 7
        }
        unsafe storage[_count] = UInt8(truncatingIfNeeded: rest)
        _count += 1
    }

    /// Appends a signed varint, zigzag-encoded so that small magnitudes stay short.
    @inlinable
    public mutating func append(zigzag value: Int64) {
        append(varint: UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    /// Appends raw bytes.
    @inlinable
    public mutating func append(contentsOf bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        reserve(bytes.count)
        // SAFETY: reserve made room; the source is a valid buffer of the caller and cannot overlap our own memory.
        unsafe UnsafeMutableRawPointer(storage + _count).copyMemory(from: base, byteCount: bytes.count)
        _count += bytes.count
    }

    /// Appends raw bytes, as ``append(contentsOf:)-(UnsafeRawBufferPointer)`` does, quicker for up to 64 of them.
    @inlinable
    public mutating func append(short bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        reserve(bytes.count)
        // SAFETY: reserve made room; the source is a valid buffer of the caller and cannot overlap our own memory.
        unsafe copyBytes(from: base, to: storage + _count, count: bytes.count)
        _count += bytes.count
    }

    /// Appends an array of bytes.
    @inlinable
    public mutating func append(contentsOf bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe append(contentsOf: $0) }
    }

    /// Appends the UTF-8 of a string.
    @inlinable
    public mutating func append(utf8 string: String) {
        var copy = string
        copy.withUTF8 { unsafe append(contentsOf: UnsafeRawBufferPointer($0)) }
    }

    /// Appends a varint length and then the bytes.
    @inlinable
    public mutating func append(lengthPrefixed bytes: UnsafeRawBufferPointer) {
        append(varint: UInt64(bytes.count))
        unsafe append(contentsOf: bytes)
    }

    /// Appends a varint length and then the UTF-8 of a string.
    @inlinable
    public mutating func append(lengthPrefixed string: String) {
        var copy = string
        copy.withUTF8 { unsafe append(lengthPrefixed: UnsafeRawBufferPointer($0)) }
    }

    /// Writes an integer over bytes already written, at `offset`; used to fill in lengths afterwards.
    ///
    /// - Precondition: the integer lies within what has been written.
    @inlinable
    public mutating func overwrite<T: FixedWidthInteger>(at offset: Int, littleEndian value: T) {
        precondition(offset >= 0 && offset + MemoryLayout<T>.size <= _count, "overwrite outside of what was written")
        unsafe UnsafeMutableRawPointer(storage + offset).storeBytes(of: value.littleEndian, as: T.self)
    }

    /// Cuts the content back to its first `length` bytes.
    ///
    /// - Precondition: `length` is at most ``count``.
    @inlinable
    public mutating func truncate(to length: Int) {
        precondition(length >= 0 && length <= _count, "cannot truncate to more than was written")
        _count = length
    }

    /// Lends up to `room` bytes past the end to `body`, which returns how many of them it filled.
    @inlinable
    public mutating func append<E: Error>(
        room: Int, _ body: (UnsafeMutableRawBufferPointer) throws(E) -> Int
    ) throws(E) {
        reserve(room)
        let filled = unsafe try body(UnsafeMutableRawBufferPointer(start: storage + _count, count: room))
        precondition(filled >= 0 && filled <= room, "filled more than was lent")
        _count += filled
    }

    /// Lends the bytes written so far; they must not escape the call.
    @inlinable
    public borrowing func withBytes<R: ~Copyable, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        unsafe try body(UnsafeRawBufferPointer(start: storage, count: _count))
    }

    /// A copy of the bytes written so far.
    ///
    /// - Complexity: O(count)
    @inlinable
    public borrowing func array() -> [UInt8] {
        unsafe [UInt8](UnsafeBufferPointer(start: storage, count: _count))
    }
}
