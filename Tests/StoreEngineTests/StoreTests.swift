import LogModel
import StoreEngine
import StoreFormat
import SystemIO
import TestSupport
import Testing

@Suite struct StoreTests {
    @Test func eventsAreThereAtOnceAndAfterAFlushAndAfterReopening() throws {
        let folder = try TemporaryFolder()
        let batches: [(UInt64, Int)] = [(3, 1), (4, 500), (5, 2), (9, 70)]
        let wanted = expected(batches)
        let order: [UInt64]
        do {
            let store = try open(folder.options())
            for (position, rows) in batches { store.add(position, rows: rows) }
            #expect(try store.content() == wanted)
            #expect(store.snapshot().lastPosition == 9)
            order = try store.snapshot().blocks.flatMap { try $0.ids() }
            #expect(order == wanted.keys.sorted())
            store.finishReplay()
            #expect(store.statistics.headRows == 573 && store.statistics.segments == 0)
            try store.flush()
            #expect(try store.content() == wanted)
            #expect(
                store.statistics.headRows == 0 && store.statistics.rows == 573 && store.statistics.counters.flushes == 1
            )
            #expect(store.statistics.streams == 3 && store.statistics.diskBytes > 0)
            #expect(store.statistics.oldest == 3_000 && store.statistics.newest == 9_069)
            #expect(folder.segments == ["00000000000003-00000000000009-000000.segment"])
            try store.flush()
            store.close()
        }
        let store = try open(folder.options())
        #expect(try store.content() == wanted)
        #expect(try store.snapshot().blocks.flatMap { try $0.ids() } == order)
        #expect(store.snapshot().lastPosition == 9)
        try eventually("the streams are counted") { store.statistics.streams == 3 }
        store.close()
    }

    @Test func aSegmentSaysWhichPositionsAreStored() throws {
        let folder = try TemporaryFolder()
        let store = try open(folder.options())
        #expect(!store.isStored(position: 1))
        for position in UInt64(5)...8 { store.add(position) }
        #expect(!store.isStored(position: 6))
        try store.flush()
        #expect((1...10).map { store.isStored(position: $0) } == (1...10).map { $0 >= 5 && $0 <= 8 })
        store.close()
    }

    @Test func nothingIsFlushedForTheJournalUntilReplayHasEnded() throws {
        let folder = try TemporaryFolder()
        let store = try open(folder.options())
        let told = Reports()
        store.onFlushed { told.add("\($0)") }
        store.add(1, isReplay: true)
        store.add(2, isReplay: true)
        store.add(7)
        try store.flush()
        #expect(store.flushedPosition == 0)
        store.add(3, isReplay: true)
        store.add(8)
        store.finishReplay()
        // Position 3 is in memory only.
        #expect(store.flushedPosition == 2)
        try store.flush()
        #expect(store.flushedPosition == 8)
        store.add(9)
        #expect(store.flushedPosition == 8)
        try store.flush()
        #expect(store.flushedPosition == 9)
        try eventually("the journal is told of what is flushed, and not \(told.all)") {
            told.all == ["2", "7", "8", "9"] || told.all == ["2", "3", "7", "8", "9"]
        }
        // No segment mixes what was replayed with what came live.
        #expect(
            folder.segments.map { $0.split(separator: ".")[0].split(separator: "-").compactMap { UInt64($0) } }
                == [[1, 2, 0], [3, 3, 0], [7, 7, 0], [8, 8, 0], [9, 9, 0]])
        store.close()
    }

    @Test func manySmallBatchesBecomeFewBlocks() throws {
        let folder = try TemporaryFolder()
        let store = try open(folder.options())
        let positions = UInt64(1)...5_000
        for position in positions { store.add(position) }
        #expect(store.snapshot().blocks.count < 24)
        let wanted = expected(positions.map { ($0, 1) })
        #expect(try store.content() == wanted)
        try store.flush()
        #expect(store.snapshot().blocks.count == 1)
        #expect(try store.content() == wanted)
        store.close()
    }

    @Test func hugeEventsAreNotCopiedIntoOneBlock() throws {
        let folder = try TemporaryFolder()
        let store = try open(folder.options())
        for position in UInt64(1)...24 { store.add(position, padding: 1 << 20) }
        #expect(store.snapshot().blocks.allSatisfy { $0.byteCount <= 9 << 20 })
        #expect(try store.content().count == 24)
        store.close()
    }

    @Test func anEmptyBatchLeavesNoTrace() throws {
        let folder = try TemporaryFolder()
        let store = try open(folder.options())
        store.add(1, rows: 0)
        store.finishReplay()
        try store.flush()
        #expect(store.snapshot().blocks.isEmpty && folder.segments.isEmpty && store.statistics.oldest == nil)
        store.close()
    }

    @Test func aFullHeadIsWrittenByItself() throws {
        let folder = try TemporaryFolder()
        let store = try open(folder.options(headBytes: 100_000))
        for position in UInt64(1)...30 { store.add(position, padding: 20_000) }
        try eventually("full heads are written") { store.statistics.segments >= 3 && store.load == .normal }
        #expect(try store.content() == expected((1...30).map { ($0, 1) }, padding: 20_000))
        store.close()
    }

    @Test func anOldHeadIsWrittenByItself() throws {
        let folder = try TemporaryFolder()
        let store = try open(folder.options(flushInterval: .milliseconds(20)))
        store.finishReplay()
        store.add(1)
        try eventually("the first event is flushed") { store.flushedPosition == 1 }
        store.add(2)
        store.add(3)
        try eventually("the later events are flushed") { store.flushedPosition == 3 }
        #expect(store.statistics.headRows == 0)
        store.close()
    }

    @Test func closingKeepsWhatIsInMemoryForTheJournal() throws {
        let folder = try TemporaryFolder()
        let store = try open(folder.options())
        store.add(1)
        store.close()
        store.close()
        #expect(folder.segments.isEmpty)
        #expect(throws: StoreError.self) { try store.flush() }
        store.waitForRoom()
        #expect(try store.content() == expected([(1, 1)]))
    }

    @Test func replayAroundAMissingSegmentKeepsRangesApart() throws {
        let folder = try TemporaryFolder()
        do {
            let store = try open(folder.options())
            for positions in [UInt64(1)...4, 5...8] {
                for position in positions { store.add(position) }
                try store.flush()
            }
            store.close()
        }
        try FileSystem.remove(folder.path + "/" + folder.segments[0])
        for damaged in 0..<2 {
            let store = try open(folder.options())
            for position in UInt64(1)...11 where !store.isStored(position: position) {
                store.add(position, isReplay: true)
            }
            store.finishReplay()
            try store.flush()
            #expect(try store.content() == expected((1...11).map { ($0, 1) }))
            #expect(store.flushedPosition == 11)
            store.close()
            // Were the new segment to claim 5 to 8 as well, these would be lost with the other one.
            if damaged == 0 { try FileSystem.remove(folder.path + "/" + folder.segments[1]) }
        }
    }
}
