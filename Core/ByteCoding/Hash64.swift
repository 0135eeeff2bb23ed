/// A 64-bit hash of the bytes for tables and membership filters: fast, well mixed, the same on every machine.
///
/// It folds 64x64 -> 128 bit products, after wyhash by Wang Yi (public domain). It is written into files, so it must
/// never change. It is no protection against chosen collisions: tables that outsiders fill must stay correct (only
/// slower) when values collide.
/// - Complexity: O(bytes.count)
@inlinable
public func hash64(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) -> UInt64 {
    let count = bytes.count
    var state = seed ^ 0xA076_1D64_78BD_642F
    var index = 0
    while count - index >= 16 {
        // SAFETY: sixteen bytes remain at `index`.
        let low = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        let high = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index + 8, as: UInt64.self))
        state = foldedProduct(low ^ 0xE703_7ED1_A0B4_28DB, high ^ state)
        index += 16
    }
    var low: UInt64 = 0
    var high: UInt64 = 0
    let rest = count - index
    if rest >= 8 {
        // SAFETY: at least eight bytes remain; the second load ends at the last byte.
        unsafe low = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        unsafe high = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self))
    } else if rest >= 4 {
        // SAFETY: four to seven bytes remain; the two loads overlap.
        unsafe low = UInt64(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self)))
        unsafe high = UInt64(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)))
    } else if rest > 0 {
        unsafe low = UInt64(bytes[index]) << 16 | UInt64(bytes[index + rest / 2]) << 8 | UInt64(bytes[count - 1])
    }
    state = foldedProduct(low ^ 0x8EBC_6AF0_9C88_C6E3, high ^ state)
    return foldedProduct(state ^ UInt64(truncatingIfNeeded: count), 0x5899_65CC_7537_4CC3)
}

/// The two halves of a 128-bit product, xored together.
@inlinable
func foldedProduct(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let product = left.multipliedFullWidth(by: right)
    return product.low ^ product.high
}
