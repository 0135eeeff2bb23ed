import AgentInputs
import AgentPipeline
import SystemIO
import Testing

/// Many files, limits on them, and what is looked at when nothing happens.
struct ManyFilesTests {
    @Test func onlyFilesThatChangedAreLookedAt() throws {
        let bench = try FollowBench(["*.log"], watching: true)
        for number in 0..<300 { try bench.append("\(number)\n", to: "f\(number).log") }
        bench.step()
        #expect(bench.taken().count == 300)
        bench.step()
        #expect(bench.follower.activeFiles == 0)
        try bench.append("more\n", to: "f7.log")
        bench.step(seconds: 0.01)
        #expect(bench.taken() == ["more"])
        #expect(bench.follower.activeFiles == 0)
        try bench.append("new\n", to: "g.log")
        bench.step(seconds: 0.01)
        #expect(bench.taken() == ["new"])
    }

    @Test func whatNoNotificationTellsOfIsSeenByTheFullLook() throws {
        let bench = try FollowBench(["logs/*.log"], watching: true)
        try SystemIOSupport.makeDirectory(bench.path("logs/x"))
        try bench.append("1\n", to: "logs/a.log")
        try bench.link("logs/a.log", "elsewhere")
        bench.step()
        bench.step()
        // Notifications come by the name that was written to, and nobody watches this one.
        try bench.append("2\n", to: "elsewhere")
        bench.step(seconds: 0.1)
        #expect(bench.taken() == ["1"])
        bench.step(seconds: 10)
        #expect(bench.taken() == ["2"])
    }

    @Test(arguments: [false, true]) func moreThanTheLimitHaveTheirTurnWhenOthersEnd(watching: Bool) throws {
        var options = FollowOptions()
        options.fileLimit = 3
        let bench = try FollowBench(["*.log"], options: options, watching: watching)
        for number in 0..<5 { try bench.append("\(number)\n", to: "f\(number).log") }
        bench.step()
        bench.step()
        #expect(bench.taken().sorted() == ["0", "1", "2"])
        #expect(bench.events.filter { $0 == .tooManyFiles(limit: 3, waiting: 2) }.count == 1)
        try bench.remove("f0.log")
        try bench.remove("f1.log")
        for _ in 0..<3 { bench.step(seconds: 61) }
        #expect(bench.taken().sorted() == ["3", "4"])
    }

    @Test(arguments: [false, true]) func nothingIsLostWithFewDescriptors(watching: Bool) throws {
        var options = FollowOptions()
        options.openLimit = 4
        options.chunkBytes = 4096
        let bench = try FollowBench(["*.log"], options: options, watching: watching)
        let text = (0..<900).map { "line \($0)\n" }.joined()
        for number in 0..<30 { try bench.append(text, to: "f\(number).log") }
        bench.step()
        #expect(bench.taken().count == 30 * 900)
        #expect(bench.rounds.allSatisfy { $0.openFiles <= 4 })
        for number in 0..<30 { try bench.append("again\n", to: "f\(number).log") }
        bench.step()
        #expect(bench.taken().count == 30)
    }

    @Test(arguments: [false, true]) func aFileThatIsQuietIsClosed(watching: Bool) throws {
        var treatment = FileTreatment()
        treatment.closeInactive = 5_000_000_000
        let bench = try FollowBench(treatment: treatment, watching: watching)
        try bench.append("1\n")
        bench.step()
        #expect(bench.rounds.last?.openFiles == 1)
        bench.step(seconds: 6)
        #expect(bench.rounds.last?.openFiles == 0)
        try bench.append("2\n")
        try bench.rename("app.log", "app.log.1")
        try bench.append("a\n")
        bench.step()
        bench.step()
        #expect(bench.taken().sorted() == ["1", "2", "a"])
        #expect(bench.losses.isEmpty)
    }

    @Test(arguments: [false, true]) func oldFilesAreReadFromTheirEnds(watching: Bool) throws {
        var treatment = FileTreatment()
        treatment.ignoreOlder = 3_600_000_000_000
        let bench = try FollowBench(["*.log"], treatment: treatment, watching: watching)
        try bench.append("old\nhalf", to: "old.log")
        try bench.age("old.log", seconds: 7_200)
        try bench.append("new\n", to: "new.log")
        bench.step()
        #expect(bench.taken() == ["new"])
        #expect(bench.events.contains(.skipped(path: bench.path("old.log"), offset: 4)))
        try bench.append(" whole\n", to: "old.log")
        bench.step()
        #expect(bench.taken() == ["half whole"])
        bench.restart()
        try bench.append("more\n", to: "old.log")
        bench.step()
        #expect(bench.taken() == ["more"])
    }

    @Test(arguments: [false, true]) func theFirstRunMayStartAtTheEnds(watching: Bool) throws {
        var treatment = FileTreatment()
        treatment.startsAtEnd = true
        var options = FollowOptions()
        options.isFirstRun = true
        let bench = try FollowBench(["*.log"], options: options, treatment: treatment, watching: watching)
        let lines = (0..<2_000).map { "line \($0)\n" }.joined()
        try bench.append(lines, to: "a.log")
        bench.step()
        #expect(bench.taken() == [])
        // What comes later is read from its beginning.
        try bench.append("b\n", to: "b.log")
        try bench.append("a\n", to: "a.log")
        bench.step()
        #expect(bench.taken().sorted() == ["a", "b"])
        bench.options.isFirstRun = false
        bench.restart()
        try bench.append("c\n", to: "c.log")
        try bench.append("more\n", to: "a.log")
        bench.step()
        #expect(bench.taken().sorted() == ["c", "more"])
    }

    @Test(arguments: [TextEncoding.utf16, .utf16LittleEndian, .utf16BigEndian], [false, true])
    func theEndOfTextInUnitsOfTwoBytesIsOneOfALine(encoding: TextEncoding, isBigEndian: Bool) throws {
        if encoding == (isBigEndian ? .utf16LittleEndian : .utf16BigEndian) { return }
        func bytes(_ text: String) -> [UInt8] {
            text.utf16.flatMap {
                isBigEndian ? [UInt8($0 >> 8), UInt8($0 & 0xFF)] : [UInt8($0 & 0xFF), UInt8($0 >> 8)]
            }
        }
        var treatment = FileTreatment()
        treatment.startsAtEnd = true
        var options = FollowOptions()
        options.isFirstRun = true
        options.chunkBytes = 4096
        let bench = try FollowBench(
            ["*.log"], options: options, profile: SourceProfile(encoding: encoding), treatment: treatment)
        let mark = encoding == .utf16 && isBigEndian ? "\u{FEFF}" : ""
        let whole = bytes(mark + String(repeating: "line\n", count: 1_000))
        // Between the bytes of these characters stand those of a line feed.
        try bench.append(whole + bytes("half \u{3000}\u{0A05}\u{3000}"), to: "a.log")
        // No line ends in the part that is looked at.
        try bench.append(bytes(mark + String(repeating: "x", count: 10_000)), to: "b.log")
        bench.step()
        #expect(bench.events.contains(.skipped(path: bench.path("a.log"), offset: whole.count)))
        #expect(
            bench.events.contains(.skipped(path: bench.path("b.log"), offset: bytes(mark).count + 20_000)))
    }

    @Test func aStateWaitsForItsFileSystem() throws {
        let bench = try FollowBench(["mount/*.log"])
        try SystemIOSupport.makeDirectory(bench.path("mount/x"))
        try bench.append("1\n", to: "mount/a.log")
        bench.step()
        try bench.rename("mount", "away")
        bench.restart()
        bench.step()
        bench.step(seconds: 3_600)
        #expect(bench.losses.isEmpty)
        try bench.rename("away", "mount")
        try bench.append("2\n", to: "mount/a.log")
        bench.step()
        #expect(bench.taken() == ["1", "2"])
        try bench.rename("mount", "away")
        bench.restart()
        bench.step()
        bench.step(seconds: 90_000)
        #expect(bench.losses.map(\.reason) == [.gone])
        #expect(bench.registry.isEmpty)
    }

    @Test(arguments: [false, true]) func packedFilesAreNotReadByChance(watching: Bool) throws {
        let bench = try FollowBench(["app.log*", "kept.log.gz"], watching: watching)
        for name in ["app.log", "app.log.gz", "app.log.2.gz", "app.log.3.xz", "app.log.4.zst", "kept.log.gz"] {
            try bench.append("\(name)\n", to: name)
        }
        bench.step()
        try bench.append("late\n", to: "app.log.5.bz2")
        bench.step()
        #expect(bench.taken().sorted() == ["app.log", "kept.log.gz"])
    }
}
