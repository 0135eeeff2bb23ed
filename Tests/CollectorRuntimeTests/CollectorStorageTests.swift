import CollectorRuntime
import LineFormats
import LogModel
import Settings
import StoragePolicy
import StoreEngine
import SystemIO
import TestSupport
import Testing

@Suite struct CollectorStorageTests {
    @Test func everyKeyAboutStorageCounts() throws {
        let text = """
            storage:
              headroom: 64MiB
              pressure: {early_percent: 70, high_percent: 75, critical_percent: 85, enough_bytes: 1GiB}
              tiers: {hot: 2d, warm: 5d, shrunk_hot: 12h}
              cold: {directory: /mnt/archive, cache_bytes: 3GiB, read_timeout: 4s}
            retention:
              age: 100d
              max_bytes: 500GiB
              grace: 2h
              rules:
                - levels: [trace, debug]
                  age: 3d
                - tenant: audit
                  levels: fatal
                  age: 10y
            """.replacing("10y", with: "3650d")
        let storage = try readSettings(text: Array(text.utf8), file: "c.yaml") { root throws(SettingsError) in
            try CollectorSettings(&root)
        }.storage
        #expect(storage.headroomBytes == 64 << 20)
        #expect(storage.pressure.early == 70 && storage.pressure.high == 75 && storage.pressure.critical == 85)
        #expect(storage.pressure.enoughBytes == 1 << 30)
        #expect(storage.tiers.hotAge == .seconds(2 * 86_400) && storage.tiers.warmAge == .seconds(5 * 86_400))
        #expect(storage.tiers.shrunkHotAge == .seconds(43_200) && storage.tiers.hasColdTier)
        #expect(storage.cold?.directory == "/mnt/archive" && storage.cold?.cacheBytes == 3 << 30)
        #expect(storage.cold?.readTimeout == .seconds(4))
        #expect(storage.retention.age == .seconds(100 * 86_400) && storage.retention.grace == .seconds(7_200))
        #expect(storage.retention.maxBytes == 500 << 30)
        #expect(
            storage.retention.rules == [
                .init(levels: [.trace, .debug], age: .seconds(3 * 86_400)),
                .init(tenant: "audit", levels: [.fatal], age: .seconds(3_650 * 86_400)),
            ])
    }

    @Test func aDiskThatIsNearlyFullTakesNoEventsAndAnswersQueries() async throws {
        let directory = try TemporaryDirectory()
        do {
            let first = try await TestServer(in: directory)
            #expect(
                try await first.send("POST", "/insert/jsonline", [], Array(#"{"_msg":"before"}"#.utf8)).status == 200)
            let calm = try await first.send("GET", "/v1/storage")
            #expect(calm.status == 200 && calm.json?["disk"]?["stage"]?.string != nil)
            await first.collector.stop()
        }

        let server = try await TestServer(in: directory) {
            $0.storage.pressure.critical = 0
            $0.storage.pressure.enoughBytes = .max
        }
        let refused = try await server.send("POST", "/insert/jsonline", [], Array(#"{"_msg":"refused"}"#.utf8))
        #expect(refused.status == 507 && refused.json?["type"]?.string == "/problems/disk-full")
        #expect(refused.headers["retry-after"] != nil && refused.json?["detail"]?.string?.contains("% full") == true)
        let status = try await server.send("GET", "/v1/storage").json
        #expect(status?["disk"]?["stage"]?.string == "critical" && status?["disk"]?["refuses_events"]?.bool == true)
        #expect(status?["problems"]?.array?.first?.string?.contains("no events are taken") == true)
        #expect(try await server.send("GET", "/metrics").text.contains("lodge_collector_disk_pressure_stage 3\n"))
        try await server.waitUntilReady()
        #expect(try await server.query("before").count == 1)
        #expect(server.logLines.filter { $0.contains("the disk is nearly full") }.count == 1)
        await server.end()
    }

    @Test func aDiskThatIsNearlyFullShowsWhatStrippingHasGivenBack() async throws {
        let directory = try TemporaryDirectory()
        do {
            let first = try await TestServer(in: directory) {
                $0.flushInterval = .milliseconds(100)
                $0.storage.interval = .milliseconds(100)
                $0.storage.tiers.hotAge = .milliseconds(100)
            }
            let lines = (0..<50).map { "{\"_msg\":\"order\($0 * 7)x of customer c\($0)d\"}\n" }.joined()
            #expect(try await first.send("POST", "/insert/jsonline", [], Array(lines.utf8)).status == 200)
            try await eventually("the segments are warm and could be stripped") {
                let status = try await first.send("GET", "/v1/storage").json
                return status?["tiers"]?["hot"]?["segments"]?.int == 0
                    && status?["tiers"]?["warm"]?["events"]?.int == 50
                    && status?["stripping"]?["planned_segments"]?.int == status?["tiers"]?["warm"]?["segments"]?.int
            }
            let status = try await first.send("GET", "/v1/storage").json
            #expect(status?["stripping"]?["stripped_segments"]?.int == 0)
            #expect(try #require(status?["stripping"]?["planned_bytes"]?.int) > 0)
            await first.collector.stop()
        }
        let server = try await TestServer(in: directory) {
            $0.storage.interval = .milliseconds(100)
            $0.storage.pressure.critical = 0
            $0.storage.pressure.enoughBytes = .max
        }
        try await eventually("the segments are stripped") {
            let stripping = try await server.send("GET", "/v1/storage").json?["stripping"]
            return try #require(stripping?["stripped_segments"]?.int) > 0 && stripping?["planned_segments"]?.int == 0
        }
        let status = try await server.send("GET", "/v1/storage").json
        #expect(status?["disk"]?["measures"]?.string?.contains("lose what only makes searching faster") == true)
        let bytes = try #require(status?["stripping"]?["stripped_bytes"]?.int)
        #expect(bytes > 0 && status?["stripping"]?["next"]?.array?.isEmpty == true)
        let metrics = try await server.send("GET", "/metrics").text
        #expect(metrics.contains("lodge_collector_stripped_bytes_total \(bytes)\n"))
        #expect(metrics.contains("lodge_collector_disk_pressure_stage 3\n"))
        try await server.waitUntilReady()
        #expect(try await server.query("order343x").count == 1)
        #expect(try await server.query("*").count == 50)
        await server.end()
    }

    private func post(_ server: TestServer, _ text: String) async throws {
        let answer = try await server.send("POST", "/insert/jsonline", [], Array(#"{"_msg":"\#(text)"}"#.utf8))
        #expect(answer.status == 200)
    }

    @Test func expiredEventsVanishAndComeBackByUndo() async throws {
        let directory = try TemporaryDirectory()
        do {
            let first = try await TestServer(in: directory) {
                $0.flushInterval = .milliseconds(100)
                $0.storage.interval = .milliseconds(100)
                $0.storage.retention.age = .milliseconds(500)
            }
            for number in 0..<5 { try await post(first, "number \(number)") }
            try await eventually("the events have expired") { try await first.query("*").isEmpty }
            let status = try await first.send("GET", "/v1/storage").json
            #expect(status?["tiers"]?["hot"]?["segments"]?.int == 0)
            #expect(try #require(status?["retention"]?["expired_segments"]?.int) > 0)
            try await eventually("the metrics tell what has expired") {
                try await first.send("GET", "/metrics").text.contains("retention_past_bytes ")
            }
            await first.collector.stop()
        }

        let second = try await TestServer(in: directory) { $0.storage.retention.grace = .seconds(3_600) }
        try await second.waitUntilReady()
        #expect(try await second.query("*").isEmpty)
        let undone = try await second.send("POST", "/v1/storage/retention/undo")
        #expect(undone.status == 200 && undone.json?["events"]?.int == 5, "\(undone)")
        #expect(try await second.query("*").count == 5)
        let plan = try await second.send("GET", "/v1/storage/retention")
        #expect(plan.json?["expire"]?.array?.isEmpty == true && plan.json?["past_bytes"]?.int == 0, "\(plan)")
        #expect(try await second.send("POST", "/v1/storage/retention/trust-clock").status == 204)
        await second.end()
    }

    @Test func coldEventsAreFoundAndTheirAbsenceIsSaid() async throws {
        let directory = try TemporaryDirectory()
        let server = try await TestServer(in: directory) {
            $0.flushInterval = .milliseconds(100)
            $0.compaction.isOn = false
            $0.storage.interval = .milliseconds(100)
            $0.storage.tiers.hotAge = .milliseconds(100)
            $0.storage.tiers.warmAge = .milliseconds(200)
            $0.storage.tiers.hasColdTier = true
            $0.storage.cold = .init(directory: "\(directory.path)/objects")
        }
        try await post(server, "somewhere cold")
        try await eventually("the event is in the cold tier") {
            try await server.send("GET", "/v1/storage").json?["tiers"]?["cold"]?["segments"]?.int == 1
        }
        let log = server.logLines
        try FileSystem.rename("\(directory.path)/objects", to: "\(directory.path)/away")
        let answer = try await server.json("/v1/search", #"{"query":"cold"}"#)
        #expect(answer.status == 200 && answer.json?["complete"]?.bool == false, "\(answer) \(log)")
        #expect(answer.json?["incomplete"]?.array?.first?.string?.contains("is its file system mounted?") == true)
        try FileSystem.rename("\(directory.path)/away", to: "\(directory.path)/objects")
        try await eventually("the cold event is found again") {
            let answer = try await server.json("/v1/search", #"{"query":"cold"}"#).json
            return answer?["complete"]?.bool == true && answer?["hits"]?.int == 1
        }
        #expect(
            try await server.send("GET", "/metrics").text.contains("lodge_collector_tier_segments{tier=\"cold\"} 1\n"))
        await server.end()
    }

    @Test func aWordForTheObjectStoreThatCannotBeReadIsNotReplaced() async throws {
        let directory = try TemporaryDirectory()
        func start() async throws -> TestServer {
            try await TestServer(in: directory) { $0.storage.cold = .init(directory: "\(directory.path)/objects") }
        }
        try await start().end()
        let file = "\(directory.path)/data/store-id"
        let word = try FileSystem.contents(file, limit: 200)
        let token = SystemFaults.add(.init(.open, path: file, code: 5, times: .max))
        await #expect(throws: IOError.self) { _ = try await start() }
        SystemFaults.remove(token)
        #expect(try FileSystem.contents(file, limit: 200) == word)
        try await start().end()
    }
}
