/// Whether two runs of `count` bytes are the same. Meant for short ones, where calling `memcmp` costs more than it does.
///
/// - Parameters:
///   - left: `count` bytes.
///   - right: `count` bytes.
///   - count: how many.
/// - Returns: whether all agree.
@inlinable
public func areEqual(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer, count: Int) -> Bool {
    // SAFETY: every load below lies within the `count` bytes; where a rest is left, the last load overlaps the one before.
    if count >= 8 {
        var index = 0
        while index + 8 <= count {
            let one = unsafe left.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let two = unsafe right.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            if one != two { return false }
            index += 8
        }
        return unsafe left.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
            == right.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
    }
    if count >= 4 {
        let first = unsafe left.loadUnaligned(as: UInt32.self) ^ right.loadUnaligned(as: UInt32.self)
        let last =
            unsafe left.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
            ^ right.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
        return first | last == 0
    }
    for index in 0..<max(0, count) {
        let one = unsafe left.load(fromByteOffset: index, as: UInt8.self)
        let two = unsafe right.load(fromByteOffset: index, as: UInt8.self)
        if one != two { return false }
    }
    return true
}

/// Copies `count` bytes between places that do not overlap. Meant for short runs, where calling `memcpy` costs more than
/// it does.
@inlinable
public func copyBytes(from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, count: Int) {
    // SAFETY: every load and store below lies within the `count` bytes; the last ones overlap those before.
    if count >= 16 {
        if count > 64 {
            unsafe target.copyMemory(from: source, byteCount: count)
            return
        }
        var index = 0
        while index + 16 <= count {
            unsafe copy(SIMD16<UInt8>.self, from: source, to: target, at: index)
            index += 16
        }
        unsafe copy(SIMD16<UInt8>.self, from: source, to: target, at: count - 16)
    } else if count >= 8 {
        unsafe copy(UInt64.self, from: source, to: target, at: 0)
        unsafe copy(UInt64.self, from: source, to: target, at: count - 8)
    } else if count >= 4 {
        unsafe copy(UInt32.self, from: source, to: target, at: 0)
        unsafe copy(UInt32.self, from: source, to: target, at: count - 4)
    } else {
        for index in 0..<max(0, count) { unsafe copy(UInt8.self, from: source, to: target, at: index) }
    }
}

/// Copies one value that need not be aligned.
@inlinable
func copy<T: BitwiseCopyable>(
    _ type: T.Type, from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, at offset: Int
) {
    unsafe target.storeBytes(
        of: source.loadUnaligned(fromByteOffset: offset, as: T.self), toByteOffset: offset, as: T.self)
}
