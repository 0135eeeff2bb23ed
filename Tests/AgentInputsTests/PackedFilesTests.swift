import AgentInputs
import SystemIO
import TestSupport
import Testing

/// Rotated files that gzip has packed while nobody was looking.
struct PackedFilesTests {
    private func lines(_ name: String, _ count: Int = 2_000) -> [String] { (0..<count).map { "\(name) \($0)" } }

    private func text(_ lines: [String]) -> String { lines.map { $0 + "\n" }.joined() }

    private func back(_ bench: FollowBench) -> [String] {
        bench.restart()
        for seconds in [1.0, 3, 2, 61, 61] { bench.step(seconds: seconds) }
        return bench.taken()
    }

    @Test(arguments: [["app.log"], ["app.log*"]], [false, true])
    func theRestOfAPackedFileIsReadOnce(patterns: [String], watching: Bool) throws {
        let bench = try FollowBench(patterns, watching: watching)
        let all = lines("a")
        try bench.append(text(Array(all.prefix(500))))
        bench.step()
        #expect(bench.taken() == Array(all.prefix(500)))
        try bench.append(text(Array(all.dropFirst(500))))
        try bench.rename("app.log", "app.log.1")
        try bench.pack("app.log.1")
        try bench.append("new\n")
        #expect(back(bench).sorted() == (all.dropFirst(500) + ["new"]).sorted())
        #expect(bench.losses.isEmpty)
        #expect(back(bench) == [])
        try bench.rename("app.log.1.gz", "app.log.2.gz")
        #expect(back(bench) == [])
    }

    @Test func aCopyThatWasPackedIsFound() throws {
        let bench = try FollowBench()
        let all = lines("a")
        try bench.append(text(Array(all.prefix(500))))
        bench.step()
        try bench.append(text(Array(all.dropFirst(500))))
        try bench.copy("app.log", "app.log-20260614")
        try bench.truncate()
        try bench.append("after\n")
        try bench.pack("app.log-20260614")
        #expect(back(bench).sorted() == (all + ["after"]).sorted())
        #expect(bench.losses.isEmpty)
        #expect(back(bench) == [])
    }

    @Test(arguments: [1, 2]) func restartsInTheMiddleOfAPackedFile(parts: Int) throws {
        let bench = try FollowBench()
        let all = lines("a", 40_000)
        try bench.append(text(Array(all.prefix(10))))
        bench.step()
        let first = parts == 1 ? all.count : all.count - 1_000
        try bench.append(text(Array(all[10..<first])))
        try bench.rename("app.log", "app.log.1")
        try bench.pack("app.log.1")
        if parts == 2 {
            try bench.append(text(Array(all[first...])), to: "rest")
            try bench.pack("rest")
            try bench.append(try FileSystem.contents(bench.path("rest.gz"), limit: 1 << 20), to: "app.log.1.gz")
        }
        var taken = bench.taken()
        for _ in 0..<3 {
            bench.restart()
            // Room for one run of bytes, and then it ends.
            _ = bench.follower.poll(at: bench.clock, bench)
            taken += bench.taken()
            try? bench.rename("app.log.1.gz", "app.log.2.gz")
        }
        taken += back(bench)
        #expect(taken == all)
    }

    @Test(arguments: [true, false]) func whatWasRotatedAndPackedLaterIsReadAsWell(hasRoom: Bool) throws {
        let bench = try FollowBench()
        try bench.append("older\n", to: "app.log.3")
        try bench.pack("app.log.3", age: 300)
        try bench.append("1\n2\n")
        bench.step()
        try bench.append("3\n")
        try bench.rename("app.log", "app.log.2")
        try bench.pack("app.log.2", age: 200)
        try bench.append("unseen\n", to: "app.log.1")
        try bench.pack("app.log.1", age: 100)
        try bench.append("new\n")
        bench.options.lastRun = SystemClock.wallNanos() - 250_000_000_000
        if !hasRoom {
            bench.hasRoom = false
            #expect(back(bench) == ["1", "2"])
            #expect(bench.registry.count == 2)
            bench.hasRoom = true
            bench.lines = ["1", "2"]
            bench.options.lastRun = SystemClock.wallNanos()
        }
        #expect(back(bench).sorted() == ["1", "2", "3", "new", "unseen"])
        #expect(back(bench) == [])
    }

    @Test func aPackedFileThatWasReadIsNotTakenForALaterOne() throws {
        let bench = try FollowBench()
        try bench.append("1\n")
        bench.step()
        bench.unsafe = [1]
        try bench.append("2\n")
        try bench.rename("app.log", "app.log.1")
        try bench.append("a\n")
        bench.step()
        try bench.pack("app.log.1", age: 100)
        // Read to its end, truncated, and found packed.
        try bench.copy("app.log", "app.log.2")
        try bench.truncate()
        try bench.pack("app.log.2")
        bench.step()
        for _ in 0..<3 { bench.step(seconds: 61) }
        bench.options.lastRun = SystemClock.wallNanos() - 50_000_000_000
        _ = bench.taken()
        #expect(back(bench) == [])
    }

    @Test func aFileWithTheSameBeginningIsAnother() throws {
        let bench = try FollowBench()
        try bench.append("header\n1\n2\n")
        bench.step()
        try bench.append("header\n", to: "app.log.1")
        try bench.pack("app.log.1")
        try bench.append("header\nx\n2\n3\n", to: "app.log.2")
        try bench.pack("app.log.2")
        try bench.remove("app.log")
        _ = bench.taken()
        #expect(back(bench) == [])
        #expect(bench.losses.map(\.reason) == [.gone])
    }

    @Test func aDamagedOneIsALossAndAllElseGoesOn() throws {
        let bench = try FollowBench()
        let all = lines("a", 60_000)
        try bench.append(text(Array(all.prefix(10))))
        bench.step()
        try bench.append(text(Array(all.dropFirst(10))))
        try bench.rename("app.log", "app.log.1")
        try bench.pack("app.log.1")
        try OpenFile(bench.path("app.log.1.gz"), .readWrite).truncate(to: 60_000)
        try bench.append("new\n")
        let taken = bench.taken() + back(bench)
        #expect(taken.contains("new") && taken.filter { $0 != "new" }.elementsEqual(all.prefix(taken.count - 1)))
        #expect(taken.count < all.count)
        #expect(bench.losses.map(\.reason) == [.gone])
    }
}
