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

@Suite struct CompactionTests {
    /// After the windows of all events that the tests make.
    private static let late = Int64.max / 2

    /// A store with one segment for each of these positions, none merged yet.
    private func store(_ folder: TemporaryFolder, positions: ClosedRange<UInt64> = 1...5, rows: Int = 20) throws
        -> Store
    {
        let store = try open(folder.options())
        store.finishReplay()
        for position in positions {
            store.add(position, rows: rows)
            try store.flush()
        }
        return store
    }

    private let wanted = expected((1...5).map { ($0, 20) })

    @Test func mergingKeepsEachEventUnderItsId() throws {
        let folder = try TemporaryFolder()
        let store = try store(folder)
        #expect(try store.compact(asOf: Self.late) == 1)
        #expect(try store.content() == wanted)
        let statistics = store.statistics
        #expect(statistics.segments == 1 && statistics.segmentsByLevel == [0, 1] && statistics.rows == 100)
        #expect(statistics.retiredSegments == 5 && statistics.retiredBytes > 0)
        #expect(statistics.counters.compactions == 1 && statistics.counters.writeAmplification > 1)
        #expect(statistics.counters.compactionBytesWritten == statistics.diskBytes)
        #expect(folder.segments.last == "00000000000005-00000000000005-000000.segment")
        #expect(folder.segments.contains("00000000000001-00000000000005-000001.segment"))
        #expect(store.snapshot().blocks.count == 1)
        #expect(try store.compact(asOf: Self.late) == 0)
        #expect((0...6).map { store.isStored(position: $0) } == [false, true, true, true, true, true, false])
        store.close()
        let again = try open(folder.options())
        #expect(try again.content() == wanted)
        #expect(again.statistics.segments == 1 && again.statistics.retiredSegments == 5)
        again.close()
    }

    @Test func theBackgroundThreadMergesAndRemovesByItself() throws {
        let folder = try TemporaryFolder()
        var options = folder.options()
        options.compaction.isOn = true
        options.grace = .zero
        let store = try open(options)
        store.finishReplay()
        for position in UInt64(1)...5 {
            store.add(position, rows: 20)
            try store.flush()
        }
        try eventually("all is merged, and the inputs are gone: \(folder.segments)") {
            store.statistics.segments == 1 && folder.segments.count == 1
        }
        #expect(try store.content() == wanted)
        store.close()
    }

    @Test func inputsGoAfterTheirGraceAndNotWhileTheyAreRead() throws {
        let folder = try TemporaryFolder()
        let store = try store(folder)
        var before: StoreSnapshot? = store.snapshot()
        try store.compact(asOf: Self.late)
        let now = SystemClock.wallNanos()
        #expect(store.removeRetired(asOf: now) == 0)
        let later = now + 3_601 * 1_000_000_000
        #expect(store.removeRetired(asOf: later) == 0)
        #expect(try before.map { try lodge($0) } == wanted)
        before = nil
        #expect(store.removeRetired(asOf: later) == 5)
        #expect(folder.segments.count == 1 && store.statistics.retiredSegments == 0)
        #expect(try store.content() == wanted)
        store.close()
        let again = try open(folder.options())
        #expect(try again.content() == wanted && again.statistics.segments == 1)
        again.close()
    }

    @Test func nothingIsMergedAcrossEventsThatAreOnlyInMemory() throws {
        let folder = try TemporaryFolder()
        let store = try open(folder.options())
        for position in [UInt64(1), 2, 7, 8] {
            store.add(position, rows: 20)
            try store.flush()
        }
        #expect(try store.compact(asOf: Self.late) == 0)
        store.add(3, isReplay: true)
        #expect(try store.compact(asOf: Self.late) == 0)
        #expect(!store.isStored(position: 3))
        store.finishReplay()
        try store.flush()
        #expect(try store.compact(asOf: Self.late) == 1)
        #expect(try store.content() == expected([(1, 20), (2, 20), (3, 1), (7, 20), (8, 20)]))
        store.close()
    }

    struct Fault: Sendable {
        var operation: IOError.Operation
        var code: Int32
        var skip = 0
    }

    /// The calls of a merge in their order: read the inputs, write, sync, rename, sync the directory, read back.
    @Test(arguments: [
        Fault(operation: .open, code: 24), Fault(operation: .open, code: 28, skip: 5),
        Fault(operation: .write, code: 28),
        Fault(operation: .sync, code: 5), Fault(operation: .rename, code: 28),
        Fault(operation: .sync, code: 5, skip: 1),
        Fault(operation: .read, code: 24, skip: 9), Fault(operation: .open, code: 24, skip: 7),
    ])
    func aMergeThatFailsAnywhereChangesNothing(fault: Fault) throws {
        let folder = try TemporaryFolder()
        var options = folder.options()
        options.openSegmentBytes = 0
        options.openFiles = 1
        let reports = Reports()
        do {
            let store = try store(folder)
            store.close()
        }
        let store = try open(options, reports)
        store.finishReplay()
        let token = SystemFaults.add(
            .init(fault.operation, path: folder.path, after: fault.skip, code: fault.code, times: .max))
        #expect(throws: StoreError.self) { try store.compact(asOf: Self.late) }
        SystemFaults.remove(token)
        let said = reports.all
        #expect(said.count == 1 && ["merged", "stays where it is"].contains { said[0].contains($0) }, "\(said)")
        #expect(try store.content() == wanted)
        #expect(store.statistics.segments == 5 && store.statistics.counters.failedCompactions == 1)
        // A crash here: the output may have its name already.
        let copy = try open(options, reports)
        #expect(try copy.content() == wanted)
        copy.close()
        store.close()
        let again = try open(options)
        again.finishReplay()
        try again.compact(asOf: Self.late)
        #expect(try again.content() == wanted && again.statistics.segments == 1)
        again.close()
        #expect(try FileSystem.list(folder.path).allSatisfy { $0.hasSuffix(".segment") })
    }

    @Test func aCrashBeforeTheCatalogIsWrittenTakesTheOutput() throws {
        let folder = try TemporaryFolder()
        do {
            let store = try store(folder)
            let token = SystemFaults.add(.init(.write, path: folder.catalog, code: 5, times: .max))
            try store.compact(asOf: Self.late)
            #expect(store.statistics.catalogIsBehind)
            store.close()
            SystemFaults.remove(token)
        }
        let reports = Reports()
        let store = try open(folder.options(), reports)
        #expect(reports.all.isEmpty && store.statistics.segments == 1 && store.statistics.retiredSegments == 5)
        #expect(try store.content() == wanted)
        store.close()
        // Without any catalog, too.
        try FileSystem.remove(folder.catalog)
        let again = try open(folder.options(), reports)
        #expect(reports.all.isEmpty && again.statistics.segments == 1)
        #expect(try again.content() == wanted)
        again.close()
    }

    @Test func inputsCountAgainWhenTheirOutputIsDamaged() throws {
        let folder = try TemporaryFolder()
        let output: String
        do {
            let store = try store(folder)
            try store.compact(asOf: Self.late)
            output = try #require(folder.segments.first { $0.contains("-000001") })
            let file = try OpenFile(folder.path + "/" + output, .readWrite)
            try file.truncate(to: try file.status().size - 3)
            store.close()
        }
        let reports = Reports()
        let store = try open(folder.options(), reports)
        #expect(try store.content() == wanted)
        #expect(store.statistics.segments == 5 && store.statistics.counters.lostRows == 0)
        #expect(reports.all.count == 1 && reports.all[0].contains("its events are in other segments"))
        // And once more while it is in use.
        store.finishReplay()
        try store.compact(asOf: Self.late)
        store.close()
        var options = folder.options()
        options.openSegmentBytes = 0
        let again = try open(options, reports)
        do {
            let file = try OpenFile(folder.path + "/" + output, .readWrite)
            try file.truncate(to: try file.status().size - 3)
        }
        #expect(try again.content() == wanted)
        #expect(again.statistics.segments == 5 && again.statistics.counters.lostRows == 0)
        again.close()
    }

    @Test func aDamagedInputIsSetAsideAndTheOthersAreMerged() throws {
        let folder = try TemporaryFolder()
        let reports = Reports()
        do {
            let store = try store(folder)
            store.close()
            let file = try OpenFile(folder.path + "/" + folder.segments[1], .readWrite)
            let old = try file.bytes(at: 20, count: 1)
            try file.write([old[0] ^ 1], at: 20)
        }
        let store = try open(folder.options(), reports)
        store.finishReplay()
        #expect(throws: StoreError.self) { try store.compact(asOf: Self.late) }
        #expect(reports.all.count == 1 && reports.all[0].contains("20 events"))
        #expect(try store.compact(asOf: Self.late) == 1)
        #expect(try store.content() == expected([(1, 20), (3, 20), (4, 20), (5, 20)]))
        #expect(store.statistics.counters.quarantined == 1 && store.statistics.counters.lostRows == 20)
        store.close()
    }

    @Test func closingStopsAMergeBetweenTwoBlocks() throws {
        let folder = try TemporaryFolder()
        try store(folder).close()
        var options = folder.options()
        options.compaction.isOn = true
        // A rest of minutes after the first block.
        options.compaction.bytesPerSecond = 1
        let store = try open(options)
        store.finishReplay()
        try eventually("a merge has begun to write") {
            try FileSystem.list(folder.path).contains { $0.hasSuffix(".tmp") }
        }
        store.close()
        #expect(folder.segments.count == 5)
        #expect(try FileSystem.list(folder.path) == folder.segments)
    }

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
                    store.removeRetired(asOf: Self.late)
                    store.close()
                    if events.generator.below(2) == 0 { try FileSystem.remove(folder.catalog) }
                    store = try open(folder.options())
                    store.finishReplay()
                    #expect(try everything(store.snapshot()) == before, "seed \(seed)")
                }
            }
            let before = try everything(store.snapshot())
            try store.compact(asOf: Self.late)
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
