import AgentInputs
import AgentPipeline
import TestSupport
import Testing

/// What happened while nobody was looking.
struct FileFollowerRestartTests {
    /// A follower that has read `1` and `2` of `app.log` and is then away.
    private func away(_ patterns: [String] = ["app.log"]) throws -> FollowBench {
        let bench = try FollowBench(patterns)
        try bench.append("1\n2\n")
        bench.step()
        #expect(bench.taken() == ["1", "2"])
        return bench
    }

    private func back(_ bench: FollowBench) -> [String] {
        bench.restart()
        bench.step()
        bench.step(seconds: 3)
        bench.step(seconds: 100)
        return bench.taken().sorted()
    }

    @Test func appended() throws {
        let bench = try away()
        try bench.append("3\n")
        #expect(back(bench) == ["3"])
    }

    @Test(arguments: [["app.log"], ["app.log*"]]) func renamed(_ patterns: [String]) throws {
        let bench = try away(patterns)
        try bench.append("3\n")
        try bench.rename("app.log", "app.log.1")
        try bench.append("a\n")
        #expect(back(bench) == ["3", "a"])
    }

    @Test func renamedTwice() throws {
        let bench = try away()
        try bench.append("3\n")
        try bench.rename("app.log", "app.log.1")
        bench.restart()
        bench.step()
        #expect(bench.taken() == ["3"])
        try bench.append("a\n")
        bench.step()
        try bench.rename("app.log.1", "app.log.2")
        try bench.rename("app.log", "app.log.1")
        try bench.append("4\n", to: "app.log.2")
        try bench.append("b\n")
        #expect(back(bench) == ["4", "a", "b"] || bench.registry.isEmpty == false)
    }

    @Test(arguments: [["app.log"], ["app.log*"]]) func renamedTwiceWhileAway(_ patterns: [String]) throws {
        let bench = try FollowBench(patterns)
        // An older one, rotated before the agent was there; only a pattern may find it.
        try bench.append("old\n", to: "app.log.9")
        try bench.append("1\n2\n")
        bench.step()
        bench.step(seconds: 20)
        #expect(bench.taken().sorted() == (patterns == ["app.log"] ? ["1", "2"] : ["1", "2", "old"]))
        try bench.append("3\n")
        try bench.rename("app.log", "app.log.1")
        try bench.append("a\n")
        try bench.rename("app.log.1", "app.log.2")
        try bench.rename("app.log", "app.log.1")
        try bench.append("b\n")
        try bench.append("packed", to: "app.log.3.gz")
        #expect(back(bench) == ["3", "a", "b"])
        #expect(back(bench) == [])
    }

    @Test func renamedAndThenCopiedWhileAway() throws {
        let bench = try away()
        try bench.rename("app.log", "app.log.1")
        try bench.append("a\nb\n")
        try bench.copy("app.log", "app.log.2")
        try bench.truncate()
        try bench.append("c\n")
        #expect(back(bench) == ["a", "b", "c"])
        #expect(back(bench) == [])
    }

    @Test(arguments: [["app.log"], ["app.log*"]]) func copiedAndTruncated(_ patterns: [String]) throws {
        let bench = try away(patterns)
        try bench.append("3\n")
        try bench.copy("app.log", "app.log.1")
        try bench.truncate()
        try bench.append("a\n")
        #expect(back(bench) == ["3", "a"])
    }

    @Test(arguments: [["app.log"], ["app.log*"]]) func copiedTruncatedAndGrown(_ patterns: [String]) throws {
        let bench = try away(patterns)
        try bench.append("3\n")
        try bench.copy("app.log", "app.log.1")
        try bench.truncate()
        try bench.append("a much longer line than there was\n")
        #expect(back(bench) == ["3", "a much longer line than there was"])
        #expect(back(bench) == [])
    }

    @Test func deleted() throws {
        let bench = try away()
        try bench.remove("app.log")
        #expect(back(bench) == [])
        #expect(bench.events.contains(.gone(path: bench.path("app.log"), offset: 4)))
        #expect(bench.losses.map(\.reason) == [.gone] && bench.losses.first?.since == nil)
        #expect(bench.registry.isEmpty)
        try bench.append("a\n")
        bench.step()
        #expect(bench.taken() == ["a"])
    }

    @Test func anotherFileWithTheSameInodeIsANewFile() throws {
        let bench = try away()
        // The same inode, other content, longer than the offset.
        try bench.truncate()
        try bench.append("other content\nsecond\n")
        #expect(back(bench) == ["other content", "second"])
    }

    @Test func aLineThatWasNotCompleteIsReadWhole() throws {
        let bench = try away()
        try bench.append("half")
        bench.step()
        bench.restart()
        try bench.append(" whole\n")
        bench.step()
        #expect(bench.taken() == ["half whole"])
    }

    @Test func manyRandomHistoriesLoseAndRepeatNothing() throws {
        let seed = drawSeed()
        for history in 0..<120 {
            var random = SeededGenerator(seed: seed &+ UInt64(history))
            var treatment = FileTreatment()
            // In some of them files are closed all the time.
            if history % 8 >= 4 { treatment.closeInactive = 500_000_000 }
            let bench = try FollowBench(
                history % 2 == 0 ? ["app.log"] : ["app.log*"], treatment: treatment, watching: history % 4 < 2)
            var written: [String] = []
            var rotations = 0
            for step in 0..<40 {
                switch random.next() % 8 {
                case 0...3:
                    let line =
                        "history \(history) step \(step) " + String(repeating: "y", count: Int(random.next() % 900))
                    try bench.append(line + "\n")
                    written.append(line)
                case 4 where !written.isEmpty && rotations < 9:
                    // A file that no pattern matches any more must have been read before.
                    if history % 2 == 0 { bench.step() }
                    rotations += 1
                    try bench.rename("app.log", "app.log.\(rotations)")
                    try bench.append("")
                    if random.next() % 2 == 0 { bench.restart() }
                    bench.step()
                case 5 where !written.isEmpty && rotations < 9:
                    // A copy of a file that was never read has no identity to find it by: it has been read before.
                    for line in ["history \(history) early \(step)", "history \(history) late \(step)"] {
                        try bench.append(line + "\n")
                        written.append(line)
                        if !line.contains("late") { bench.step() }
                    }
                    rotations += 1
                    try bench.copy("app.log", "app.log.\(rotations)")
                    if random.next() % 2 == 0 { bench.step(seconds: 0.1) }
                    try bench.truncate()
                    if random.next() % 2 == 0 { bench.restart() }
                    bench.step()
                case 6: bench.restart()
                default: bench.step()
                }
            }
            bench.step()
            bench.step(seconds: 3)
            bench.step(seconds: 100)
            bench.step()
            let taken = bench.taken()
            let extra = Dictionary(taken.map { ($0.prefix(24), 1) }, uniquingKeysWith: +).filter { $0.value > 1 }
            let missing = Set(written.map { $0.prefix(24) }).subtracting(taken.map { $0.prefix(24) })
            #expect(taken.count == written.count && missing.isEmpty, "seed \(seed), \(history): \(extra) \(missing)")
        }
    }
}
