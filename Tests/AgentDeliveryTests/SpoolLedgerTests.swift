import AgentDelivery
import AgentPipeline
import LogModel
import TestSupport
import Testing

/// What the ledger says beside batches.
struct SpoolLedgerTests {
    @Test func aBatchWithoutEventsMovesItsFileOn() throws {
        let place = try Workplace()
        var source = SourceState(id: 3, path: "journal", device: 0, inode: 0)
        source.offset = 70
        source.cursor = "s=1;i=2"
        do {
            let assembler = BatchAssembler(host: "h", cutter: LineCutter(maxLineBytes: 100))
            assembler.note(source, from: 20)
            let nothing = try #require(assembler.finish())
            try SpoolWriter(try place.spool()).append(nothing, agent: "a", epoch: 8, now: 1)
        }
        let spool = try place.spool()
        var found: [SourceProgress] = []
        #expect(spool.forEachProgress(behind: SpoolCursors()) { found.append($0) })
        #expect(found == [SourceProgress(from: 20, state: source)])
        let queue = makeQueue(spool)
        var settled: [SourceProgress] = []
        try queue.settle { settled.append(contentsOf: $1) }
        #expect(settled == found)
        #expect(try drain(queue).isEmpty)
    }

    @Test func whatWasNeverReadIsInTheLedgerUntilItIsTold() throws {
        let place = try Workplace()
        let times = Timestamp(nanoseconds: 5)...Timestamp(nanoseconds: 9)
        let notes = ["/a", "/b"].map { DropNote(lost: 7, reason: "file_gone", path: $0, times: times) }
        do {
            let spool = try place.spool()
            _ = try spool.note(notes)
            _ = try spool.note([notes[0]])
        }
        let spool = try place.spool()
        let first = try #require(try makeQueue(spool).nextReport())
        #expect(first.drops == notes)
        // An entry that repeats them keeps what may have been told already apart.
        try spool.summarize(1)
        let queue = makeQueue(spool)
        let again = try #require(try queue.nextReport())
        #expect(again.number == first.number && again.drops == notes)
        queue.passReport()
        #expect(try queue.nextReport()?.drops == [notes[0]])
        queue.passReport()
        #expect(try queue.nextReport() == nil && queue.reportsPassed == spool.lastEntry)
    }

    @Test func whatNobodyCanHaveBeenToldOfIsAddedUp() throws {
        let place = try Workplace()
        let times = Timestamp(nanoseconds: 5)...Timestamp(nanoseconds: 9)
        let spool = try place.spool()
        var all = 0
        for number in 1...400 {
            let path = "/\(number % 3)"
            _ = try spool.note([DropNote(level: .info, reason: "x", events: number, path: path, times: times)])
            all += number
        }
        for _ in 0..<2 {
            try spool.summarize(1)
            let queue = makeQueue(spool)
            var told: [(number: UInt64, drops: [DropNote])] = []
            while let report = try queue.nextReport() {
                told.append(report)
                queue.passReport()
            }
            #expect(told.count == DropLog.maximumEntries + 1)
            #expect(told.last?.drops.count == 3)
            #expect(told.flatMap(\.drops).reduce(0) { $0 + $1.events } == all)
        }
    }

    @Test func theLedgerStaysShortWhileNobodyTakesAnything() throws {
        let place = try Workplace()
        let spool = try place.spool(limit: 8 << 20)
        let writer = SpoolWriter(spool)
        try writer.append(batch([("ERROR", "it")]), agent: "a", epoch: 8, now: 1)
        let limit = 1 << 20
        var (written, largest, offset) = (0, 0, 0)
        while written < 5 * limit {
            let assembler = BatchAssembler(host: "h", cutter: LineCutter(maxLineBytes: 100))
            for id in 1...200 as ClosedRange<UInt64> {
                var source = SourceState(id: id, path: "/var/log/containers/\(id).log", device: 1, inode: id)
                source.offset = offset + 10
                assembler.note(source, from: offset)
            }
            let before = spool.bytes
            try writer.append(try #require(assembler.finish()), agent: "a", epoch: 8, now: 1)
            written += max(0, spool.bytes - before)
            largest = max(largest, spool.bytes)
            offset += 10
            if offset % 500 == 0 { try spool.release(before: SpoolCursors()) }
        }
        #expect(largest < 2 * limit)
        let again = try makeQueue(spool).first(in: .priority(.error))
        #expect(try again.map { try messages($0.record) } == ["it"])
        // What the summary repeats is all there is to know.
        var offsets: [UInt64: Int] = [:]
        #expect(spool.forEachProgress(behind: SpoolCursors()) { offsets[$0.state.id] = $0.state.offset })
        #expect(offsets == Dictionary(uniqueKeysWithValues: (1...200).map { ($0, offset) }))
    }

    @Test func whatTheRegistryHasNotSavedIsInASummary() throws {
        let place = try Workplace()
        let spool = try place.spool()
        let writer = SpoolWriter(spool)
        for number in 0..<3 {
            try writer.append(
                batch("m", source: UInt64(number) + 1, from: 0, to: 10), agent: "a", epoch: 8, now: 1)
        }
        // All is delivered and applied, but nothing of that is on disk.
        let queue = makeQueue(spool)
        _ = try drain(queue)
        try queue.settle { _, _ in }
        try spool.summarize(1)
        var sources: [UInt64] = []
        #expect(spool.forEachProgress(behind: SpoolCursors()) { sources.append($0.state.id) })
        #expect(sources == [1, 2, 3])
        // Who knows some of it already is told the rest: those files may be gone by now.
        var cursors = SpoolCursors()
        cursors.ledger = 3
        sources = []
        #expect(spool.forEachProgress(behind: cursors) { sources.append($0.state.id) })
        #expect(sources == [3])
        try writer.append(batch("m", source: 4), agent: "a", epoch: 8, now: 1)
        try spool.summarize(1)
        _ = try drain(queue)
        sources = []
        try queue.settle { _, progress in sources += progress.map(\.state.id) }
        #expect(sources == [4])
    }
}
