import LogModel
import QueryEngine
import QueryLanguage
import StoreEngine
import StoreFormat
import Synchronization
import TestSupport
import Testing

/// A cache of what queries found is never stale, whatever happens to the segments.
@Suite struct CachedQueriesTests {
    private static let texts = [
        "took | count() n", "seq:=17", "nowhere", "service:=s1 level:=ERROR | count() n",
        "* | stats by (service, level) count() n, sum(seq) s, max(seq) m", "status:=200 | stats by (status) count() n",
        "* | stats by (_time:1h) count() n, min(_msg) m", "user* !same | fields seq",
    ]

    @Test func answersFollowFlushesAndMerges() throws {
        let seed = drawSeed()
        var events = AnyEvents(seed: seed)
        let queries = try Self.texts.map { try Query(parsing: $0) }
        for _ in 0..<2 {
            let folder = try TemporaryFolder()
            let store = try open(folder.options())
            defer { store.close() }
            store.finishReplay()
            let cache = QueryCache(maxBytes: 1 << 20)
            var arrival: Int64 = 0
            for position in 1...60 {
                store.append(
                    events.batch(rows: [1, 3, 40, 120][events.generator.below(4)]), position: UInt64(position),
                    ingestTime: Timestamp(nanoseconds: arrival))
                arrival += Int64(events.generator.below(300)) * 1_000_000_000
                switch events.generator.below(6) {
                case 0, 1: try store.flush()
                case 2: try store.compact(asOf: arrival)
                case 3: store.removeRetired(asOf: arrival)
                default: break
                }
                for query in queries where events.generator.below(2) == 0 {
                    let expected = try answer(query, store, nil)
                    #expect(try answer(query, store, cache) == expected, "\(query), seed \(seed)")
                }
            }
            #expect(cache.statistics.hits > 0, "seed \(seed)")
        }
    }

    /// The rows of an answer, sorted: merging may change their order.
    private func answer(_ query: Query, _ store: Store, _ cache: QueryCache?) throws -> [String] {
        let rows = Mutex<[String]>([])
        var options = ExecutionOptions(now: .distantPast)
        options.cache = cache
        let summary = try execute(query, on: store.snapshot().blocks, options) { block in
            let fields = block.fields.sorted { $0.name < $1.name }
            rows.withLock { rows in
                for row in block.rows {
                    rows.append(fields.map { "\($0.name)=\($0.column.value(at: row) ?? [])" }.joined(separator: " "))
                }
            }
            return true
        }
        #expect(summary.isComplete)
        return rows.withLock { $0.sorted() } + ["\(summary.hits)"]
    }
}
