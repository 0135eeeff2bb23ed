import ByteCoding
import LogModel
import StoreFormat
import StoreTestSupport
import Testing

@Suite("Stripping: a segment without what only makes searching faster")
struct StripTests {
    private func segment(rows: Int) throws -> [UInt8] {
        var events = EventBatchBuilder(labels: [.init("service", "cart")])
        let name = events.name("trace")
        for row in 0..<rows {
            Array("t\(row * 7_919)x".utf8).withUnsafeBytes { events.add(field: name, value: $0) }
            Array("request r\(row) took \(row % 90) ms".utf8).withUnsafeBytes {
                events.endEvent(time: Timestamp(nanoseconds: Int64(row)), level: .info, message: $0)
            }
        }
        var builder = SegmentBuilder()
        try builder.append(
            events.finish(), ids: (0..<rows).map { RowID.make(position: 9, row: $0) }, ingestBounds: 5...9)
        _ = try builder.finish(compactionLevel: 2, generation: 3, covering: 9...9)
        var bytes: [UInt8] = []
        builder.output.withPending { bytes.append(contentsOf: $0) }
        return bytes
    }

    private func open(_ bytes: [UInt8]) throws -> SegmentReader { try SegmentReader(MemoryBytes(content: bytes)) }

    @Test("Only the filters go: every other section is the same byte for byte, and it cannot be stripped again")
    func sections() throws {
        let before = try segment(rows: 70_000)
        let after = try stripped(before)
        let (old, new) = (try open(before), try open(after))
        try new.verify()
        let filters = SegmentStrip.bytes(of: old.footer)
        #expect(filters > 70_000 && SegmentStrip.bytes(of: new.footer) == 0 && SegmentStrip(new) == nil)
        #expect(before.count - after.count >= Int(filters))
        #expect(new.footer.generation == 4 && new.footer.compactionLevel == 2 && new.version == .newest)
        #expect(new.footer.rowCount == 70_000 && new.footer.journalPositions == 9...9)
        #expect(try new.streams == old.streams)
        #expect(new.footer.ingestBounds == old.footer.ingestBounds && new.footer.timeBounds == old.footer.timeBounds)
        #expect(try new.rollup() == old.rollup())
        for (one, other) in zip(old.footer.blocks, new.footer.blocks) {
            #expect(one.extras.contains { $0.kind == .filter })
            let kept = one.extras.filter { $0.kind != .filter }
            #expect(other.extras.map(\.kind) == kept.map(\.kind))
            #expect(other.extras.map(\.checksum) == kept.map(\.checksum))
            #expect(one.columns.map(\.section.checksum) == other.columns.map(\.section.checksum))
            for part: KeyPath<BlockDescription, SectionReference> in [\.times, \.ids, \.levels, \.streams, \.messages] {
                #expect(one[keyPath: part].checksum == other[keyPath: part].checksum)
            }
        }
        #expect(try stripped(after) == after)
    }

    @Test("The tail still has all that is about the segment, so that a stub can be made of it")
    func tail() throws {
        let after = try stripped(try segment(rows: 300))
        let footer = try open(after).footer
        let stub = Array(after[Int(footer.tailOffset)...])
        #expect(try SegmentReader.footer(atEndOf: MemoryBytes(content: stub)) == footer)
        #expect(footer.sections.allSatisfy { $0.offset >= footer.tailOffset } && !footer.sections.isEmpty)
        #expect(footer.blocks.allSatisfy { $0.messages.offset < footer.tailOffset })
    }

    @Test("Blocks that are copied into another segment stay stripped, those written anew have filters again")
    func merging() throws {
        let source = try open(try stripped(try segment(rows: 500)))
        for isCopied in [true, false] {
            var builder = SegmentBuilder(streams: try source.streams)
            if isCopied {
                #expect(try builder.copy(block: 0, of: source))
            } else {
                let (batch, ids) = try source.events(ofBlock: 0)
                try builder.append(batch, ids: ids, ingestBounds: 5...9)
            }
            let footer = try builder.finish()
            #expect((SegmentStrip.bytes(of: footer) == 0) == isCopied)
        }
    }

    @Test("A damaged section ends it")
    func damage() throws {
        var bytes = try segment(rows: 300)
        let messages = try open(bytes).footer.blocks[0].messages
        bytes[Int(messages.offset) + 3] ^= 0x40
        #expect(throws: StoreFormatError.self) { try stripped(bytes) }
    }
}
