/// What was read of a block while a query worked on it.
package struct BlockReading: Equatable, Sendable {
    /// Sections that were read from the file or object.
    package var sections = 0
    /// Their bytes.
    package var bytes = 0
    /// Bytes that came of decompressing them, as far as that was done.
    package var decompressedBytes = 0
    /// Look-ups in the cache that found what was wanted.
    package var cacheHits = 0
    /// Look-ups that did not.
    package var cacheMisses = 0

    /// Nothing.
    package init() {}

    /// Adds what was read of another block.
    package static func += (left: inout BlockReading, right: BlockReading) {
        left.sections += right.sections
        left.bytes += right.bytes
        left.decompressedBytes += right.decompressedBytes
        left.cacheHits += right.cacheHits
        left.cacheMisses += right.cacheMisses
    }
}
