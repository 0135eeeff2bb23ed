import LogModel
import StoreEngine
import StoreFormat
import SystemIO
import TestSupport
import Testing

/// Segments whose tail, with the filters of all blocks, is written away before the end.
@Suite struct LongTailTests {
    /// Events with eight values that are there once: half of such a segment is filters.
    ///
    /// - Returns: the events, and what the first field of each is.
    private func batch(
        _ position: UInt64, rows: Int, _ generator: inout SeededGenerator
    ) -> (events: EventBatch, firsts: [String]) {
        var builder = EventBatchBuilder()
        let names = (0..<8).map { builder.name("f\($0)") }
        var firsts: [String] = []
        for row in 0..<rows {
            for name in names {
                let value = "\(String(generator.next(), radix: 36))-\(String(generator.next(), radix: 36))z"
                if name == names[0] { firsts.append(value) }
                Array(value.utf8).withUnsafeBytes { builder.add(field: name, value: $0) }
            }
            Array("done \(row)".utf8).withUnsafeBytes {
                builder.endEvent(
                    time: Timestamp(nanoseconds: Int64(position) * 1_000_000 + Int64(row)), level: .info, message: $0)
            }
        }
        return (builder.finish(), firsts)
    }

    @Test func nothingIsMissingAfterFlushAndMerge() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let folder = try TemporaryFolder()
        let store = try open(folder.options())
        store.finishReplay()
        var wanted: [String] = []
        for position in UInt64(1)...4 {
            let (events, firsts) = batch(position, rows: 25_000, &generator)
            wanted += firsts
            store.append(events, position: position, ingestTime: Timestamp(nanoseconds: Int64(position)))
            try store.flush()
        }
        for isMerged in [false, true] {
            if isMerged { #expect(try store.compact(asOf: late) == 1) }
            #expect(store.statistics.segments == (isMerged ? 1 : 4))
            var found: [String] = []
            for block in store.snapshot().blocks {
                let column = try #require(
                    try block.column("f0", RowBitmap(rowCount: block.rowCount, filled: true)))
                found += (0..<block.rowCount).map { String(decoding: column.value(at: $0) ?? [], as: UTF8.self) }
            }
            #expect(found == wanted, "merged: \(isMerged), seed \(seed)")
        }
        let left = try FileSystem.list(folder.path).filter { !$0.hasSuffix(".segment") && $0 != "quarantine" }
        #expect(left.isEmpty, "\(left)")
        store.close()
    }
}
