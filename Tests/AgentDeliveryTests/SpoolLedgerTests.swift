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
        // An entry that repeats them adds up what is of the same file.
        try spool.summarize(1)
        let summary = try #require(try makeQueue(spool).nextReport())
        #expect(summary.drops.map(\.path) == ["/a", "/b"] && summary.drops.map(\.bytes) == [0..<14, 0..<7])
    }
}
