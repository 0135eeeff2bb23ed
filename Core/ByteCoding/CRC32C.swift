internal import CByteShims

/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78; RFC 3720 appendix B.4) of the bytes, going on from `seed`.
///
/// By instructions of the processor where it has them, else by tables.
/// - Complexity: O(bytes.count)
public func crc32c(_ bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
    hasInstructions
        ? ~(unsafe lodge_crc32c(~seed, bytes.baseAddress, bytes.count)) : unsafe crc32cByTables(bytes, seed: seed)
}

private let hasInstructions = lodge_has_crc32c() != 0

/// CRC-32C with eight table look-ups a step ("slicing by 8"), about 2 GB/s on one core.
func crc32cByTables(_ bytes: UnsafeRawBufferPointer, seed: UInt32) -> UInt32 {
    var crc = ~seed
    unsafe crc32cTables.withUnsafeBufferPointer { tables in
        var index = 0
        let count = bytes.count
        while count - index >= 8 {
            // SAFETY: eight bytes remain; each table index is a byte plus a multiple of 256 below 2048.
            let word = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let low = UInt32(truncatingIfNeeded: word) ^ crc
            let high = UInt32(truncatingIfNeeded: word >> 32)
            let first = unsafe tables[1792 + Int(low & 0xFF)] ^ tables[1536 + Int((low >> 8) & 0xFF)]
            let second = unsafe tables[1280 + Int((low >> 16) & 0xFF)] ^ tables[1024 + Int(low >> 24)]
            let third = unsafe tables[768 + Int(high & 0xFF)] ^ tables[512 + Int((high >> 8) & 0xFF)]
            let fourth = unsafe tables[256 + Int((high >> 16) & 0xFF)] ^ tables[Int(high >> 24)]
            crc = first ^ second ^ third ^ fourth
            index += 8
        }
        while index < count {
            unsafe crc = tables[Int((crc ^ UInt32(bytes[index])) & 0xFF)] ^ (crc >> 8)
            index += 1
        }
    }
    return ~crc
}

/// CRC-32C of an array of bytes.
public func crc32c(_ bytes: [UInt8], seed: UInt32 = 0) -> UInt32 {
    unsafe bytes.withUnsafeBytes { unsafe crc32c($0, seed: seed) }
}

private let crc32cTables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
        var crc = UInt32(byte)
        for _ in 0..<8 { crc = (crc & 1) == 1 ? (crc >> 1) ^ 0x82F6_3B78 : crc >> 1 }
        tables[byte] = crc
    }
    for slice in 1..<8 {
        for byte in 0..<256 {
            let previous = tables[(slice - 1) * 256 + byte]
            tables[slice * 256 + byte] = tables[Int(previous & 0xFF)] ^ (previous >> 8)
        }
    }
    return tables
}()
