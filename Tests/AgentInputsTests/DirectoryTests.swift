import AgentInputs
import SystemIO
import TestSupport
import Testing

/// Directories and symbolic links that come, go and move, seen at once where changes are told.
struct DirectoryTests {
    /// Less than the time after which everything is looked at.
    private let soon = 0.3

    @Test func aDirectoryThatIsMadeLaterIsNoticed() throws {
        let bench = try FollowBench(["a/b/c/*.log"], watching: true)
        bench.step()
        try SystemIOSupport.makeDirectory(bench.path("a/b/c/x"))
        try bench.append("1\n", to: "a/b/c/app.log")
        bench.step(seconds: soon)
        #expect(bench.taken() == ["1"])
        try bench.append("2\n", to: "a/b/c/app.log")
        bench.step(seconds: soon)
        #expect(bench.taken() == ["2"])
    }

    @Test func aDirectoryThatIsDeletedAndMadeAnewIsNoticed() throws {
        let bench = try FollowBench(["a/*/*.log"], watching: true)
        try SystemIOSupport.makeDirectory(bench.path("a/x/-"))
        try bench.append("1\n", to: "a/x/app.log")
        bench.step()
        for round in 2...5 {
            try FileSystem.removeTree(bench.path(round % 2 == 0 ? "a/x" : "a"))
            if round == 4 { bench.step(seconds: soon) }
            try SystemIOSupport.makeDirectory(bench.path("a/x/-"))
            try bench.append("\(round)\n", to: "a/x/app.log")
            bench.step(seconds: soon)
            try bench.append("more\n", to: "a/x/app.log")
            bench.step(seconds: soon)
        }
        #expect(bench.taken() == ["1", "2", "more", "3", "more", "4", "more", "5", "more"])
    }

    @Test func aRenamedDirectoryTakesItsFilesAlong() throws {
        let bench = try FollowBench(["*/app.log"], watching: true)
        try SystemIOSupport.makeDirectory(bench.path("old/x"))
        try bench.append("1\n", to: "old/app.log")
        bench.step()
        try bench.rename("old", "new")
        try SystemIOSupport.makeDirectory(bench.path("old/x"))
        try bench.append("a\n", to: "old/app.log")
        try bench.append("2\n", to: "new/app.log")
        bench.step(seconds: soon)
        bench.step(seconds: soon)
        try bench.append("3\n", to: "new/app.log")
        try bench.append("b\n", to: "old/app.log")
        bench.step(seconds: soon)
        #expect(bench.taken().sorted() == ["1", "2", "3", "a", "b"])
    }

    @Test(arguments: [false, true]) func aLinkedFileIsReadOnceAndItsTargetIsWatched(watching: Bool) throws {
        let bench = try FollowBench(["links/*.log", "pods/*/*.log"], watching: watching)
        try SystemIOSupport.makeDirectory(bench.path("pods/p/-"))
        try SystemIOSupport.makeDirectory(bench.path("links/-"))
        try bench.append("1\n", to: "pods/p/0.log")
        try bench.symlink(bench.path("pods/p/0.log"), "links/p.log")
        bench.step()
        bench.step()
        try bench.append("2\n", to: "pods/p/0.log")
        bench.step(seconds: watching ? soon : 1)
        #expect(bench.taken() == ["1", "2"])
    }

    @Test func whatALinkLeadsToIsFollowedThroughRotation() throws {
        let bench = try FollowBench(["links/*.log"], watching: true)
        try SystemIOSupport.makeDirectory(bench.path("pods/p/-"))
        try SystemIOSupport.makeDirectory(bench.path("links/-"))
        try bench.append("1\n", to: "pods/p/0.log")
        try bench.symlink("../pods/p/0.log", "links/p.log")
        bench.step()
        bench.step()
        try bench.append("2\n", to: "pods/p/0.log")
        bench.step(seconds: soon)
        #expect(bench.taken() == ["1", "2"])
        try bench.append("3\n", to: "pods/p/0.log")
        try bench.rename("pods/p/0.log", "pods/p/0.log.20260614-101010")
        try bench.append("a\n", to: "pods/p/0.log")
        bench.step(seconds: soon)
        #expect(bench.taken().sorted() == ["3", "a"])
        // While nobody looks as well.
        try bench.append("b\n", to: "pods/p/0.log")
        try bench.rename("pods/p/0.log", "pods/p/0.log.20260615-101010")
        try bench.append("x\n", to: "pods/p/0.log")
        bench.restart()
        bench.step()
        bench.step(seconds: 3)
        #expect(bench.taken().sorted() == ["b", "x"])
        #expect(bench.losses.isEmpty)
    }

    @Test func aLinkToAnotherFileIsNoticed() throws {
        let bench = try FollowBench(["current.log"], watching: true)
        try bench.append("1\n", to: "first")
        try bench.append("2\n", to: "second")
        try bench.symlink("first", "current.log")
        bench.step()
        #expect(bench.taken() == ["1"])
        try bench.remove("current.log")
        try bench.symlink("second", "current.log")
        bench.step(seconds: soon)
        #expect(bench.taken() == ["2"])
        try bench.append("late\n", to: "first")
        bench.step(seconds: soon)
        #expect(bench.taken() == ["late"])
    }

    @Test func filesThatComeWhileAllAreLookedAtAreFound() throws {
        let bench = try FollowBench(["*/*.log"], watching: true)
        for round in 0..<5 {
            for number in 0..<20 {
                try SystemIOSupport.makeDirectory(bench.path("d\(round)-\(number)/x"))
                try bench.append("\(round) \(number)\n", to: "d\(round)-\(number)/app.log")
            }
            // One look, and only then the watches of the new directories.
            bench.beforeWatching = {
                for number in 0..<20 {
                    try bench.append("late\n", to: "d\(round)-\(number)/app.log")
                    try bench.append("other\n", to: "d\(round)-\(number)/other.log")
                }
            }
            bench.step(seconds: soon)
            #expect(bench.taken().count == 60)
        }
    }

    @Test func directoriesBeyondTheLimitOfWatchesArePolled() throws {
        let directory = try TemporaryDirectory()
        var watcher = ChangeWatcher(watchLimit: 2)
        var plan = WatchPlan()
        for name in ["a", "b", "c"] {
            try FileSystem.createDirectory("\(directory.path)/\(name)")
            plan.directories.insert("\(directory.path)/\(name)")
        }
        plan.directories.insert("\(directory.path)/missing")
        let result = watcher.watch(plan)
        #expect(result.hasNew && result.isExhausted && !result.unwatched.isEmpty)
        #expect(!watcher.watch(plan).hasNew)
    }
}
