import CollectorIngest
import Journal
import CollectorRuntime
import Diagnostics
import Glibc
import LineFormats
import Settings
import StoreEngine
import SystemIO
import TestSupport
import Testing
import ZstdCodec

@Suite(.timeLimit(.minutes(15)))
struct CollectorLifeTests {
    private func post(_ server: TestServer, _ message: String) async throws -> TestAnswer {
        try await server.send("POST", "/insert/jsonline", [], Array(#"{"_msg":"\#(message)"}"#.utf8))
    }

    @Test func eventsAndSequencesAreThereAfterARestart() async throws {
        let directory = try TemporaryDirectory()
        let headers = ["Lodge-Agent: a", "Lodge-Epoch: 1", "Lodge-Sequence: 1"]
        let body = Array(#"{"_msg":"kept"}"#.utf8)
        // The locks of the directory go with the collector.
        do {
            let first = try await TestServer(in: directory)
            _ = try await first.send("POST", "/insert/jsonline", headers, body)
            _ = try await post(first, "kept too")
            await first.collector.stop()
        }
        let second = try await TestServer(in: directory)
        try await second.waitUntilReady()
        #expect(try await second.query("kept").count == 2)
        _ = try await second.send("POST", "/insert/jsonline", headers, body)
        #expect(try await second.query("kept").count == 2)
        await second.end()
    }

    @Test func compressedBodiesAreReadBackAsTheyWereTaken() async throws {
        let directory = try TemporaryDirectory()
        let lines = [
            #"{"ts":"2025-06-15T14:00:00Z","msg":"first","service":"cart","n":1}"#, "no event", #"{"msg":"arrival"}"#,
        ]
        var compressor = ZstdCompressor()
        let body = try compressor.compress(Array(lines.joined(separator: "\n").utf8))
        let target = "/insert/jsonline?_time_field=ts&_msg_field=msg&_stream_fields=service"
        var taken: [JSONValue] = []
        // The locks of the directory go with the collector.
        do {
            let first = try await TestServer(in: directory)
            #expect(try await first.send("POST", target, ["Content-Encoding: zstd"], body).status == 200)
            taken = try await first.query("*")
            #expect(taken.count == 2)
            await first.collector.stop()
        }
        let second = try await TestServer(in: directory)
        try await second.waitUntilReady()
        #expect(try await second.query("*") == taken)
        await second.end()
    }

    @Test func aSecondCollectorIsRefusedTheDataDirectory() async throws {
        let server = try await TestServer()
        let error = await #expect(throws: StartError.self) { _ = try await TestServer(in: server.directory) }
        #expect(error?.description.contains("another collector uses the data directory") == true)
        await server.end()
    }

    @Test func aPortInUseIsSaidInOneSentence() async throws {
        let server = try await TestServer()
        let directory = try TemporaryDirectory()
        let error = await #expect(throws: StartError.self) {
            _ = try await TestServer(in: directory) { $0.listen.port = server.port }
        }
        #expect(error?.description.contains("the port is in use") == true)
        #expect(error?.description.contains("\n") == false)
        // The failed start has let go of its directory.
        let other = try await TestServer(in: directory)
        await other.end()
        await server.end()
    }

    @Test func aFullDiskIsSaidAndQueriesGoOnAndItRecovers() async throws {
        let server = try await TestServer()
        _ = try await post(server, "before")
        let token = SystemFaults.add(.init(.write, path: "\(server.path)/data/journal", code: ENOSPC, times: .max))
        let refused = try await post(server, "refused")
        #expect(refused.status == 507)
        #expect(refused.json?["type"]?.string == "/problems/disk-full")
        #expect(refused.headers["retry-after"] != nil)
        #expect(try await server.query("before").count == 1)
        SystemFaults.remove(token)
        #expect(try await post(server, "after").status == 200)
        #expect(try await server.query("*").count == 2)
        await server.end()
    }

    @Test func afterAFailedSyncNothingIsAcknowledgedAnyMore() async throws {
        let server = try await TestServer { $0.durability = .fsync }
        _ = try await post(server, "before")
        let token = SystemFaults.add(.init(.sync, path: "\(server.path)/data/journal", code: EIO))
        #expect(try await post(server, "lost").status == 503)
        SystemFaults.remove(token)
        #expect(try await post(server, "later").status == 503)
        let ready = try await server.send("GET", "/ready")
        #expect(ready.status == 503)
        #expect(ready.json?["detail"]?.string?.contains("no events are taken") == true)
        #expect(try await server.query("before").count == 1)
        await server.end()
    }

    @Test func journalFilesGoWhenSegmentsHoldTheirEvents() async throws {
        let server = try await TestServer {
            $0.headBytes = 1 << 20
            $0.journalFileBytes = 1 << 20
        }
        var random = SeededGenerator(seed: 1)
        var total = 0
        // Text that does not compress, so that journal files fill up.
        for _ in 0..<40 {
            var lines = ""
            for _ in 0..<200 {
                var text = ""
                for _ in 0..<40 {
                    text += String(random.next(), radix: 36)
                }
                lines += #"{"_msg":"\#(text)"}"# + "\n"
                total += 1
            }
            let body = Array(lines.utf8)
            try await eventually("the events are taken") {
                try await server.send("POST", "/insert/jsonline", [], body).status != 429
            }
        }
        var files: Int?
        try await eventually("there are \(files ?? -1) files of the journal") {
            files = try await server.send("GET", "/health").json?["journal"]?["files"]?.int
            return files ?? .max <= 3
        }
        #expect(try await server.query("* | count() n").first?["n"]?.string == "\(total)")
        await server.end()
    }

    struct Setting: Sendable, CustomTestStringConvertible {
        var text: String
        var part: String
        var testDescription: String { text }
    }

    private func settings(_ text: String) throws -> CollectorSettings {
        try readSettings(text: Array(text.utf8), file: "c.yaml") { root throws(SettingsError) in
            try CollectorSettings(&root)
        }
    }

    @Test(arguments: [
        Setting(text: "lisen: a:1", part: "c.yaml:1:1: unknown key `lisen`"),
        Setting(text: "listen: nowhere", part: "c.yaml:1:9"),
        Setting(text: "durability: maybe", part: "fsync"),
        Setting(text: "limits:\n  body_byte: 1", part: "c.yaml:2:3"),
        Setting(text: "limits:\n  body_bytes: 12", part: "c.yaml:2:15"),
        Setting(text: "head:\n  flush_interval: never", part: "flush_interval"),
        Setting(text: "journal: 5", part: "journal"),
        Setting(text: "storage:\n  pressure:\n    early_percent: 96", part: "must ascend"),
    ])
    func mistakesInAConfigurationFileAreShown(_ setting: Setting) {
        let error = #expect(throws: SettingsError.self) { _ = try settings(setting.text) }
        #expect(error?.description.contains(setting.part) == true, "\(error?.description ?? "")")
    }

    @Test func everyKeyOfAConfigurationFileCounts() throws {
        let read = try settings(
            """
            listen: "[::1]:7601"
            data: /d
            durability: 200ms
            limits: {body_bytes: 1MiB, content_bytes: 2MiB, event_bytes: 3KiB, batch_events: 4}
            head: {bytes: 5MiB, flush_interval: 6s}
            cache: {bytes: 13MiB}
            journal: {file_bytes: 7MiB, replay_window: 8h, replay_bytes: 3GiB}
            compaction: {enabled: false, cpu_percent: 9, bytes_per_second: 10MiB, segment_bytes: 11MiB, grace: 12m}
            """)
        #expect(read.listen == ListenAddress(host: "::1", port: 7601))
        #expect(read.data == "/d")
        #expect(read.durability == .interval(.milliseconds(200)))
        #expect(read.limits.bodyBytes == 1 << 20)
        #expect(read.limits.contentBytes == 2 << 20)
        #expect(read.limits.eventBytes == 3 << 10)
        #expect(read.limits.batchEvents == 4)
        #expect(read.headBytes == 5 << 20 && read.cacheBytes == 13 << 20)
        #expect(read.flushInterval == .seconds(6))
        #expect(read.journalFileBytes == 7 << 20)
        #expect(read.replayWindow == ReplayWindow(age: .seconds(8 * 3_600), bytes: 3 << 30))
        #expect(!read.compaction.isOn && read.compaction.cpuShare == 0.09)
        #expect(read.compaction.bytesPerSecond == 10 << 20 && read.compaction.maxSegmentBytes == 11 << 20)
        #expect(read.compactionGrace == .seconds(720))
        #expect(try settings("") == CollectorSettings())
    }

    @Test func theSampleSaysWhatTheDefaultsAre() throws {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        #expect(try CollectorSettings(file: root + "/packaging/sample/collector.yaml") == CollectorSettings())
    }

    @Test(arguments: ["", "host", "host:", ":1", "host:x", "host:65536", "::1:80", "host:-1"])
    func addressesThatAreNoneAreRefused(_ text: String) {
        #expect(ListenAddress(text) == nil)
    }
}
