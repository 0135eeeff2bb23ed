import StoreFormat

/// A segment in memory, for tests, benchmarks and fuzzing.
package struct MemoryBytes: RandomAccessBytes {
    package var content: [UInt8]
    package var length: UInt64 { UInt64(content.count) }

    package init(content: [UInt8]) { self.content = content }

    package func read(at offset: UInt64, count: Int) throws -> [UInt8] {
        guard count >= 0, offset <= length, UInt64(count) <= length - offset else {
            throw StoreFormatError("read past the end")
        }
        return Array(content[Int(offset)..<(Int(offset) + count)])
    }
}
