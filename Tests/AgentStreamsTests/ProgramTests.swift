import AgentPipeline
import AgentStreams
import ChildPrograms
import Diagnostics
import Glibc
import LogModel
import Synchronization
import SystemIO
import TestSupport
import Testing

@Suite("Lines of programs") struct ProgramTests {
    private final class Outcomes: Sendable {
        private let list = Mutex<[ProgramOutcome]>([])
        var all: [ProgramOutcome] { list.withLock { $0 } }
        func add(_ outcome: ProgramOutcome) { list.withLock { $0.append(outcome) } }
    }

    private func start(
        _ script: String, _ repetition: ProgramOptions.Repetition = .every(3_600_000_000_000), timeout: UInt64? = nil,
        once: Bool = true, telling outcomes: Outcomes, profile: SourceProfile = SourceProfile(),
        inboxBytes: Int = 1 << 20
    ) throws -> SourceRun {
        let options = ProgramOptions(
            name: "job", command: ["/bin/sh", "-c", script], repetition: repetition, timeoutNanos: timeout,
            profile: profile)
        return try SourceRun(
            ProgramOutput(options, readsOnce: once) { outcomes.add($0) }, inboxBytes: inboxBytes)
    }

    @Test("Standard output and standard error are lines with the name of their stream") func streams() throws {
        let outcomes = Outcomes()
        let run = try start(
            "echo one; echo bad >&2; printf '{\"level\":\"warn\",\"msg\":\"two\"}'; exit 3", telling: outcomes)
        try eventually("it has ended") { run.poll().isFinished }
        run.running.join()
        let seen = run.consumer.events.sorted { $0.text < $1.text }
        #expect(seen.map(\.text) == ["bad", "one", "two"])
        #expect(seen.map { $0.fields["stream"] } == ["stderr", "stdout", "stdout"])
        #expect(seen.map { $0.labels["service"] } == ["job", "job", "job"])
        #expect(seen[2].level == .warn && seen[1].fields["source"] == "exec:job")
        #expect(outcomes.all == [.ended(.exited(3))])
    }

    @Test("It runs again and again, and the end of a run ends its last line") func again() throws {
        let outcomes = Outcomes()
        let run = try start("printf x", .every(1_000_000), once: false, telling: outcomes)
        try eventually("five runs: \(run.consumer.messages)") {
            run.poll()
            return run.consumer.events.count >= 5
        }
        run.finish()
        #expect(run.consumer.messages.allSatisfy { $0 == "x" })
        #expect(outcomes.all.dropLast().allSatisfy { $0 == .ended(.exited(0)) })
    }

    @Test("What takes too long is ended, with all that it has started") func timeout() throws {
        let outcomes = Outcomes()
        let directory = try TemporaryDirectory()
        let pid = directory.path + "/pid"
        let run = try start("sleep 1000 & echo $! > \(pid); echo begun; wait", timeout: 50_000_000, telling: outcomes)
        try eventually("it has ended") { run.poll().isFinished }
        run.running.join()
        #expect(run.consumer.messages == ["begun"] && outcomes.all == [.timeout])
        let text = String(decoding: try FileSystem.contents(pid, limit: 100), as: UTF8.self)
        let child = try #require(Int32(text.prefix { $0.isNumber }))
        // It may stay a zombie of whoever reaps orphans here.
        try eventually("its child has ended") {
            guard kill(child, 0) == 0 else { return true }
            let status = try FileSystem.contents("/proc/\(child)/stat", limit: 4_096)
            return String(decoding: status, as: UTF8.self).contains(") Z")
        }
    }

    @Test("A program that runs on is stopped, and what it has written counts") func stopping() throws {
        let outcomes = Outcomes()
        let run = try start("echo begun; exec sleep 1000", .always, once: false, telling: outcomes)
        try eventually("it runs") {
            run.poll()
            return run.consumer.messages == ["begun"]
        }
        run.finish()
        #expect(outcomes.all == [.stopped])
    }

    @Test("A program waits when there is no room, and that is no time of its own") func heldBack() throws {
        let outcomes = Outcomes()
        let run = try start("seq 1 100000", timeout: 20_000_000_000, telling: outcomes, inboxBytes: 1_000)
        run.consumer.room = 10
        try eventually("there is no room") { run.poll().isPaused }
        #expect(outcomes.all.isEmpty)
        run.consumer.room = .max
        try eventually("it has ended") { run.poll().isFinished }
        run.running.join()
        #expect(run.consumer.messages == (1...100_000).map(String.init))
        #expect(outcomes.all == [.ended(.exited(0))])
    }

    @Test("A program that is not there is an outcome, too") func missing() throws {
        let outcomes = Outcomes()
        let options = ProgramOptions(name: "no", command: ["/no/such"], repetition: .always)
        let run = try SourceRun(ProgramOutput(options, readsOnce: true) { outcomes.add($0) })
        try eventually("it has ended") { run.poll().isFinished }
        guard case .failed(let reason) = outcomes.all.first else {
            Issue.record("\(outcomes.all)")
            return
        }
        #expect(reason == "/no/such cannot be started: No such file or directory")
    }

    @Test("Events of several lines, in lines that come in pieces") func multiline() throws {
        let outcomes = Outcomes()
        let profile = SourceProfile(multiline: Multiline(.trace(.java)))
        let run = try start(
            "echo first; printf 'java.lang.Error: x\n\tat '; sleep 0.05; printf 'y\n\tat z\nnext'", telling: outcomes,
            profile: profile)
        try eventually("it has ended") { run.poll().isFinished }
        #expect(run.consumer.messages == ["first\njava.lang.Error: x\n\tat y\n\tat z", "next"])
    }

    @Test("Standard input is read to its end") func standardInput() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let run = try SourceRun(StandardInput(profile: SourceProfile(), descriptor: ends[0]))
        let text = (0..<50_000).map { "\($0)\n" }.joined() + "last"
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.prefix(10_000).withUnsafeBytes { write(ends[1], $0.baseAddress, $0.count) }
            rest = rest.dropFirst(max(0, count))
            run.poll()
        }
        try eventually("all but the last: \(run.consumer.events.count)") {
            run.poll()
            return run.consumer.events.count == 50_000
        }
        close(ends[1])
        try eventually("the end") { run.poll().isFinished }
        #expect(run.consumer.messages == (0..<50_000).map(String.init) + ["last"])
        #expect(run.consumer.states["stdin"]?.offset == text.utf8.count)
        close(ends[0])
    }
}
