import AgentDelivery
import AgentPipeline
import LineFormats
import LogModel
import SystemIO
import TestSupport
import Testing

/// Batches that may be stored are not counted as dropped.
struct HeldBatchTests {
    @Test func aBatchThatMayBeStoredIsNotDropped() throws {
        let place = try Workplace()
        var generator = SeededGenerator(seed: 5)
        var dropped = 0
        func put(_ writer: SpoolWriter, _ level: String) throws {
            try writer.append(batch([(level, noise(400_000, &generator))]), agent: "a", epoch: 8, now: 1)
        }
        do {
            let spool = try place.spool(limit: 8 << 20)
            let writer = SpoolWriter(spool) { dropped += $0.reduce(0) { $0 + $1.events } }
            for _ in 0..<8 { try put(writer, "DEBUG") }
            let queue = makeQueue(spool)
            let first = try #require(try queue.first(in: .priority(.debug)))
            #expect(queue.begin(first) == false)
            while dropped < 7 { try put(writer, "INFO") }
            for _ in 0..<3 { try put(writer, "INFO") }
            #expect(try queue.first(in: .priority(.debug))?.record.sequence == 1)
        }
        // Also when the agent has ended in between.
        let spool = try place.spool(limit: 8 << 20)
        let queue = makeQueue(spool)
        let first = try #require(try queue.first(in: .priority(.debug)))
        #expect(first.record.sequence == 1 && queue.begin(first) == true)
        queue.finish(first)
        #expect(try queue.first(in: .priority(.debug)) == nil)
        #expect(!FileSystem.exists("\(place.path)/spool/debug/held/1"))
    }

    /// A spool in which DEBUG has one batch, which is held.
    private func hold(_ place: Workplace) throws {
        var generator = SeededGenerator(seed: 5)
        let spool = try place.spool(limit: 8 << 20)
        var dropped = 0
        let writer = SpoolWriter(spool) { dropped += $0.reduce(0) { $0 + $1.events } }
        func put(_ level: String) throws {
            try writer.append(batch([(level, noise(400_000, &generator))]), agent: "a", epoch: 8, now: 1)
        }
        for _ in 0..<3 { try put("DEBUG") }
        let queue = makeQueue(spool)
        _ = queue.begin(try #require(try queue.first(in: .priority(.debug))))
        while dropped < 2 { try put("INFO") }
        #expect(FileSystem.exists("\(place.path)/spool/debug/held/1"))
    }

    @Test func whatTheDiskDoesNotGiveNowIsNotGivenUp() throws {
        let place = try Workplace()
        try hold(place)
        let queue = makeQueue(try place.spool(limit: 8 << 20))
        let faults: [IOError.Operation] = [.open, .read]
        for operation in faults {
            let code: Int32 = operation == .open ? 24 : 5
            let fault = SystemFaults.add(.init(operation, path: "\(place.path)/spool/debug/held/1", code: code))
            defer { SystemFaults.remove(fault) }
            #expect(throws: SpoolError.self) { try queue.first(in: .priority(.debug)) }
        }
        #expect(try queue.first(in: .priority(.debug))?.record.sequence == 1)
    }

    @Test func whatTheDiskNeverGivesHoldsUpNothing() throws {
        let place = try Workplace()
        try hold(place)
        var lost: [UnreadableBatches] = []
        let queue = SpoolQueue(try place.spool(limit: 8 << 20), behind: SpoolCursors()) { lost.append($0) }
        let fault = SystemFaults.add(.init(.read, path: "\(place.path)/spool/debug/held/1", code: 5, times: .max))
        defer { SystemFaults.remove(fault) }
        for _ in 0..<2 { #expect(throws: SpoolError.self) { try queue.first(in: .priority(.debug)) } }
        #expect(try queue.first(in: .priority(.debug)) == nil)
        #expect(lost.map(\.numbers) == [1...1] && (lost.first?.bytes ?? 0) > 100_000)
    }

    @Test func heldBatchesThatTheDiskDoesNotNameAreSetAside() throws {
        let place = try Workplace()
        try hold(place)
        let fault = SystemFaults.add(.init(.list, path: "\(place.path)/spool/debug/held", code: 5))
        defer { SystemFaults.remove(fault) }
        let spool = try place.spool(limit: 8 << 20)
        let part = try #require(spool.setAside.first)
        #expect(part.hasEvents && FileSystem.exists("\(part.path)/1"))
    }

    @Test func heldBatchesAreInspected() throws {
        let place = try Workplace()
        try hold(place)
        let inspection = try SpoolInspection(state: place.path)
        func debug() throws -> SpoolInspection.Part? {
            try inspection.verify { name, damage in Issue.record("\(name): \(damage)") }.first { $0.name == "debug" }
        }
        let part = try #require(try debug())
        #expect(
            part.waitingBatches == 1 && part.waitingEvents == 1 && part.heldBatches == 1 && part.damagedHeld.isEmpty)
        var dumped = 0
        try inspection.dump(events: false) { if $0["kept_apart"]?.bool == true { dumped += 1 } }
        #expect(dumped == 1)
        let file = "\(place.path)/spool/debug/held/1"
        var bytes = try FileSystem.contents(file, limit: 1 << 24)
        bytes[bytes.count / 2] ^= 1
        try FileSystem.writeAtomically(file, bytes)
        let damaged = try #require(try debug())
        #expect(damaged.waitingBatches == 0 && damaged.damagedHeld == [1])
    }

    @Test func whatDoesNotCountIsNotInspected() throws {
        let place = try Workplace()
        do {
            let writer = SpoolWriter(try place.spool())
            _ = try writer.append(batch("one"), agent: "a", epoch: 8, now: 1)
            let fault = SystemFaults.add(.init(.write, path: "\(place.path)/spool/ledger", code: 28))
            defer { SystemFaults.remove(fault) }
            #expect(throws: SpoolError.self) { try writer.append(batch("two"), agent: "a", epoch: 8, now: 1) }
        }
        let parts = try SpoolInspection(state: place.path).verify { name, damage in Issue.record("\(name): \(damage)") }
        #expect(parts.map(\.name) == ["info", "ledger"] && parts.map(\.waitingBatches) == [1, 0])
    }

    @Test func whatACrashForgetsToBeAcknowledgedIsNotDropped() throws {
        let place = try Workplace()
        var generator = SeededGenerator(seed: 5)
        var stored: [String] = []
        do {
            let spool = try place.spool(limit: 8 << 20)
            let writer = SpoolWriter(spool)
            for number in 0..<20 {
                try writer.append(batch([("DEBUG", "\(number)")]), agent: "a", epoch: 8, now: 1)
            }
            let queue = makeQueue(spool)
            for _ in 0..<3 {
                let first = try #require(try queue.first(in: .priority(.debug)))
                #expect(!queue.needsSave(first, saved: SpoolCursors()))
                #expect(queue.begin(first) == false)
                stored += try messages(first.record)
                queue.finish(first)
            }
        }
        let spool = try place.spool(limit: 8 << 20)
        var dropped: [Level: Int] = [:]
        let writer = SpoolWriter(spool) { for note in $0 { dropped[note.level, default: 0] += note.events } }
        #expect(!spool.hasDroppable(.debug))
        // Those that come after are another matter.
        var appended = 0
        while dropped[.info] == nil {
            try writer.append(batch([("DEBUG", noise(200_000, &generator))]), agent: "a", epoch: 8, now: 1)
            appended += 1
            try writer.append(batch([("INFO", noise(400_000, &generator))]), agent: "a", epoch: 8, now: 1)
        }
        #expect(dropped[.debug] == appended && FileSystem.exists("\(place.path)/spool/debug/held/20"))
        let queue = makeQueue(spool)
        for number in 0..<20 {
            let first = try #require(try queue.first(in: .priority(.debug)))
            #expect(queue.begin(first) == true)
            #expect(try messages(first.record) == ["\(number)"])
            queue.finish(first)
        }
        #expect(try queue.first(in: .priority(.debug)) == nil)
        #expect(stored == ["0", "1", "2"])
        #expect(try FileSystem.list("\(place.path)/spool/debug/held").isEmpty)
    }
}
