internal import ByteCoding

extension ReusableBuffer<UInt8> {
    /// Appends all bytes of an array.
    mutating func append(contentsOf bytes: [UInt8]) {
        reserve(bytes.count)
        for byte in bytes { appendReserved(byte) }
    }

    /// A copy of the bytes.
    func array() -> [UInt8] {
        unsafe [UInt8](UnsafeBufferPointer(start: pointer, count: count))
    }
}
