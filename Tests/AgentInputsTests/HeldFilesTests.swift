import AgentInputs
import SystemIO
import Testing

/// Deleted files: kept until they are read and what was read is safe, but not beyond what they may hold.
struct HeldFilesTests {
    @Test(arguments: [false, true]) func aDeletedFileWaitsForRoomHoweverLong(watching: Bool) throws {
        let bench = try FollowBench(watching: watching)
        try bench.append("1\n")
        bench.step()
        bench.hasRoom = false
        try bench.append("2\n")
        try bench.remove("app.log")
        for _ in 0..<20 { bench.step(seconds: 1_000) }
        #expect(bench.rounds.last?.heldBytes == 4)
        bench.hasRoom = true
        bench.step()
        #expect(bench.taken() == ["1", "2"])
        // Nobody has it open for writing.
        for _ in 0..<2 { bench.step(seconds: 61) }
        #expect(bench.rounds.last?.openFiles == 0)
        #expect(bench.registry.isEmpty && bench.losses.isEmpty)
    }

    @Test func aDeletedFileIsKeptWhileSomebodyWritesToIt() throws {
        let bench = try FollowBench()
        let writer = try OpenFile(bench.path("app.log"), .append)
        try Array("1\n".utf8).withUnsafeBytes { try writer.write($0) }
        bench.step()
        try bench.remove("app.log")
        for _ in 0..<5 { bench.step(seconds: 300) }
        try Array("2\n".utf8).withUnsafeBytes { try writer.write($0) }
        bench.step()
        #expect(bench.taken() == ["1", "2"])
    }

    @Test func whatIsOnlyInMemoryKeepsItsFile() throws {
        let bench = try FollowBench()
        try bench.append("1\n")
        bench.step()
        bench.unsafe = [1]
        try bench.remove("app.log")
        for _ in 0..<5 { bench.step(seconds: 300) }
        #expect(bench.registry.count == 1 && bench.rounds.last?.openFiles == 1)
        bench.unsafe = []
        bench.step(seconds: 300)
        #expect(bench.registry.isEmpty)
    }

    @Test(arguments: [false, true]) func whatIsLeftOfADeletedFileAtTheEndIsReadOrCounted(hasRoom: Bool) throws {
        let bench = try FollowBench()
        try bench.append("1\n")
        bench.step()
        bench.hasRoom = hasRoom
        try bench.append("2\n3\n")
        try bench.remove("app.log")
        #expect(bench.follower.pollDeleted(at: bench.clock, bench).isPaused == !hasRoom)
        bench.follower.abandonDeleted(bench)
        #expect(bench.taken() == (hasRoom ? ["1", "2", "3"] : ["1"]))
        bench.hasRoom = true
        bench.restart()
        for _ in 0..<3 { bench.step(seconds: 61) }
        #expect(bench.losses.map(\.bytes) == (hasRoom ? [] : [4]))
        #expect(bench.losses.allSatisfy { $0.reason == .abandoned } && bench.registry.isEmpty)
    }

    @Test func whatOnlyMemoryHasOfADeletedFileIsCountedAtTheEnd() throws {
        let bench = try FollowBench()
        try bench.append("1\n")
        bench.step()
        bench.unsafe = [1]
        try bench.remove("app.log")
        bench.step()
        bench.follower.abandonDeleted(bench)
        #expect(bench.losses.map(\.bytes) == [2] && bench.registry.isEmpty)
    }

    @Test(arguments: [false, true]) func beyondTheBoundTheOldestIsLetGoAndCounted(watching: Bool) throws {
        var options = FollowOptions()
        options.heldBytes = 100_000
        let bench = try FollowBench(options: options, watching: watching)
        try bench.append("first\n")
        bench.step()
        bench.hasRoom = false
        for round in 0..<4 {
            try bench.append(String(repeating: "\(round)", count: 29_999) + "\n")
            bench.step()
            try bench.rename("app.log", "gone")
            try bench.append("")
            bench.step()
            try bench.remove("gone")
            bench.step()
        }
        bench.step()
        #expect(bench.events.contains { if case .holding = $0 { true } else { false } })
        // The first one is longer by the line that was read.
        #expect(bench.losses.map(\.reason) == [.abandoned])
        #expect(bench.losses.map(\.bytes) == [30_000])
        #expect(bench.events.contains(.abandoned(path: bench.path("app.log"), bytes: 30_000)))
        bench.hasRoom = true
        bench.step()
        #expect(bench.taken().map { $0.prefix(1) }.sorted() == ["1", "2", "3", "f"])
    }
}
