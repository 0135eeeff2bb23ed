import LogModel
import QueryEngine
import QueryLanguage
import StoreEngine
import StoreFormat
import Synchronization
import SystemIO
import TestSupport
import Testing
import Workers

@Suite struct StoreModelTests {
    @Test func anyCourseOfEventsKeepsEachOnce() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<12 {
            let folder = try TemporaryFolder()
            // The journal: all batches that were ever acknowledged.
            var journal: [(position: UInt64, rows: Int)] = []
            var forgotten: UInt64 = 0
            var store = try open(folder.options(headBytes: 5_000 << generator.below(6)))
            store.finishReplay()
            for _ in 0..<40 {
                switch generator.below(10) {
                case 0..<6:
                    for _ in 0...generator.below(4) {
                        let position = (journal.last?.position ?? 0) + 1 + UInt64(generator.below(8) == 0 ? 2 : 0)
                        journal.append((position, [1, 1, 2, 40][generator.below(4)]))
                        store.add(position, rows: journal[journal.count - 1].rows)
                    }
                case 6: try store.flush()
                case 7:
                    forgotten = max(forgotten, store.flushedPosition)
                default:
                    store.close()
                    // Sometimes a segment is lost whose events the journal still has.
                    if generator.below(3) == 0, let name = folder.segments.last,
                        let first = UInt64(name.prefix(14)), first > forgotten
                    {
                        try FileSystem.remove(folder.path + "/" + name)
                    }
                    store = try open(folder.options(headBytes: 5_000 << generator.below(6)))
                    let early = generator.below(2) == 0
                    let missing = journal.filter { $0.position > forgotten && !store.isStored(position: $0.position) }
                    // New events may come while old ones are still replayed.
                    let last = journal.last?.position ?? 0
                    if early {
                        journal.append((last + 1, 3))
                        store.add(last + 1, rows: 3)
                    }
                    for (position, rows) in missing {
                        store.waitForRoom()
                        store.add(position, rows: rows, isReplay: true)
                        if generator.below(20) == 0 { try store.flush() }
                        #expect(store.flushedPosition == 0)
                    }
                    store.finishReplay()
                }
                guard try store.content() == expected(journal) else {
                    Issue.record("the store does not hold what the journal does, seed \(seed)")
                    return
                }
                let flushed = store.flushedPosition
                for (position, _) in journal where position <= flushed && !store.isStored(position: position) {
                    Issue.record("position \(position) is given up but not stored, seed \(seed)")
                    return
                }
            }
            store.close()
        }
    }

    /// What the threads of a test share.
    private final class Shared: Sendable {
        let isWriting = Atomic<Bool>(true)
        private let failures = Mutex<[String]>([])
        var failed: [String] { failures.withLock { $0 } }

        /// Runs work on a thread of its own until there is nothing more to write, and once more.
        func start(_ name: String, _ work: @escaping @Sendable () throws -> Void) throws -> DedicatedThread {
            try DedicatedThread(name: name) {
                do {
                    var isLast = false
                    while !isLast {
                        isLast = !self.isWriting.load(ordering: .acquiring)
                        try work()
                    }
                } catch {
                    self.failures.withLock { $0.append("\(name): \(error)") }
                }
            }
        }
    }

    @Test func writersAndReadersDoNotDisturbEachOther() throws {
        let folder = try TemporaryFolder()
        let store = try open(folder.options(headBytes: 60_000))
        store.finishReplay()
        let count: UInt64 = 400
        let shared = Shared()
        let query = try Query(parsing: "number:=4 | stats count() n")
        var threads = [try shared.start("flush") { try store.flush() }]
        for number in 0..<2 {
            threads.append(
                try shared.start("read-\(number)") {
                    let low = store.snapshot().lastPosition
                    let snapshot = store.snapshot()
                    // Batches are seen whole, and all that were added before.
                    let content = try lodge(snapshot)
                    guard content == expected((1...max(1, snapshot.lastPosition)).map { ($0, 5) }) || content.isEmpty,
                        snapshot.lastPosition >= low
                    else { throw StoreError("\(content.count) events up to \(snapshot.lastPosition)") }
                    let counted = Mutex<[UInt8]>([])
                    let summary = try execute(query, on: snapshot.blocks, ExecutionOptions(now: .distantPast)) {
                        block in
                        counted.withLock { $0 = block.column("n")?.value(at: block.rows[0]) ?? [] }
                        return true
                    }
                    guard summary.isComplete, counted.withLock({ $0 }) == Array("\(content.count / 5)".utf8) else {
                        throw StoreError("\(summary.gaps)")
                    }
                })
        }
        for position in 1...count { store.add(position, rows: 5) }
        shared.isWriting.store(false, ordering: .releasing)
        for thread in threads { thread.join() }
        #expect(shared.failed == [])
        #expect(try store.content() == expected((1...count).map { ($0, 5) }))
        store.close()
        let again = try open(folder.options())
        #expect(try again.content() == expected((1...count).map { ($0, 5) }))
        again.close()
    }
}
