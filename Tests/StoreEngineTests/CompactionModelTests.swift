import LogModel
import QueryEngine
import QueryLanguage
import StoreEngine
import StoreFormat
import Synchronization
import SystemIO
import TestSupport
import Testing

@Suite struct CompactionModelTests {
    /// Random events in segments of random sizes, merged bit by bit and at random levels: all come back as they went in,
    /// and searches find the same in what is merged as in what is not.
    @Test func anyEventsComeBackByteForByteFromAnyMerges() throws {
        let seed = drawSeed()
        var events = AnyEvents(seed: seed)
        let queries = try [
            "*", "seq:=17", "took", "service:=s1 level:=ERROR", "status:=200", "wide-570:=3", "empty:=\"\"",
        ].map {
            try Query(
                parsing: $0 + " | stats by (service, level) count() n, count_uniq(seq) u | sort by (service, level)")
        }
        for _ in 0..<2 {
            let folder = try TemporaryFolder()
            var store = try open(folder.options())
            store.finishReplay()
            var position: UInt64 = 0
            var arrival: Int64 = 0
            for _ in 0..<16 {
                for _ in 0...events.generator.below(3) {
                    position += 1 + UInt64(events.generator.below(5) / 4)
                    let rows = [1, 3, 40, 120][events.generator.below(4)]
                    store.append(
                        events.batch(rows: rows), position: position, ingestTime: Timestamp(nanoseconds: arrival))
                }
                arrival += Int64(events.generator.below(300)) * 1_000_000_000
                try store.flush()
                if events.generator.below(4) > 0 { continue }
                let before = try everything(store.snapshot())
                let answers = try queries.map { try answer($0, store) }
                try store.compact(asOf: arrival)
                #expect(try everything(store.snapshot()) == before, "seed \(seed)")
                #expect(try queries.map { try answer($0, store) } == answers, "seed \(seed)")
                if events.generator.below(2) == 0 {
                    store.removeRetired(asOf: late)
                    store.close()
                    if events.generator.below(2) == 0 { try FileSystem.remove(folder.catalog) }
                    store = try open(folder.options())
                    store.finishReplay()
                    #expect(try everything(store.snapshot()) == before, "seed \(seed)")
                }
            }
            let before = try everything(store.snapshot())
            try store.compact(asOf: late)
            #expect(try everything(store.snapshot()) == before, "seed \(seed)")
            #expect(store.statistics.segmentsByLevel.count <= 4)
            store.close()
        }
    }

    private func answer(_ query: Query, _ store: Store) throws -> [[String: [UInt8]]] {
        let rows = Mutex<[[String: [UInt8]]]>([])
        let summary = try execute(query, on: store.snapshot().blocks, ExecutionOptions(now: .distantPast)) {
            block in
            for row in block.rows {
                var values: [String: [UInt8]] = [:]
                for name in ["service", "level", "n", "u"] { values[name] = block.column(name)?.value(at: row) }
                rows.withLock { $0.append(values) }
            }
            return true
        }
        #expect(summary.isComplete, "\(summary.gaps)")
        return rows.withLock { $0 }
    }
}
