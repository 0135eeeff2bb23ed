import CollectorRuntime
import LineFormats
import Settings
import StoragePolicy
import SystemIO
import Testing

@Suite struct CollectorStorageTests {
    @Test func everyKeyAboutTheDiskCounts() throws {
        let text = """
            storage:
              headroom: 64MiB
              pressure: {early_percent: 70, high_percent: 75, critical_percent: 85, enough_bytes: 1GiB}
            """
        let storage = try readSettings(text: Array(text.utf8), file: "c.yaml") { root throws(SettingsError) in
            try CollectorSettings(&root)
        }.storage
        #expect(storage.headroomBytes == 64 << 20)
        #expect(storage.pressure.early == 70 && storage.pressure.high == 75 && storage.pressure.critical == 85)
        #expect(storage.pressure.enoughBytes == 1 << 30)
    }

    @Test func aDiskThatIsNearlyFullTakesNoEventsAndAnswersQueries() async throws {
        let path = try temporaryDirectory()
        let first = try await TestServer(path: path)
        #expect(try await first.send("POST", "/insert/jsonline", [], Array(#"{"_msg":"before"}"#.utf8)).status == 200)
        let calm = try await first.send("GET", "/v1/storage")
        #expect(calm.status == 200 && calm.json?["disk"]?["stage"]?.string != nil)
        await first.collector.stop()

        let server = try await TestServer(path: path) {
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
        while try await server.send("GET", "/ready").status != 200 {}
        #expect(try await server.query("before").count == 1)
        #expect(server.logLines.filter { $0.contains("the disk is nearly full") }.count == 1)
        await server.end()
    }
}
