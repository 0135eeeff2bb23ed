import AgentInputs
import SystemIO
import TestSupport
import Testing

/// Closed files that are gone, for a while or for good, and files that cannot be opened.
struct AbsentFilesTests {
    private func text(_ count: Int) -> String { (0..<count).map { "line \($0)\n" }.joined() }

    @Test(arguments: [false, true], [false, true])
    func whatAClosedFileHadUnreadIsCounted(watching: Bool, begun: Bool) throws {
        var options = FollowOptions()
        options.openLimit = 4
        options.chunkBytes = 4096
        let bench = try FollowBench(["*.log"], options: options, watching: watching)
        for number in 0..<30 { try bench.append(text(900), to: "f\(number).log") }
        // Of each file the first bytes are read, and most of them are closed then.
        if begun { _ = bench.follower.poll(at: bench.clock, bench) }
        bench.hasRoom = false
        bench.step()
        for number in 0..<20 { try bench.remove("f\(number).log") }
        bench.step()
        bench.hasRoom = true
        for seconds in [1.0, 11, 130, 11] { bench.step(seconds: seconds) }
        let taken = bench.taken().reduce(0) { $0 + $1.utf8.count + 1 }
        let lost = bench.losses.reduce(0) { $0 + $1.bytes }
        #expect(taken + lost == 30 * text(900).utf8.count)
        #expect(bench.losses.count >= 16 && bench.losses.allSatisfy { $0.reason == .gone })
        #expect(bench.registry.count == 10)
    }

    @Test(arguments: [false, true]) func inAnyHistoryOfDeletionsAllIsReadOrCounted(watching: Bool) throws {
        let seed = drawSeed()
        for history in 0..<60 {
            var random = SeededGenerator(seed: seed &+ UInt64(history))
            var options = FollowOptions()
            options.openLimit = 2 + random.below(3)
            options.chunkBytes = 4096
            var treatment = FileTreatment()
            treatment.closeInactive = 500_000_000
            let bench = try FollowBench(["*.log"], options: options, treatment: treatment, watching: watching)
            var (written, names) = (0, Set<String>())
            for step in 0..<60 {
                switch random.below(8) {
                case 0..<4:
                    let name = "f\(random.below(6)).log"
                    let text = (0..<(1 + random.below(300))).map { "history \(history) step \(step) \($0)\n" }.joined()
                    try bench.append(text, to: name)
                    written += text.utf8.count
                    names.insert(name)
                case 4:
                    if let name = names.sorted().randomElement(using: &random) {
                        try bench.remove(name)
                        names.remove(name)
                    }
                case 5: bench.hasRoom.toggle()
                default: _ = bench.follower.poll(at: bench.clock, bench)
                }
                // Seen at once where changes are told, else by the next look.
                bench.step(seconds: watching ? 0.1 : 1)
            }
            bench.hasRoom = true
            for _ in 0..<12 { bench.step(seconds: 61) }
            let taken = bench.taken()
            #expect(Set(taken).count == taken.count, "seed \(seed), \(history)")
            let sum = taken.reduce(bench.losses.reduce(0) { $0 + $1.bytes }) { $0 + $1.utf8.count + 1 }
            #expect(sum == written, "seed \(seed), \(history)")
        }
    }

    @Test(arguments: [false, true]) func aClosedFileGoesOnWhenItsDirectoryComesBack(watching: Bool) throws {
        let bench = try FollowBench(["mount/*.log"], watching: watching)
        try SystemIOSupport.makeDirectory(bench.path("mount/x"))
        try bench.append("1\n", to: "mount/a.log")
        bench.step()
        bench.step(seconds: 301)
        #expect(bench.rounds.last?.openFiles == 0)
        for round in 2..<4 {
            try bench.rename("mount", "away")
            bench.step()
            bench.step(seconds: 3_600)
            try bench.rename("away", "mount")
            try bench.append("\(round)\n", to: "mount/a.log")
            bench.step()
            bench.step(seconds: 11)
            bench.step(seconds: 301)
        }
        #expect(bench.taken() == ["1", "2", "3"])
        bench.restart()
        try bench.append("4\n", to: "mount/a.log")
        bench.step()
        #expect(bench.taken() == ["4"])
        #expect(bench.losses.isEmpty && bench.registry.count == 1)
    }

    @Test(arguments: [["app.log"], ["app.log*"]], [false, true])
    func aClosedFileThatIsCopiedAndTruncatedIsReadOnce(patterns: [String], watching: Bool) throws {
        let bench = try FollowBench(patterns, watching: watching)
        try bench.append("1\n2\n")
        bench.step()
        for round in 0..<3 {
            bench.step(seconds: 301)
            #expect(bench.rounds.last?.openFiles == 0)
            // What is written last is only in the copy.
            try bench.append("late \(round)\n")
            try bench.copy("app.log", "app.log.\(round)")
            try bench.truncate()
            try bench.append("\(round)\n")
            bench.step()
            for _ in 0..<3 { bench.step(seconds: 11) }
        }
        #expect(bench.taken().sorted() == ["0", "1", "1", "2", "2", "late 0", "late 1", "late 2"])
        #expect(bench.losses.isEmpty)
    }

    @Test(arguments: [false, true]) func anOpenFileIsNoRotatedOneWhenItsDirectoryIsBack(watching: Bool) throws {
        let bench = try FollowBench(["mount/*.log"], watching: watching)
        try SystemIOSupport.makeDirectory(bench.path("mount/x"))
        try bench.append("1\n", to: "mount/a.log")
        bench.step()
        try bench.rename("mount", "away")
        bench.step()
        bench.step(seconds: 11)
        try bench.rename("away", "mount")
        bench.step()
        bench.step(seconds: 11)
        try bench.append("half", to: "mount/a.log")
        bench.step()
        bench.step(seconds: 3)
        try bench.append(" whole\n", to: "mount/a.log")
        bench.step()
        #expect(bench.taken() == ["1", "half whole"])
        #expect(bench.losses.isEmpty && bench.registry.count == 1)
    }

    @Test(arguments: [false, true]) func aClosedFileThatIsMovedBackGoesOn(watching: Bool) throws {
        let bench = try FollowBench(["*.log"], watching: watching)
        try bench.append("1\n", to: "a.log")
        bench.step()
        bench.step(seconds: 301)
        try bench.rename("a.log", "kept")
        bench.step()
        bench.step(seconds: 11)
        try bench.rename("kept", "a.log")
        bench.step()
        try bench.append("2\n", to: "a.log")
        bench.step(seconds: 11)
        #expect(bench.taken() == ["1", "2"])
        // One that is deleted for good is no loss, and leaves nothing.
        bench.step(seconds: 301)
        try bench.remove("a.log")
        bench.step()
        #expect(bench.registry.isEmpty)
        bench.step(seconds: 130)
        // The next one may well have its inode.
        try bench.append("1\n2\n3\n", to: "a.log")
        bench.step()
        #expect(bench.taken() == ["1", "2", "3"])
        #expect(bench.losses.isEmpty)
    }

    @Test func whatOnlyMemoryHasOfAFileKeepsItsState() throws {
        let bench = try FollowBench(["*.log"])
        try bench.append("1\n", to: "a.log")
        bench.step()
        bench.step(seconds: 301)
        bench.unsafe = [1]
        try bench.remove("a.log")
        for _ in 0..<3 { bench.step(seconds: 130) }
        #expect(bench.registry.count == 1)
        bench.unsafe = []
        bench.step(seconds: 11)
        #expect(bench.registry.isEmpty && bench.losses.isEmpty)
    }

    @Test func anotherFileWithTheInodeOfADeletedOneIsReadWhole() throws {
        let bench = try FollowBench(["*.log"])
        for round in 0..<5 {
            try bench.append("1\n", to: "a.log")
            bench.step()
            bench.step(seconds: 301)
            try bench.remove("a.log")
            bench.step()
            try bench.append("1\n2\n", to: "a.log")
            bench.step()
            #expect(bench.taken() == ["1", "1", "2"], "round \(round)")
            try bench.remove("a.log")
            for _ in 0..<3 { bench.step(seconds: 61) }
        }
    }

    /// EIO, EACCES, EMFILE.
    @Test(arguments: [5, 13, 24] as [Int32]) func aFileThatCannotBeOpenedAtTheStartGoesOnLater(code: Int32) throws {
        let bench = try FollowBench()
        try bench.append("1\n2\n")
        bench.step()
        try bench.append("3\n")
        let fault = SystemFaults.add(.init(.open, path: bench.path("app.log"), code: code, times: .max))
        defer { SystemFaults.remove(fault) }
        bench.restart()
        bench.step()
        bench.step(seconds: 11)
        SystemFaults.remove(fault)
        bench.step(seconds: 6)
        #expect(bench.taken() == ["1", "2", "3"])
        #expect(bench.losses.isEmpty && bench.registry.count == 1)
        #expect(!bench.events.contains { if case .gone = $0 { true } else { false } })
    }
}
