import ByteCoding
import LogModel
import StoreFormat
import StoreTestSupport
import WireProtocol
import ZstdCodec

/// Decodes a batch, encodes it again, and puts its events through a segment.
func feedBatch(_ input: UnsafeRawBufferPointer) {
    guard let batch = try? BatchCodec.decode(input) else { return }
    checkIntegrity(of: batch)
    var first = ByteWriter()
    BatchCodec.encode(batch, into: &first)
    var second = ByteWriter()
    let again = first.withBytes { try? BatchCodec.decode($0) }
    if let again { BatchCodec.encode(again, into: &second) }
    precondition(first.array() == second.array(), "a batch changes when it is encoded")
    // The gateway refuses what names a field or a stream twice, so that no segment ever sees it.
    guard batch.count > 0, Set(batch.fieldNames).count == batch.fieldNames.count,
        Set(batch.streams).count == batch.streams.count
    else { return }
    checkSegment(of: batch)
}

/// What a segment gives back must be what was put in.
private func checkSegment(of batch: EventBatch) {
    guard let content = try? segment(of: [batch]), let reader = try? SegmentReader(MemoryBytes(content: content)) else {
        preconditionFailure("a segment that was just written cannot be opened")
    }
    var row = 0
    for block in reader.blocks {
        let all = RowBitmap(rowCount: block.rowCount, filled: true)
        guard let messages = try? block.messages(all), let times = try? block.times(), let levels = try? block.levels(),
            let streams = try? block.streamIndexes(), let known = try? block.streams
        else { preconditionFailure("a segment that was just written cannot be read") }
        for index in 0..<block.rowCount {
            let message = batch.messages[row]
            precondition(
                messages.value(at: index) == Array(batch.arena[Int(message.offset)..<message.end]), "another message")
            precondition(times[index] == batch.timestamps[row] && levels[index] == batch.levels[row], "another time")
            precondition(
                known[Int(streams[index])] == batch.streams[Int(batch.streamIndexes[row])], "another stream")
            row += 1
        }
        checkFields(block, all, of: batch, from: row - block.rowCount)
    }
    precondition(row == batch.count, "other rows than were written")
}

/// Of a field that a row has twice, the last value counts.
private func checkFields(_ block: any BlockSource, _ all: RowBitmap, of batch: EventBatch, from first: Int) {
    for (number, name) in batch.fieldNames.enumerated() {
        guard let column = try? block.column(name, all) else { continue }
        for index in 0..<block.rowCount {
            let fields = batch.fields[Int(batch.fieldStarts[first + index])..<Int(batch.fieldStarts[first + index + 1])]
            let value = fields.last { $0.name == UInt32(number) }?.value
            precondition(
                column.value(at: index) == value.map { Array(batch.arena[Int($0.offset)..<$0.end]) }, "another value")
        }
    }
}

func batchSeeds() -> [[UInt8]] {
    sampleBatches().map { batch in
        var writer = ByteWriter()
        BatchCodec.encode(batch, into: &writer)
        return writer.array()
    }
}

/// Small batches with fields and messages of many shapes.
func sampleBatches() -> [EventBatch] {
    let messages: [[UInt8]] = [
        [], Array("GET /cart/17 took 0.25 ms from 10.0.0.7".utf8), Array("GET /cart/18 took 1.5 ms from 10.0.0.8".utf8),
        Array("id=deadBEEF-0123 uuid 123e4567-e89b-12d3-a456-426614174000".utf8), [0x1A, 0xFF, 0x00], Array("ok".utf8),
    ]
    return [1, 6, 40].map { rows in
        var builder = EventBatchBuilder(labels: [.init("service", "cart"), .init("host", "h1")])
        let names = ["status", "path", "ms", "rare"].map { builder.name($0) }
        for row in 0..<rows {
            let values: [[UInt8]] = [
                Array("\(200 + row % 3)".utf8), Array("/p/\(row * 7919)".utf8), Array("\(row).\(row % 10)".utf8),
            ]
            for (name, value) in zip(names, values) { value.withUnsafeBytes { builder.add(field: name, value: $0) } }
            if row % 9 == 4 { [0xC3, 0x28].withUnsafeBytes { builder.add(field: names[3], value: $0) } }
            messages[row % messages.count].withUnsafeBytes {
                builder.endEvent(
                    time: Timestamp(nanoseconds: 1_750_000_000_000_000_000 + Int64(row) * 1_000_003), level: .info,
                    message: $0)
            }
        }
        return builder.finish()
    }
}

/// Decompresses within a bound, in both ways.
func feedZstd(_ input: UnsafeRawBufferPointer) {
    let limit = 1 << 20
    var decompressor = ZstdDecompressor()
    var length = 0
    try? decompressor.decompress(input, limit: limit) { length += $0.count }
    precondition(length <= limit, "more content than was allowed")
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { room.deallocate() }
    let count = (try? decompressor.decompress(input, into: room)) ?? 0
    precondition(count <= room.count, "more content than there was room")
    _ = zstdContentSize(input)
}

func zstdSeeds() throws -> [[UInt8]] {
    var compressor = ZstdCompressor(level: 3, checksum: true)
    let content = try compressor.compress(batchSeeds().last ?? [])
    let zeros = try compressor.compress([UInt8](repeating: 0, count: 100_000))
    return [content, zeros, content + zeros, []]
}
