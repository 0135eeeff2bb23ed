import StoreEngine
import SystemIO
import TestSupport
import Testing

/// After the windows of all events that the tests make.
let late = Int64.max / 2

/// A store with one segment of 20 events for each of the positions 1 to 5, none merged yet.
func unmergedStore(_ folder: TemporaryFolder) throws -> Store {
    let store = try open(folder.options())
    store.finishReplay()
    for position in UInt64(1)...5 {
        store.add(position, rows: 20)
        try store.flush()
    }
    return store
}

@Suite struct CompactionTests {
    private let wanted = expected((1...5).map { ($0, 20) })

    @Test func mergingKeepsEachEventUnderItsId() throws {
        let folder = try TemporaryFolder()
        let store = try unmergedStore(folder)
        #expect(try store.compact(asOf: late) == 1)
        #expect(try store.content() == wanted)
        let statistics = store.statistics
        #expect(statistics.segments == 1 && statistics.segmentsByLevel == [0, 1] && statistics.rows == 100)
        #expect(statistics.retiredSegments == 5 && statistics.retiredBytes > 0)
        #expect(statistics.counters.compactions == 1 && statistics.counters.writeAmplification > 1)
        #expect(statistics.counters.compactionBytesWritten == statistics.diskBytes)
        #expect(folder.segments.last == "00000000000005-00000000000005-000000.segment")
        #expect(folder.segments.contains("00000000000001-00000000000005-000001.segment"))
        #expect(store.snapshot().blocks.count == 1)
        #expect(try store.compact(asOf: late) == 0)
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
        let store = try unmergedStore(folder)
        var before: StoreSnapshot? = store.snapshot()
        try store.compact(asOf: late)
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
        #expect(try store.compact(asOf: late) == 0)
        store.add(3, isReplay: true)
        #expect(try store.compact(asOf: late) == 0)
        #expect(!store.isStored(position: 3))
        store.finishReplay()
        try store.flush()
        #expect(try store.compact(asOf: late) == 1)
        #expect(try store.content() == expected([(1, 20), (2, 20), (3, 1), (7, 20), (8, 20)]))
        store.close()
    }

    @Test func closingStopsAMergeBetweenTwoBlocks() throws {
        let folder = try TemporaryFolder()
        try unmergedStore(folder).close()
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
}
