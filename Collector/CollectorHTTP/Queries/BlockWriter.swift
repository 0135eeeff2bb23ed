import ByteCoding
import NIOCore
import QueryEngine

/// Gathers written rows until a piece is worth sending. A block may have many more rows than that.
final class BlockWriter {
    /// Bytes of a piece. The first is sent as soon as there is a row.
    private static let pieceBytes = 64 << 10
    /// Rows that are written before the bytes are looked at.
    private static let rowsAtOnce = 128
    private var writer = ByteWriter(capacity: 128 << 10)
    private var isFirst = true

    func append(
        _ block: ResultBlock, _ write: (ResultBlock, inout ByteWriter) -> Void, to channel: ChunkChannel
    ) -> Bool {
        var part = block
        var start = 0
        while start < block.rows.count {
            let end = min(start + Self.rowsAtOnce, block.rows.count)
            part.rows = Array(block.rows[start..<end])
            start = end
            write(part, &writer)
            guard writer.count >= Self.pieceBytes || isFirst && writer.count > 0 else { continue }
            isFirst = false
            if !flush(to: channel) { return false }
        }
        return true
    }

    func flush(to channel: ChunkChannel) -> Bool {
        let piece = writer.withBytes { ByteBuffer(bytes: $0) }
        writer.removeAll()
        return channel.send(piece)
    }
}
