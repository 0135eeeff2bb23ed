import LogModel
import StoreFormat
import StoreTestSupport
import Testing

/// Taking a segment apart into batches, and copying its blocks into another.
@Suite struct RewritingTests {
    private func batch(_ streams: [String], rows: Int) -> EventBatch {
        var builder = EventBatchBuilder()
        let (service, host) = (builder.name("service"), builder.name("host"))
        let (zone, number) = (builder.name("zone"), builder.name("number"))
        for row in 0..<rows {
            let name = streams[row % streams.count]
            for (label, value) in [(service, name), (host, "h-\(name)")] {
                Array(value.utf8).withUnsafeBytes { builder.add(label: label, value: $0) }
            }
            // Follows from the stream, and only some streams have it: kept by stream, not by row.
            if name != "c" { Array("zone of \(name)".utf8).withUnsafeBytes { builder.add(field: zone, value: $0) } }
            Array("\(row)".utf8).withUnsafeBytes { builder.add(field: number, value: $0) }
            Array("message \(row)".utf8).withUnsafeBytes {
                builder.endEvent(time: Timestamp(nanoseconds: Int64(row)), level: .info, message: $0)
            }
        }
        return builder.finish()
    }

    private func segment(_ batches: [EventBatch]) throws -> SegmentReader {
        var builder = SegmentBuilder()
        for (index, batch) in batches.enumerated() {
            let ids = (0..<batch.count).map { RowID.make(position: UInt64(index + 1), row: $0) }
            try builder.append(batch, ids: ids, ingestBounds: 5...9)
        }
        return try finish(&builder)
    }

    private func finish(_ builder: inout SegmentBuilder) throws -> SegmentReader {
        _ = try builder.finish()
        var bytes: [UInt8] = []
        builder.output.withPending { bytes.append(contentsOf: $0) }
        return try SegmentReader(MemoryBytes(content: bytes))
    }

    private func rows(_ segment: SegmentReader) throws -> [[String: [UInt8]]] {
        var rows: [[String: [UInt8]]] = []
        for index in segment.footer.blocks.indices {
            let (batch, ids) = try segment.events(ofBlock: index)
            for row in 0..<batch.count {
                var event = ["id": Array("\(ids[row])".utf8), "message": batch.bytes(of: batch.messages[row])]
                for name in ["service", "host", "zone", "number"] { event[name] = batch.value(of: name, at: row) }
                event["time and level"] = Array("\(batch.timestamps[row]) \(batch.levels[row])".utf8)
                rows.append(event)
            }
        }
        return rows
    }

    @Test func eventsComeOutOfABlockAsTheyWentIn() throws {
        let segment = try segment([batch(["a", "b", "c"], rows: 600), batch(["b", "d"], rows: 300)])
        let all = try rows(segment)
        #expect(all.count == 900)
        #expect(all[7]["zone"] == Array("zone of b".utf8) && all[8]["zone"] == nil && all[7]["number"] == [0x37])
        var wanted = RowBitmap(rowCount: 900, filled: false)
        for row in [2, 5, 899] { wanted.insert(row) }
        let (some, ids) = try segment.events(ofBlock: 0, rows: wanted)
        #expect(ids == [(1, 2), (1, 5), (2, 299)].map { RowID.make(position: $0, row: $1) })
        #expect(some.streams.map { $0.value(of: "service") } == [Array("c".utf8), Array("d".utf8)])
        #expect(some.message(at: 1) == "message 5" && some.value(of: "zone", at: 0) == nil)
    }

    @Test func aCopiedBlockHoldsTheSameUnderOtherStreamNumbers() throws {
        let source = try segment([batch(["a", "b", "c"], rows: 600)])
        let others = batch(["x", "y"], rows: 3)
        var builder = SegmentBuilder(streams: try others.streams + source.streams)
        #expect(try builder.copy(block: 0, of: source))
        try builder.append(others, ids: (0..<3).map { RowID.make(position: 9, row: $0) }, ingestBounds: 1...2)
        #expect(try builder.copy(block: 0, of: source))
        #expect(builder.rowCount == 1_203)
        let target = try finish(&builder)
        try target.verify()
        let (old, new) = (try rows(source), try rows(target))
        #expect(Array(new[..<600]) == old && Array(new[603...]) == old)
        #expect(target.footer.ingestBounds == 1...9 && target.footer.blocks.count == 3)
        // All but the numbers of the streams is the same to the byte.
        #expect(target.footer.blocks[0].messages.checksum == source.footer.blocks[0].messages.checksum)
        #expect(target.footer.blocks[0].extras.map(\.checksum) == source.footer.blocks[0].extras.map(\.checksum))
    }

    @Test func aBlockIsNotCopiedWhereItsStreamsHaveAnotherOrder() throws {
        let source = try segment([batch(["a", "b", "c"], rows: 600)])
        var builder = SegmentBuilder(streams: try source.streams.reversed())
        #expect(try !builder.copy(block: 0, of: source))
        #expect(builder.rowCount == 0)
        let events = try source.events(ofBlock: 0)
        try builder.append(events.batch, ids: events.ids, ingestBounds: source.footer.ingestBounds)
        #expect(try rows(finish(&builder)) == rows(source))
    }

    @Test func aDamagedSectionIsNotCopied() throws {
        var content: [UInt8] = []
        do {
            var builder = SegmentBuilder()
            let events = batch(["a"], rows: 50)
            try builder.append(events, ids: (0..<50).map { RowID.make(position: 1, row: $0) }, ingestBounds: 0...0)
            _ = try builder.finish()
            builder.output.withPending { content.append(contentsOf: $0) }
        }
        let tail = Int(try SegmentReader(MemoryBytes(content: content)).footer.tailOffset)
        for offset in stride(from: SegmentBuilder.headerBytes, to: tail, by: 7) {
            var damaged = content
            damaged[offset] ^= 0x40
            let source = try SegmentReader(MemoryBytes(content: damaged))
            var builder = SegmentBuilder()
            #expect(throws: StoreFormatError.self) { _ = try builder.copy(block: 0, of: source) }
            #expect(throws: StoreFormatError.self) { try source.events(ofBlock: 0) }
        }
    }
}
