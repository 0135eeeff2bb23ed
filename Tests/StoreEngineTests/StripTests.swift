import LogModel
import QueryEngine
import QueryLanguage
import SegmentCatalog
import StoreEngine
import StoreFormat
import Synchronization
import SystemIO
import TestSupport
import Testing

@Suite("Store: segments stripped of what only makes searching faster")
struct StripTests {
    private func names(_ store: Store) -> [String] { store.ledger.segments.live.map(\.record.name) }

    private let all = expected((1...4).map { ($0, 300) })

    private func filled(_ folder: TemporaryFolder) throws -> Store {
        let store = try open(folder.options())
        store.finishReplay()
        for position in UInt64(1)...4 {
            store.add(position, rows: 300)
            try store.flush()
        }
        return store
    }

    /// How many rows a query finds.
    private func hits(_ text: String, _ store: Store) throws -> Int {
        let found = Mutex(0)
        let summary = try execute(
            Query(parsing: text), on: store.snapshot().blocks, ExecutionOptions(now: .distantPast)
        ) { block in
            found.withLock { $0 += block.rows.count }
            return true
        }
        #expect(summary.isComplete, "\(summary.gaps)")
        return found.withLock { $0 }
    }

    @Test("Queries find after it what they found before, and what a plain scan finds")
    func answers() throws {
        let folder = try TemporaryFolder()
        let store = try filled(folder)
        defer { store.close() }
        #expect(try store.rewrite(names(store)[1], tier: .warm))
        func count(_ isFound: (_ position: Int, _ row: Int) -> Bool) -> Int {
            (1...4).reduce(0) { sum, position in sum + (0..<300).count { isFound(position, $0) } }
        }
        let queries: [(String, Int)] = [
            ("*", count { _, _ in true }), ("r17", count { $1 == 17 }), ("p3 r299", count { $0 == 3 && $1 == 299 }),
            ("nosuch", 0), ("r1*", count { "\($1)".hasPrefix("1") }), ("number:=42", count { $1 == 42 }),
            ("number:nosuch", 0), ("service:=s1 r5", count { $0 % 3 == 1 && $1 == 5 }), ("!r5", count { $1 != 5 }),
            ("p2 or r8", count { $0 == 2 || $1 == 8 }), ("\"p4 r10\"", count { $0 == 4 && $1 == 10 }),
        ]
        for (text, expected) in queries { #expect(try hits(text, store) == expected, "\(text)") }
        let before = store.statistics
        var freed: UInt64 = 0
        for name in names(store) { freed += try #require(try store.strip(name)) }
        for (text, expected) in queries { #expect(try hits(text, store) == expected, "\(text), stripped") }
        #expect(try store.content() == all)
        #expect(freed > 0 && before.diskBytes - store.statistics.diskBytes == freed)
        // Where a segment is does not change, nor does its level.
        #expect(store.ledger.segments.live.map(\.record.tier) == [.hot, .warm, .hot, .hot])
        #expect(store.statistics.segmentsByLevel == before.segmentsByLevel)
        for name in names(store) { #expect(try store.strip(name) == 0) }
        #expect(try store.strip("no such") == nil)
    }

    @Test("A stripped segment stays one after a restart, with and without the catalog", arguments: [true, false])
    func restart(hasCatalog: Bool) throws {
        let folder = try TemporaryFolder()
        var store = try filled(folder)
        for name in names(store).prefix(3) { #expect(try #require(try store.strip(name)) > 0) }
        let stripped = names(store)
        store.close()
        if !hasCatalog { try FileSystem.remove(folder.catalog) }
        store = try open(folder.options())
        #expect(names(store) == stripped && store.statistics.retiredSegments == 3)
        #expect(try store.content() == all)
        #expect(try store.ledger.segments.live.map { try $0.strippableBytes() > 0 } == [false, false, false, true])
        #expect(store.removeRetired(asOf: .max) == 3 && folder.segments == stripped)
        #expect(try store.content() == all)
        store.close()
    }

    @Test("A query that began before ends on the old file, which goes afterwards")
    func running() throws {
        let folder = try TemporaryFolder()
        let store = try filled(folder)
        defer { store.close() }
        let old = names(store)[2]
        do {
            let snapshot = store.snapshot()
            #expect(try #require(try store.strip(old)) > 0)
            #expect(store.removeRetired(asOf: .max) == 0 && folder.segments.contains(old))
            #expect(try lodge(snapshot) == all)
        }
        #expect(store.removeRetired(asOf: .max) == 1 && !folder.segments.contains(old))
        #expect(try store.content() == all)
    }

    @Test("A crash or a full disk at any step leaves each event once", arguments: 0..<9)
    func crashes(step: Int) throws {
        let folder = try TemporaryFolder()
        var store = try filled(folder)
        let name = names(store)[1]
        let new = "\(folder.path)/\(name.replacing("-000000.segment", with: "-000001.segment"))"
        let faults: [SystemFaults.Rule] = [
            .init(.open, path: new, code: 5), .init(.write, path: new, code: 28),
            .init(.write, path: new, after: 3, code: 28), .init(.write, path: new, code: 5, tornBytes: 7),
            .init(.sync, path: new, code: 5), .init(.rename, path: new, code: 5),
            .init(.sync, path: folder.path, after: 1, code: 5), .init(.write, path: folder.catalog, code: 28),
            .init(.remove, path: "\(folder.path)/\(name)", code: 5),
        ]
        let token = SystemFaults.add(faults[step])
        // Up to its name it fails; a catalog that is behind and a file that stays are no reason to.
        #expect(((try? store.strip(name)) == nil) == (step < 7))
        store.removeRetired(asOf: .max)
        SystemFaults.remove(token)
        #expect(folder.segments.count == (step == 8 ? 5 : 4))
        #expect(try store.content() == all)
        // The process dies here: nothing more is tidied up.
        store.close()
        store = try open(folder.options())
        #expect(try store.content() == all && store.statistics.counters.lostRows == 0)
        for name in names(store) { #expect(try store.strip(name) != nil) }
        store.removeRetired(asOf: .max)
        #expect(try store.content() == all && folder.segments == names(store))
        #expect(try store.ledger.segments.live.allSatisfy { try $0.strippableBytes() == 0 })
        #expect(try FileSystem.list(folder.path).filter { $0.hasSuffix(".tmp") } == [])
        store.close()
    }

    @Test("A damaged segment is set aside rather than copied")
    func damage() throws {
        let folder = try TemporaryFolder()
        let store = try filled(folder)
        defer { store.close() }
        let segment = store.ledger.segments.live[1]
        let messages = try segment.reader().footer.blocks[0].messages
        try OpenFile("\(folder.path)/\(segment.record.name)", .readWrite).write(
            [0xFF, 0xFF, 0xFF, 0xFF], at: Int(messages.offset) + 4)
        #expect(try store.strip(segment.record.name) == 0)
        #expect(store.statistics.counters.quarantined == 1 && names(store).count == 3)
        #expect(try store.content() == expected([(1, 300), (3, 300), (4, 300)]))
    }

    @Test("Merging and the warm tier give filters again to what they write anew")
    func again() throws {
        let folder = try TemporaryFolder()
        let store = try filled(folder)
        defer { store.close() }
        for name in names(store) { #expect(try #require(try store.strip(name)) > 0) }
        #expect(try store.rewrite(names(store)[3], tier: .warm))
        #expect(try store.compact(asOf: late) == 1)
        #expect(try store.content() == all && names(store).count == 2)
        #expect(try store.ledger.segments.live.allSatisfy { try $0.strippableBytes() > 0 })
    }
}
