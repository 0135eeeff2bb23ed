import LogModel
import StoreFormat
import StoreTestSupport
import Testing

/// Segments with many streams: the table of streams is not held by the reader.
@Suite struct WideStreamsTests {
    private func content(streams: Int) throws -> [UInt8] {
        var batch = EventBatchBuilder(labels: [])
        let (pod, app) = (batch.name("pod"), batch.name("app"))
        for number in 0..<streams {
            Array("pod-\(number)".utf8).withUnsafeBytes { batch.add(label: pod, value: $0) }
            Array("a".utf8).withUnsafeBytes { batch.add(label: app, value: $0) }
            Array("m".utf8).withUnsafeBytes {
                batch.endEvent(time: Timestamp(nanoseconds: Int64(number)), level: .info, message: $0)
            }
        }
        let finished = batch.finish()
        var builder = SegmentBuilder()
        let ids = (0..<finished.count).map { RowID.make(position: 1, row: $0) }
        try builder.append(finished, ids: ids, ingestBounds: 0...0)
        _ = try builder.finish()
        var bytes: [UInt8] = []
        builder.output.withPending { bytes.append(contentsOf: $0) }
        return bytes
    }

    @Test(arguments: [0, 1 << 20, 64 << 20])
    func manyStreamsAreReadWhenTheyAreAskedFor(cacheBytes: Int) throws {
        let bytes = try content(streams: 2_000)
        let cache = BlockCache(maxBytes: cacheBytes)
        let reader = try SegmentReader(MemoryBytes(content: bytes), cache: cache)
        #expect(reader.streamCount == 2_000 && reader.streamBytes > 2_000 * 100)
        #expect(reader.memoryBytes < reader.streamBytes / 4)
        for _ in 0..<2 {
            let streams = try reader.streams
            #expect(streams.map { $0.value(of: "pod") }.count == 2_000)
            #expect(Set(streams).count == 2_000)
        }
        let block = try #require(reader.blocks.first)
        #expect(block.streamBytes == reader.streamBytes)
        #expect(try block.labels("pod").entries.count == 2_001)
        #expect(try block.labelNames == ["app", "pod"])
        #expect(try block.streamIndexes().count == 2_000)
        #expect(cache.statistics.bytes <= cacheBytes)
    }

    @Test func fewStreamsAreHeld() throws {
        let reader = try SegmentReader(MemoryBytes(content: try content(streams: 20)), cache: BlockCache(maxBytes: 0))
        #expect(try reader.streams.count == 20 && reader.streamBytes == 0)
        let held = try SegmentReader(
            MemoryBytes(content: try content(streams: 2_000)), cache: BlockCache(maxBytes: 0), holdsStreams: true)
        #expect(try held.streams.count == 2_000 && held.streamBytes == 0)
    }
}
