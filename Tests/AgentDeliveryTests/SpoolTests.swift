import AgentDelivery
import AgentPipeline
import SystemIO
import TestSupport
import Testing

struct SpoolTests {
    private func all(_ spool: Spool, from position: UInt64 = 1) throws -> [SpoolRecord] {
        let reader = spool.reader(from: position)
        var records: [SpoolRecord] = []
        while let record = try spool.next(reader, refused: { _, _ in Issue.record("not understood") }) {
            records.append(record)
        }
        return records
    }

    @Test func whatWasAppendedComesBackAfterReopening() throws {
        let place = try Workplace()
        let first = try batch("one", from: 5, to: 9)
        do {
            let spool = try place.spool()
            let writer = SpoolWriter(spool)
            #expect(try writer.append(first, agent: "a", epoch: 7, now: 1) == 1)
            #expect(try writer.append(batch("two"), agent: "a", epoch: 7, now: 2) == 2)
        }
        let records = try all(try place.spool())
        #expect(records.map(\.sequence) == [1, 2])
        #expect(records.map(\.epoch) == [7, 7])
        #expect(records[0].progress == first.progress)
        #expect(records[0].progress[0].from == 5)
        #expect(records[0].events == 1)
        #expect(try records.map(messages) == [["one"], ["two"]])
    }

    @Test func aTornEndIsCutOffAndItsNumberUsedAgain() throws {
        let place = try Workplace()
        do {
            let writer = SpoolWriter(try place.spool())
            _ = try writer.append(batch("one"), agent: "a", epoch: 7, now: 1)
            _ = try writer.append(batch("two"), agent: "a", epoch: 7, now: 2)
        }
        let name = try #require(try FileSystem.list("\(place.path)/spool").first { $0.hasSuffix(".journal") })
        let file = try OpenFile("\(place.path)/spool/\(name)", .readWrite)
        try file.truncate(to: try file.status().size - 3)
        let spool = try place.spool()
        #expect(try all(spool).map(\.sequence) == [1])
        #expect(spool.nextPosition == 2)
    }

    @Test func aFullSpoolRefusesAndTakesAgainWhenThereIsRoom() throws {
        let place = try Workplace()
        let spool = try place.spool(limit: 8 << 20)
        let writer = SpoolWriter(spool)
        var generator = SeededGenerator(seed: 1)
        var count: UInt64 = 0
        let refusal = #expect(throws: SpoolError.self) {
            while count < 100 {
                count = try writer.append(batch(noise(600_000, &generator)), agent: "a", epoch: 1, now: 1)
            }
        }
        guard case .full = refusal else {
            Issue.record("\(String(describing: refusal))")
            return
        }
        #expect(spool.bytes >= 8 << 20 && spool.bytes < 10 << 20)
        try spool.release(before: count + 1)
        #expect(spool.bytes < 3 << 20)
        #expect(try writer.append(batch("room"), agent: "a", epoch: 1, now: 1) == count + 1)
        #expect(try all(spool, from: count + 1).map(messages) == [["room"]])
    }

    @Test func aFullDiskRefusesAndTheBatchMayBeOfferedAgain() throws {
        let place = try Workplace()
        let writer = SpoolWriter(try place.spool())
        _ = try writer.append(batch("one"), agent: "a", epoch: 1, now: 1)
        let fault = SystemFaults.add(.init(.write, path: place.path, code: 28, tornBytes: 5, times: 2))
        defer { SystemFaults.remove(fault) }
        for _ in 0..<2 {
            let error = #expect(throws: SpoolError.self) {
                try writer.append(batch("two"), agent: "a", epoch: 1, now: 1)
            }
            guard case .diskFull = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
        #expect(try writer.append(batch("two"), agent: "a", epoch: 1, now: 1) == 2)
    }

    @Test func afterAFailedSyncNothingIsPromised() throws {
        let place = try Workplace()
        let writer = SpoolWriter(try place.spool())
        _ = try writer.append(batch("one"), agent: "a", epoch: 1, now: 1)
        let fault = SystemFaults.add(.init(.sync, path: place.path, code: 5))
        defer { SystemFaults.remove(fault) }
        for _ in 0..<2 {
            let error = #expect(throws: SpoolError.self) {
                try writer.append(batch("two"), agent: "a", epoch: 1, now: 1)
            }
            guard case .broken = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }
}
