import AgentDelivery
import AgentPipeline
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
