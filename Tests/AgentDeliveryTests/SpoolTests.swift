import AgentDelivery
import AgentPipeline
import Journal
import LogModel
import SystemIO
import TestSupport
import Testing

/// Everything that waits in a spool, as it would be sent, acknowledged at once.
func drain(_ queue: SpoolQueue) throws -> [SpoolRecord] {
    var records: [SpoolRecord] = []
    while let batch = try Lane.inOrder.lazy.compactMap({ try queue.first(in: $0) }).first {
        _ = queue.begin(batch)
        queue.finish(batch)
        records.append(batch.record)
    }
    return records
}

func makeQueue(_ spool: Spool, behind cursors: SpoolCursors = SpoolCursors()) -> SpoolQueue {
    SpoolQueue(spool, behind: cursors) { Issue.record("\($0)") }
}

struct SpoolTests {
    private func all(_ spool: Spool, behind cursors: SpoolCursors = SpoolCursors()) throws -> [SpoolRecord] {
        try drain(makeQueue(spool, behind: cursors))
    }

    @Test func whatWasAppendedComesBackAfterReopening() throws {
        let place = try Workplace()
        do {
            let writer = SpoolWriter(try place.spool())
            #expect(try writer.append(batch("one", from: 5, to: 9), agent: "a", epoch: 8, now: 1) == 2)
            #expect(try writer.append(batch("two", from: 9, to: 20), agent: "a", epoch: 8, now: 2) == 3)
        }
        let spool = try place.spool()
        var progress: [SourceProgress] = []
        #expect(spool.forEachProgress(behind: SpoolCursors()) { progress.append($0) })
        #expect(progress.map(\.from) == [5, 9] && progress.map(\.state.offset) == [9, 20])
        let records = try all(spool)
        #expect(records.map(\.sequence) == [1, 2])
        #expect(records.map(\.epoch) == [9, 9])
        #expect(records[0].events == 1 && records[0].shares.map(\.bytes) == [5..<9])
        #expect(records[0].levels.map(\.level) == [.unknown])
        #expect(try records.map(messages) == [["one"], ["two"]])
    }

    @Test func eachPriorityIsALaneAndTheHighestIsSentFirst() throws {
        let place = try Workplace()
        let spool = try place.spool()
        let writer = SpoolWriter(spool)
        for number in 0..<2 {
            try writer.append(
                batch(
                    [
                        ("DEBUG", "d\(number)"), ("INFO", "i\(number)"), ("ERROR", "e\(number)"),
                        ("WARN", "w\(number)"), ("FATAL", "f\(number)"), ("", "u\(number)"),
                    ], from: number * 60), agent: "a", epoch: 8, now: 1)
        }
        let queue = makeQueue(spool)
        let records = try drain(queue)
        #expect(
            try records.map(messages) == [
                ["e0", "f0"], ["e1", "f1"], ["w0"], ["w1"], ["i0", "u0"], ["i1", "u1"], ["d0"], ["d1"],
            ])
        #expect(records.map(\.epoch) == [11, 11, 10, 10, 9, 9, 8, 8])
        #expect(records.map(\.sequence) == [1, 2, 1, 2, 1, 2, 1, 2])
    }

    @Test func aFileMovesOnWhenAllOfItsLinesAreDone() throws {
        let place = try Workplace()
        let spool = try place.spool()
        let writer = SpoolWriter(spool)
        for number in 0..<3 {
            let lines = [("DEBUG", "d"), ("ERROR", "e")]
            try writer.append(batch(lines, from: number * 20), agent: "a", epoch: 8, now: 1)
        }
        let queue = makeQueue(spool)
        var offsets: [Int] = []
        func settle() throws { try queue.settle { _, progress in offsets += progress.map(\.state.offset) } }
        for _ in 0..<3 {
            let batch = try #require(try queue.first(in: .priority(.error)))
            #expect(queue.begin(batch) == false)
            queue.finish(batch)
            try settle()
        }
        #expect(offsets.isEmpty)
        for expected in [20, 40, 60] {
            let batch = try #require(try queue.first(in: .priority(.debug)))
            _ = queue.begin(batch)
            queue.finish(batch)
            try settle()
            #expect(offsets.last == expected)
        }
    }

    @Test func theOldestOfTheLowestPriorityGoesFirstAndIsCounted() throws {
        let place = try Workplace()
        let spool = try place.spool(limit: 8 << 20)
        var dropped: [DropNote] = []
        let writer = SpoolWriter(spool) { dropped += $0 }
        var generator = SeededGenerator(seed: 3)
        var number = 0
        func put(_ level: String) throws {
            let text = "\(number) " + noise(200_000, &generator)
            try writer.append(batch([(level, text)], from: number * 10), agent: "a", epoch: 8, now: 1)
            number += 1
        }
        for _ in 0..<30 { try put("DEBUG") }
        for _ in 0..<100 { try put("INFO") }
        #expect(dropped.first?.level == .debug && dropped.first?.bytes.lowerBound == 0)
        #expect(dropped.first?.path == "/var/log/1.log" && dropped.first?.reason == SpoolWriter.full)
        for _ in 0..<200 { try put("ERROR") }
        // What is of lower priority and comes now goes at once.
        let before = dropped.count
        try put("INFO")
        #expect(dropped[before...].map(\.level) == [.info] && dropped.last?.bytes == (number - 1) * 10..<number * 10)
        #expect(spool.bytes <= 8 << 20)
        let levels = dropped.map(\.level)
        let firstError = try #require(levels.firstIndex(of: .error))
        #expect(levels[..<firstError].filter { $0 == .debug }.count > 0)
        func events(_ level: Level) -> Int { dropped.filter { $0.level == level }.reduce(0) { $0 + $1.events } }
        #expect(events(.debug) == 30 && events(.info) == 101)
        let left = try all(spool)
        #expect(left.allSatisfy { $0.levels.map(\.level) == [.error] })
        #expect(left.count + events(.error) == 200 && events(.error) > 50)
        // The newest stay, without a hole.
        #expect(left.map(\.sequence) == Array((200 - UInt64(left.count) + 1)...200))
    }

    @Test func countsSurviveAndAreToldUnderTheSameNumbers() throws {
        let place = try Workplace()
        var generator = SeededGenerator(seed: 3)
        var dropped = 0
        do {
            let writer = SpoolWriter(try place.spool(limit: 8 << 20)) { dropped += $0.reduce(0) { $0 + $1.events } }
            for number in 0..<60 {
                let text = noise(400_000, &generator)
                try writer.append(batch([("INFO", text)], from: number * 10), agent: "a", epoch: 8, now: 1)
            }
        }
        #expect(dropped > 0)
        let spool = try place.spool(limit: 8 << 20)
        func told() throws -> [UInt64: Int] {
            let queue = makeQueue(spool)
            var told: [UInt64: Int] = [:]
            while let (number, drops) = try queue.nextReport() {
                told[number] = drops.reduce(0) { $0 + $1.events }
                queue.passReport()
            }
            return told
        }
        let first = try told()
        #expect(first.values.reduce(0, +) == dropped)
        #expect(try told() == first)
        // Written anew, the ledger says the same with one entry: who was told may be told again.
        try spool.summarize(1)
        #expect(try told() == first)
        #expect(try all(spool).count + dropped == 60)
    }

    @Test func whatTheLedgerDoesNotTellIsNeverSent() throws {
        let place = try Workplace()
        do {
            let writer = SpoolWriter(try place.spool())
            _ = try writer.append(batch("one"), agent: "a", epoch: 8, now: 1)
            let fault = SystemFaults.add(.init(.write, path: "\(place.path)/spool/ledger", code: 28, times: 2))
            defer { SystemFaults.remove(fault) }
            for _ in 0..<2 {
                #expect(throws: SpoolError.self) { try writer.append(batch("two"), agent: "a", epoch: 8, now: 1) }
            }
            // It ends here: the line is read again.
        }
        let spool = try place.spool()
        #expect(!spool.isDamaged)
        #expect(try SpoolWriter(spool).append(batch("again"), agent: "a", epoch: 8, now: 1) == 3)
        #expect(try all(spool).map(messages) == [["one"], ["again"]])
    }

    @Test func anAppendThatFailedGoesOnWhereItWas() throws {
        let place = try Workplace()
        let spool = try place.spool()
        let writer = SpoolWriter(spool)
        let mixed = try batch([("ERROR", "e"), ("INFO", "i")])
        _ = try writer.append(batch("one"), agent: "a", epoch: 8, now: 1)
        for part in ["info", "ledger"] {
            let fault = SystemFaults.add(.init(.write, path: "\(place.path)/spool/\(part)", code: 28, tornBytes: 5))
            defer { SystemFaults.remove(fault) }
            #expect(throws: SpoolError.self) { try writer.append(mixed, agent: "a", epoch: 8, now: 1) }
        }
        _ = try writer.append(mixed, agent: "a", epoch: 8, now: 1)
        #expect(try all(spool).map(messages) == [["e"], ["one"], ["i"]])
    }

    @Test func aFullDiskGetsBackWhatIsDealtWith() throws {
        let place = try Workplace()
        let spool = try place.spool()
        let writer = SpoolWriter(spool)
        try writer.append(batch([("INFO", "one"), ("DEBUG", "two")]), agent: "a", epoch: 8, now: 1)
        let queue = makeQueue(spool)
        let info = try #require(try queue.first(in: .priority(.info)))
        _ = queue.begin(info)
        queue.finish(info)
        var cursors = SpoolCursors()
        cursors.lanes = spool.laneCursors.lanes
        try spool.release(before: cursors)
        let fault = SystemFaults.add(.init(.write, path: "\(place.path)/spool/info", code: 28))
        defer { SystemFaults.remove(fault) }
        let next = try batch([("INFO", "three")], from: 20)
        #expect(throws: SpoolError.self) { try writer.append(next, agent: "a", epoch: 8, now: 1) }
        #expect(try !FileSystem.list("\(place.path)/spool/info").contains { $0.hasSuffix(".journal") })
        #expect(try FileSystem.list("\(place.path)/spool/debug").contains { $0.hasSuffix(".journal") })
        try writer.append(next, agent: "a", epoch: 8, now: 1)
        #expect(try drain(queue).map(messages) == [["three"], ["two"]])
        // A number is never used again.
        #expect(spool.laneCursors.lanes == [1, 2, 0, 0])
    }

    @Test func aSpoolThatWaitsRefusesAndTakesAgainWhenThereIsRoom() throws {
        let place = try Workplace()
        let spool = try place.spool(limit: 8 << 20, whenFull: .wait)
        let writer = SpoolWriter(spool)
        var generator = SeededGenerator(seed: 1)
        var count = 0
        let refusal = #expect(throws: SpoolError.self) {
            while count < 100 {
                _ = try writer.append(batch(noise(600_000, &generator)), agent: "a", epoch: 8, now: 1)
                count += 1
            }
        }
        guard case .full = refusal else {
            Issue.record("\(String(describing: refusal))")
            return
        }
        #expect(spool.bytes <= 8 << 20 && spool.bytes > 6 << 20)
        #expect(try all(spool).count == count)
        var cursors = SpoolCursors()
        cursors.lanes[Priority.info.rawValue] = UInt64(count)
        try spool.release(before: cursors)
        #expect(spool.bytes < 3 << 20)
    }

    @Test func afterAFailedSyncNothingIsPromised() throws {
        let place = try Workplace()
        let writer = SpoolWriter(try place.spool())
        _ = try writer.append(batch("one"), agent: "a", epoch: 8, now: 1)
        let fault = SystemFaults.add(.init(.sync, path: place.path, code: 5))
        defer { SystemFaults.remove(fault) }
        for _ in 0..<2 {
            let error = #expect(throws: SpoolError.self) {
                try writer.append(batch("two"), agent: "a", epoch: 8, now: 1)
            }
            guard case .broken = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }
}
