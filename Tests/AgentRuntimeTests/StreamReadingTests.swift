import AgentDelivery
import AgentOperation
import AgentPipeline
@testable import AgentRuntime
import AgentStreams
import CurlTransport
import Diagnostics
import Glibc
import LogModel
import Settings
import Synchronization
import SystemIO
import TestSupport
import Testing
import Workers

/// Sources that are no files, from their threads to the spool.
@Suite(.timeLimit(.minutes(15)))
struct StreamReadingTests {
    private let log = DiagnosticLog(program: "t", sink: { _ in })

    private struct Parts {
        let state: StateDirectory
        let settings: AgentSettings
        let metrics: AgentMetrics
        let shipper: Shipper
        let stage: IngestStage

        init(_ path: String, _ sources: String, spool: SpoolOptions, _ log: DiagnosticLog) throws {
            let text = "collector: {url: \"http://127.0.0.1:1\"}\n\(sources)\n"
            settings = try readSettings(text: Array(text.utf8), file: "agent.yaml", environment: { _ in nil }) {
                (root) throws(SettingsError) in try AgentSettings(&root)
            }
            state = try StateDirectory("\(path)/state", spool: spool, log: log)
            metrics = AgentMetrics()
            shipper = try Shipper(
                Shipper.Parts(
                    spool: state.spool, registry: state.registry, rejectedDirectory: "\(path)/rejected", log: log,
                    metrics: metrics.delivery,
                    destination: Shipper.Destination([
                        // Nobody sends anything.
                        Shipper.Collector(name: "none") { throw TransportError(.cannotConnect, "down") }
                    ])))
            stage = IngestStage(settings, state, shipper, log, metrics)
            stage.tick(monotonic: SystemClock.monotonicNanos(), wall: SystemClock.wallNanos())
        }

        func events(_ streams: StreamReading) -> Int {
            streams.states.reduce(0) { sum, stream in
                sum + stage.figures.book.figures(stream.id, name: "", written: 0, read: 0, acknowledged: 0).events
            }
        }
    }

    @Test func aSourceWhoseThreadCannotBeStartedIsTriedAgain() throws {
        let place = try TemporaryDirectory()
        let programs = """
            exec:
              - {name: one, command: [/bin/echo, one], stream: true}
              - {name: two, command: [/bin/echo, two], stream: true}
            """
        let parts = try Parts(place.path, programs, spool: SpoolOptions(limitBytes: 64 << 20), log)
        var failures = 1
        let streams = StreamReading(
            parts.settings, known: [], nextSource: 1, parts.state, readsOnce: true, log, parts.metrics
        ) { source, bytes, log, wake in
            failures -= 1
            if failures >= 0 { throw WorkerError.noThread(name: "x", code: 11) }
            return try RunningSource(source, inboxBytes: bytes, log: log, wake: wake)
        }
        streams.start(waking: -1)
        // Each has two, standard output and standard error.
        #expect(streams.states.count == 4 && streams.unstartedNames == [streams.states[2].path])
        var now: UInt64 = 1
        try eventually("the other one is read") {
            now += 1
            return !streams.poll(at: now, parts.stage).isFinished && parts.events(streams) == 1
        }
        now += 10_000_000_000
        try eventually("both are read") {
            now += 1
            return streams.poll(at: now, parts.stage).isFinished
        }
        #expect(parts.events(streams) == 2)
        streams.finish(parts.stage)
        parts.shipper.stop(deadline: 0)
    }

    /// Brings all at once, more than one round takes.
    private final class Bulk: StreamSource {
        let streams: [StreamDescription]
        let hasBrought = Atomic(false)

        init(_ source: any StreamSource) { streams = source.streams }

        func run(into inboxes: [StreamInbox], until stop: StopSignal, log: DiagnosticLog) {
            for _ in 0..<8 {
                let text = String(repeating: "a line of some length, of which there are many\n", count: 4_000)
                _ = inboxes[0].put(
                    StreamRun(Array(text.utf8), .lines(isLast: false), arrival: Timestamp(nanoseconds: 1)))
            }
            hasBrought.store(true, ordering: .releasing)
        }
    }

    @Test func allThatASourceHasBroughtIsTakenAtItsEnd() throws {
        let place = try TemporaryDirectory()
        let program = "exec: [{name: many, command: [/bin/true], stream: true}]"
        let parts = try Parts(place.path, program, spool: SpoolOptions(limitBytes: 64 << 20), log)
        var bulk: Bulk?
        let streams = StreamReading(
            parts.settings, known: [], nextSource: 1, parts.state, readsOnce: true, log, parts.metrics
        ) { source, _, log, wake in
            let all = Bulk(source)
            bulk = all
            return try RunningSource(all, inboxBytes: 64 << 20, log: log, wake: wake)
        }
        streams.start(waking: -1)
        try eventually("it has brought all") { bulk?.hasBrought.load(ordering: .acquiring) == true }
        streams.finish(parts.stage)
        #expect(parts.events(streams) == 32_000 && parts.stage.figures.book.allDrops.isEmpty)
        parts.shipper.stop(deadline: 0)
    }

    @Test func whatTheSpoolDoesNotTakeAtTheEndIsCountedByLevel() throws {
        let place = try TemporaryDirectory()
        let lines = "for i in $(seq 3000); do echo ERROR $i is rather bad; echo DEBUG $i is nothing; done"
        let program = "exec: [{name: many, command: [/bin/sh, -c, \"\(lines)\"], stream: true}]"
        let parts = try Parts(place.path, program, spool: SpoolOptions(limitBytes: 64 << 20), log)
        let full = SystemFaults.add(.init(.write, path: "\(place.path)/state/spool", code: ENOSPC, times: .max))
        defer { SystemFaults.remove(full) }
        let streams = StreamReading(
            parts.settings, known: [], nextSource: 1, parts.state, readsOnce: true, log, parts.metrics)
        streams.start(waking: -1)
        try eventually("all is read") { streams.poll(at: 1, parts.stage).isFinished || parts.events(streams) == 6_000 }
        streams.finish(parts.stage)
        parts.stage.flush(all: true)
        #expect(!parts.stage.isFlushed)
        parts.stage.abandon(Set(streams.states.map(\.id)))
        #expect(parts.stage.isFlushed)
        let drops = parts.stage.figures.book.allDrops
        #expect(drops.allSatisfy { $0.reason == "stopped_without_room" })
        #expect(drops.map(\.events) == [3_000, 3_000] && Set(drops.map(\.level)) == [.debug, .error], "\(drops)")
        parts.shipper.stop(deadline: 0)
    }
}
