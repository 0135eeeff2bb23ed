import ByteCoding
import LogModel
import StoreFormat
import StoreTestSupport
import TestSupport
import Testing

@Suite struct SegmentTests {
    private func bytes(_ value: [UInt8], _ body: (UnsafeRawBufferPointer) -> Void) {
        value.withUnsafeBytes(body)
    }

    /// Batches with fields of many shapes: dense, sparse, few and many distinct values, empty and invalid ones.
    private func batches(_ count: Int, rows: Int, fields: Int, seed: UInt64) -> [EventBatch] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { number in
            var builder = EventBatchBuilder(labels: [.init("host", "h\(number % 3)")])
            let service = builder.name("service")
            let names = (0..<fields).map { builder.name("field-\($0)") }
            for row in 0..<rows {
                for (index, name) in names.enumerated() {
                    let dice = generator.next() % 16
                    if index % 4 == 0, dice > 0 { continue }
                    let length = index % 3 == 0 ? 2 : Int(generator.next() % 24)
                    let value = (0..<length).map { _ in
                        UInt8(truncatingIfNeeded: index % 3 == 0 ? generator.next() % 3 : generator.next())
                    }
                    bytes(value) { builder.add(field: name, value: $0) }
                }
                if generator.next() % 2 == 0 { bytes(Array("cart".utf8)) { builder.add(label: service, value: $0) } }
                let message = Array("row \(row) of \(generator.next() % 1_000) \u{0}\r".utf8) + [0xFF]
                let time = Timestamp(nanoseconds: Int64(bitPattern: generator.next()) >> 8)
                bytes(message) { builder.endEvent(time: time, level: .allCases.randomElement() ?? .info, message: $0) }
            }
            return builder.finish()
        }
    }

    private func segment(_ batches: [EventBatch]) throws -> [UInt8] {
        var builder = SegmentBuilder()
        for (index, batch) in batches.enumerated() {
            let ids = (0..<batch.count).map { RowID.make(position: UInt64(index + 10), row: $0) }
            try builder.append(batch, ids: ids, ingestBounds: Int64(index)...Int64(index))
        }
        let footer = try builder.finish()
        #expect(footer.rowCount == batches.reduce(0) { $0 + $1.count })
        var bytes: [UInt8] = []
        builder.output.withPending { bytes.append(contentsOf: $0) }
        return bytes
    }

    @Test(arguments: [(1, 1, 1), (3, 500, 9), (2, 40_000, 3), (2, 50, 700)])
    func anyEventsComeBackByteForByte(batchCount: Int, rows: Int, fields: Int) throws {
        let seed = drawSeed()
        let batches = batches(batchCount, rows: rows, fields: fields, seed: seed)
        let reader = try SegmentReader(MemoryBytes(content: try segment(batches)))
        try reader.verify()
        #expect(reader.footer.journalPositions == 10...UInt64(9 + batchCount))
        let expected = batches.flatMap { batch in (0..<batch.count).map { (batch, $0) } }
        var first = 0
        for block in reader.blocks {
            let all = RowBitmap(rowCount: block.rowCount, filled: true)
            let messages = try block.messages(all)
            let times = try block.times()
            let levels = try block.levels()
            let streamIndexes = try block.streamIndexes()
            let known = try reader.streams
            let ids = try block.ids()
            var columns: [String: ColumnData] = [:]
            for name in block.fieldNames { columns[name] = try block.column(name, all) }
            for row in 0..<block.rowCount {
                let (batch, origin) = expected[first + row]
                guard messages.value(at: row) == batch.bytes(of: batch.messages[origin]),
                    times[row] == batch.timestamps[origin], levels[row] == batch.levels[origin],
                    known[Int(streamIndexes[row])] == batch.streams[Int(batch.streamIndexes[origin])],
                    ids[row] & 0xFFFFF == UInt64(origin), block.timeBounds.contains(times[row])
                else {
                    Issue.record("row \(first + row) differs, seed \(seed)")
                    return
                }
                for index in 0..<fields {
                    let name = "field-\(index)"
                    let value = columns[name]?.value(at: row)
                    let wanted = batch.fields[Int(batch.fieldStarts[origin])..<Int(batch.fieldStarts[origin + 1])]
                        .last { batch.fieldNames[Int($0.name)] == name }.map { batch.bytes(of: $0.value) }
                    if value != wanted {
                        Issue.record("\(name) of row \(first + row) differs, seed \(seed)")
                        return
                    }
                }
            }
            first += block.rowCount
        }
        #expect(first == expected.count)
    }

    @Test func onlyChunksWithCandidatesAreDecoded() throws {
        let reader = try SegmentReader(
            MemoryBytes(content: try segment(batches(1, rows: 20_000, fields: 0, seed: 3))))
        let block = reader.blocks[0]
        var wanted = RowBitmap(rowCount: block.rowCount, filled: false)
        wanted.insert(9_000)
        let some = try block.messages(wanted)
        let all = try block.messages(RowBitmap(rowCount: block.rowCount, filled: true))
        #expect(some.value(at: 9_000) == all.value(at: 9_000))
        #expect(some.value(at: 0) == nil)
        #expect(some.arena.count < all.arena.count / 3)
    }

    @Test func aFlippedByteIsNoticedAndNeverTraps() throws {
        let bytes = try segment(batches(2, rows: 60, fields: 4, seed: 5))
        for index in bytes.indices where index % 3 == 0 {
            var damaged = bytes
            damaged[index] ^= 0x10
            // Bytes 10 to 15 of the header are flags and reserved: nothing depends on them yet.
            if (10..<16).contains(index) { continue }
            #expect(throws: (any Error).self, "byte \(index)") {
                try SegmentReader(MemoryBytes(content: damaged)).verify()
            }
        }
        for length in stride(from: 0, to: bytes.count, by: 7) {
            #expect(throws: (any Error).self, "\(length) bytes") {
                try SegmentReader(MemoryBytes(content: Array(bytes[..<length])))
            }
        }
    }
}

@Suite struct RowBitmapTests {
    @Test func agreesWithASet() {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for rowCount in [1, 63, 64, 65, 1_000] {
            var bitmap = RowBitmap(rowCount: rowCount, filled: false)
            var set: Set<Int> = []
            for _ in 0..<200 {
                let row = Int(generator.next() % UInt64(rowCount))
                if generator.next() % 3 == 0 {
                    bitmap.remove(row)
                    set.remove(row)
                } else {
                    bitmap.insert(row)
                    set.insert(row)
                }
            }
            #expect(bitmap.rows == set.sorted() && bitmap.count == set.count, "seed \(seed)")
            for _ in 0..<50 {
                let low = Int(generator.next() % UInt64(rowCount))
                let high = low + Int(generator.next() % UInt64(rowCount - low + 1))
                #expect(bitmap.containsAny(in: low..<high) == (low..<high).contains { set.contains($0) })
            }
            var all = RowBitmap(rowCount: rowCount, filled: true)
            #expect(all.count == rowCount)
            all.subtract(bitmap)
            #expect(all.count == rowCount - set.count)
        }
    }
}
