package import LogModel
import WireProtocol
import ZstdCodec

extension SpoolRecord {
    /// The events of the batch, decoded: for what is rare.
    ///
    /// - Throws: `ZstdError` or `ByteCodingError` when it is damaged.
    package func decoded() throws -> EventBatch {
        var decompressor = ZstdDecompressor()
        let content = try decompressor.decompress(Array(payload[bodyStart...]), limit: contentBytes)
        return try content.withUnsafeBytes { try BatchCodec.decode($0) }
    }
}
