import AgentInputs
import Testing

struct FileFollowerTests {
    @Test(arguments: [false, true]) func readsWhatIsThereAndWhatIsAppended(watching: Bool) throws {
        let bench = try FollowBench(watching: watching)
        bench.step()
        #expect(bench.taken() == [])
        try bench.append("one\r\ntwo\n")
        bench.step()
        #expect(bench.taken() == ["one\r", "two"])
        try bench.append("three\n")
        bench.step(seconds: 0.01)
        #expect(bench.taken() == ["three"])
        bench.step()
        #expect(bench.taken() == [])
    }

    @Test(arguments: [false, true]) func aLineWithoutItsLineFeedWaits(watching: Bool) throws {
        let bench = try FollowBench(watching: watching)
        try bench.append("one\npart")
        bench.step()
        bench.step(seconds: 100)
        #expect(bench.taken() == ["one"])
        try bench.append("ial\n")
        bench.step()
        #expect(bench.taken() == ["partial"])
    }

    @Test(arguments: [false, true]) func longLinesAndManyLinesArriveWhole(watching: Bool) throws {
        let bench = try FollowBench(watching: watching)
        let long = String(repeating: "x", count: 900_000)
        let many = (0..<50_000).map { "line \($0)" }
        try bench.append(long + "\n" + many.joined(separator: "\n") + "\n" + long + "\n")
        bench.step()
        #expect(bench.taken() == [long] + many + [long])
    }

    @Test(arguments: [false, true]) func aRenamedFileIsReadToItsEndAndTheNewOneFromItsStart(watching: Bool) throws {
        let bench = try FollowBench(watching: watching)
        try bench.append("1\n2\n")
        bench.step()
        try bench.append("3\n")
        try bench.rename("app.log", "app.log.1")
        try bench.append("4\n", to: "app.log.1")
        try bench.append("a\n")
        bench.step()
        #expect(bench.taken().sorted() == ["1", "2", "3", "4", "a"])
        // The program has not noticed yet and goes on with the old file.
        try bench.append("5\n", to: "app.log.1")
        bench.step()
        #expect(bench.taken() == ["5"])
        // It is closed then, and is still followed: some programs never notice.
        bench.step(seconds: 61)
        #expect(bench.rounds.last?.openFiles == 1)
        try bench.append("6\n", to: "app.log.1")
        try bench.append("b\n")
        bench.step()
        #expect(bench.taken().sorted() == ["6", "b"])
        #expect(bench.registry.count == 2)
        bench.step(seconds: 61)
        try bench.remove("app.log.1")
        bench.step()
        bench.step()
        #expect(bench.registry.count == 1)
    }

    @Test(arguments: [false, true]) func aRotatedFilesLastLineCountsWithoutItsLineFeed(watching: Bool) throws {
        let bench = try FollowBench(watching: watching)
        try bench.append("1\nlast")
        bench.step()
        try bench.rename("app.log", "app.log.1")
        bench.step()
        #expect(bench.taken() == ["1"])
        bench.step(seconds: 3)
        #expect(bench.taken() == ["last"])
        bench.step(seconds: 3)
        #expect(bench.taken() == [])
    }

    @Test(arguments: [false, true]) func aDeletedFileIsReadToItsEnd(watching: Bool) throws {
        let bench = try FollowBench(watching: watching)
        try bench.append("1\n")
        bench.step()
        try bench.append("2\n3")
        try bench.remove("app.log")
        bench.step()
        bench.step(seconds: 3)
        #expect(bench.taken() == ["1", "2", "3"])
        try bench.append("new\n")
        bench.step()
        #expect(bench.taken() == ["new"])
    }

    @Test(arguments: [false, true]) func aRenamedFileThatMatchesIsNotReadAgain(watching: Bool) throws {
        let bench = try FollowBench(["app.log*"], watching: watching)
        try bench.append("1\n")
        bench.step()
        for round in 2...6 {
            if round > 3 { try bench.rename("app.log.2", "app.log.3") }
            if round > 2 { try bench.rename("app.log.1", "app.log.2") }
            try bench.rename("app.log", "app.log.1")
            // The same first line as all others.
            try bench.append("1\n\(round)\n")
            bench.step()
            bench.step(seconds: 100)
        }
        #expect(bench.taken() == ["1", "1", "2", "1", "3", "1", "4", "1", "5", "1", "6"])
        bench.restart()
        bench.step()
        bench.step(seconds: 100)
        #expect(bench.taken() == [])
    }

    @Test(arguments: [false, true]) func aFileThatMovesToAnotherMatchingNameKeepsItsPlaceAfterARestart(watching: Bool)
        throws
    {
        let bench = try FollowBench(["*.log"], watching: watching)
        try bench.append("1\n")
        bench.step()
        try bench.rename("app.log", "old.log")
        bench.step()
        bench.restart()
        bench.step()
        try bench.append("2\n", to: "old.log")
        bench.step()
        #expect(bench.taken() == ["1", "2"])
    }

    @Test(arguments: [false, true]) func copyAndTruncateLosesNothing(watching: Bool) throws {
        let bench = try FollowBench(watching: watching)
        try bench.append("1\n2\n")
        bench.step()
        try bench.append("3\n4\n")
        try bench.copy("app.log", "app.log.1")
        try bench.truncate()
        try bench.append("a\n")
        bench.step()
        bench.step()
        #expect(bench.taken().sorted() == ["1", "2", "3", "4", "a"])
        #expect(bench.events.contains(.truncated(path: bench.path("app.log"), copy: bench.path("app.log.1"))))
        try bench.append("b\n")
        bench.step()
        #expect(bench.taken() == ["b"])
    }

    @Test(arguments: [false, true]) func aTruncatedFileThatHasGrownBeyondTheOldOffsetIsNoticed(watching: Bool) throws {
        let bench = try FollowBench(watching: watching)
        try bench.append("1\n2\n")
        bench.step()
        try bench.append("3\n")
        try bench.copy("app.log", "app.log.1")
        try bench.truncate()
        try bench.append("a longer first line than before\nb\n")
        bench.step()
        bench.step()
        #expect(bench.taken().sorted() == ["1", "2", "3", "a longer first line than before", "b"])
    }

    @Test(arguments: [false, true]) func aTruncatedFileWithoutACopyIsReported(watching: Bool) throws {
        let bench = try FollowBench(watching: watching)
        try bench.append("1\n2\n")
        bench.step()
        try bench.truncate()
        try bench.append("a\n")
        bench.step()
        #expect(bench.taken() == ["1", "2", "a"])
        #expect(bench.events.contains(.truncatedWithoutCopy(path: bench.path("app.log"))))
        // All that was seen had been read a second ago.
        #expect(bench.losses.map(\.reason) == [.truncated] && bench.losses.first?.bytes == 0)
        #expect(bench.losses.first?.since == bench.clock - 1_000_000_000)
        #expect(bench.registry.count == 1)
    }

    @Test(arguments: [false, true]) func aMatchingCopyIsNotReadTwice(watching: Bool) throws {
        let bench = try FollowBench(["app.log*"], watching: watching)
        for round in 0..<4 {
            try bench.append("round \(round)\nx\n")
            bench.step()
            try bench.append("late \(round)\n")
            try bench.copy("app.log", "app.log.\(round)")
            // The copy is seen before the file is truncated.
            if round % 2 == 0 { bench.step() }
            try bench.truncate()
            bench.step()
            bench.step(seconds: 100)
        }
        bench.step(seconds: 100)
        let expected = (0..<4).flatMap { ["round \($0)", "x", "late \($0)"] }
        #expect(bench.taken().sorted() == expected.sorted())
        bench.restart()
        bench.step()
        bench.step(seconds: 100)
        #expect(bench.taken() == [])
    }

    @Test(arguments: [false, true]) func aCopyShorterThanWhatWasReadIsNotReadAgain(watching: Bool) throws {
        let bench = try FollowBench(["app.log*"], watching: watching)
        try bench.append("1\n")
        bench.step()
        try bench.copy("app.log", "app.log.1")
        try bench.append("2\n")
        bench.step()
        try bench.truncate()
        try bench.append("a\n")
        bench.step()
        bench.step(seconds: 100)
        bench.restart()
        bench.step(seconds: 100)
        #expect(bench.taken().sorted() == ["1", "2", "a"])
    }

    @Test(arguments: [false, true]) func aFileThatOnlyBeginsLikeAnotherIsReadInTheEnd(watching: Bool) throws {
        let bench = try FollowBench(["app.log*"], watching: watching)
        try bench.append("header\n1\n")
        bench.step()
        try bench.append("header\n", to: "app.log-errors")
        bench.step()
        #expect(bench.taken() == ["header", "1"])
        bench.step(seconds: 11)
        #expect(bench.taken() == ["header"])
        try bench.append("header\nz\n", to: "app.log-other")
        bench.step()
        #expect(bench.taken() == ["header", "z"])
    }

    @Test(arguments: [false, true]) func whileThereIsNoRoomNothingIsLost(watching: Bool) throws {
        let bench = try FollowBench(watching: watching)
        bench.hasRoom = false
        try bench.append("1\n")
        bench.step()
        try bench.append("2\n")
        try bench.rename("app.log", "app.log.1")
        try bench.append("a\n")
        bench.step(seconds: 100)
        try bench.remove("app.log.1")
        bench.step(seconds: 100)
        #expect(bench.taken() == [])
        bench.hasRoom = true
        bench.step()
        #expect(bench.taken().sorted() == ["1", "2", "a"])
    }

    @Test(arguments: [false, true]) func excludedAndOwnFilesAreLeftAlone(watching: Bool) throws {
        let bench = try FollowBench(["**/*.log"], exclude: ["**/debug*"], watching: watching)
        for name in ["a/b/c.log", "a/debug.log", "state/own.log", "x.txt", ".hidden/y.log", "top.log"] {
            if name.contains("/") {
                try SystemIOSupport.makeDirectory(bench.path(name))
            }
            try bench.append("\(name)\n", to: name)
        }
        bench.step()
        #expect(bench.taken().sorted() == ["a/b/c.log", "top.log"])
    }

    @Test(arguments: [false, true]) func quietFilesAreClosedAndStillFollowed(watching: Bool) throws {
        var options = FollowOptions()
        options.openLimit = 2
        let bench = try FollowBench(["*.log"], options: options, watching: watching)
        for number in 0..<6 { try bench.append("\(number)\n", to: "f\(number).log") }
        bench.step()
        bench.step()
        #expect(bench.taken().count == 6)
        for number in 0..<6 { try bench.append("again \(number)\n", to: "f\(number).log") }
        bench.step()
        #expect(bench.taken() == (0..<6).map { "again \($0)" } || bench.lines.isEmpty)
        try bench.rename("f0.log", "f0.log.1")
        try bench.append("new\n", to: "f0.log")
        bench.step()
        bench.step()
        #expect(bench.taken() == ["new"])
    }

    @Test(arguments: [false, true]) func readingOnceTakesTheLastLineToo(watching: Bool) throws {
        var options = FollowOptions()
        options.readsOnce = true
        let bench = try FollowBench(["*.log"], options: options, watching: watching)
        try bench.append("1\nlast")
        bench.step()
        #expect(bench.taken() == ["1", "last"])
    }

    @Test(arguments: [false, true]) func renamedTwiceBetweenTwoLooks(watching: Bool) throws {
        let bench = try FollowBench(watching: watching)
        try bench.append("1\n")
        bench.step()
        try bench.rename("app.log", "app.log.1")
        try bench.append("2\n")
        try bench.rename("app.log", "app.log.2")
        try bench.append("3\n")
        bench.follower.namesMayHaveChanged()
        bench.step()
        bench.step(seconds: 20)
        #expect(bench.taken().sorted() == ["1", "2", "3"])
    }

    @Test(arguments: [false, true]) func truncatedAgainBeforeAnythingWasRead(watching: Bool) throws {
        let bench = try FollowBench(watching: watching)
        try bench.append("1\n")
        bench.step()
        try bench.copy("app.log", "app.log.1")
        try bench.truncate()
        bench.step()
        try bench.append("2\n")
        try bench.copy("app.log", "app.log.2")
        try bench.truncate()
        try bench.append("3\n")
        bench.step()
        bench.step(seconds: 20)
        bench.step(seconds: 20)
        #expect(bench.taken().sorted() == ["1", "2", "3"])
    }

    @Test(arguments: [false, true]) func aCopyOfAFileThatGoesOnIsNotRead(watching: Bool) throws {
        let bench = try FollowBench(watching: watching)
        try bench.append("1\n2\n")
        bench.step()
        try bench.copy("app.log", "app.log.1")
        bench.step()
        try bench.append("3\n")
        bench.step(seconds: 20)
        try bench.rename("app.log.1", "app.log.2")
        try bench.rename("app.log", "app.log.1")
        try bench.append("4\n")
        bench.step(seconds: 20)
        bench.step(seconds: 100)
        try bench.rename("app.log.1", "app.log.7")
        bench.step(seconds: 100)
        #expect(bench.taken().sorted() == ["1", "2", "3", "4"])
    }
}
