import AgentInputs
import AgentPipeline
import Testing

/// Events of several lines: the file says when the last one is whole, by growing no more.
struct QuietFileTests {
    private func bench() throws -> FollowBench {
        try FollowBench(profile: SourceProfile(multiline: Multiline(.trace(.java), timeoutNanos: 2_000_000_000)))
    }

    @Test func anEventIsWholeWhenNothingHasComeForTheTimeout() throws {
        let bench = try bench()
        try bench.append("one\n\tat a\ntwo\n")
        bench.step(seconds: 0.5)
        #expect(bench.taken() == ["one\n\tat a"])
        bench.step(seconds: 1.5)
        #expect(bench.taken() == [])
        try bench.append("\tat b\n")
        // Each line starts the time anew.
        bench.step(seconds: 1)
        bench.step(seconds: 1.5)
        #expect(bench.taken() == [])
        bench.step(seconds: 0.6)
        #expect(bench.taken() == ["two\n\tat b"])
        try bench.append("three\npart")
        bench.step(seconds: 0.1)
        bench.step(seconds: 3)
        #expect(bench.taken() == ["three"])
        bench.step(seconds: 100)
        #expect(bench.taken() == [])
        // A file that has been quiet is looked at once in a second where nobody tells of changes.
        try bench.append("ial\n")
        bench.step(seconds: 1)
        bench.step(seconds: 3)
        #expect(bench.taken() == ["partial"])
    }

    @Test func anEventThatIsNotWholeIsReadAgainAfterARestart() throws {
        let bench = try bench()
        try bench.append("one\ntwo\n\tat a\n")
        bench.step(seconds: 0.5)
        #expect(bench.taken() == ["one"])
        bench.restart()
        try bench.append("\tat b\nthree\n")
        bench.step(seconds: 0.5)
        #expect(bench.taken() == ["two\n\tat a\n\tat b"])
        try bench.rename("app.log", "app.log.1")
        try bench.append("four\n")
        // Names are looked up once in a second.
        bench.step(seconds: 1)
        bench.step(seconds: 3)
        #expect(bench.taken().sorted() == ["four", "three"])
    }
}
