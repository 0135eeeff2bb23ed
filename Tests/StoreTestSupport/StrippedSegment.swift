internal import ByteCoding
internal import StoreFormat

/// A segment without what only makes searching faster; the same one when there is nothing of it.
///
/// - Throws: `StoreFormatError` when the bytes are no segment, or a damaged one.
package func stripped(_ segment: [UInt8]) throws -> [UInt8] {
    guard let strip = SegmentStrip(try SegmentReader(MemoryBytes(content: segment))) else { return segment }
    var bytes: [UInt8] = []
    _ = try strip.write { bytes.append(contentsOf: $0.array()) }
    return bytes
}
