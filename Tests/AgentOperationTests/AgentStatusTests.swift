import LineFormats
import LogModel
import Testing

@testable import AgentOperation

struct AgentStatusTests {
    private var status: AgentStatus {
        var status = AgentStatus()
        status.version = "0.1.0"
        status.agent = "web1-00000000000000ff"
        status.epoch = 7
        status.started = Timestamp(nanoseconds: 1_000_000_000_000)
        status.configuration.path = "/etc/lodge/agent.yaml"
        status.configuration.hash = "0123456789abcdef"
        status.collectors = ["http://a:7600", "http://b:7600"]
        status.collector = "http://b:7600"
        status.delivered = Timestamp(nanoseconds: 4_599_600_000_000)
        status.spoolBytes = 13_000_000
        status.spoolLimit = 1 << 30
        status.lanes = [.init(name: "error", batches: 0), .init(name: "info", batches: 1_234)]
        status.residentBytes = 18 << 20
        status.processorSeconds = 61.5
        status.rules = [
            .init(name: "drop health_checks", matched: 1_203, dropped: 1_203),
            .init(name: "redact", matched: 0, dropped: 0),
        ]
        status.checks = [
            .init(
                service: "db", kind: "tcp", target: "db:5432", status: "unhealthy",
                since: Timestamp(nanoseconds: 4_000_000_000_000))
        ]
        status.sources = [
            SourceFigures(
                name: "/var/log/quiet.log", written: 10, read: 10, spooled: 10, acknowledged: 10, events: 1, drops: []),
            SourceFigures(
                name: "/var/log/app.log", written: 5_000_000, read: 4_000_000, spooled: 3_000_000,
                acknowledged: 1_000_000, waitingSince: 2_000_000_000, events: 40_000,
                drops: [.init(reason: "spool_full", level: .debug, events: 1_204)]),
        ]
        // Of files that are gone as well.
        status.drops = [
            .init(reason: "file_truncated", level: .unknown, events: 0, bytes: 52_011),
            .init(reason: "rules", level: .info, events: 17), .init(reason: "spool_full", level: .debug, events: 1_204),
        ]
        return status
    }

    @Test func theTextSaysWhatIsWrongFirst() {
        var status = status
        status.limitSources(to: 10)
        let text = status.text(now: 5_500_000_000, wall: Timestamp(nanoseconds: 4_600_000_000_000))
        #expect(
            text == """
                !  db is unhealthy (tcp db:5432)
                !  52,011 bytes are gone (file_truncated)
                !  1,204 DEBUG events are gone (spool_full)
                agent      web1-00000000000000ff, version 0.1.0, up 60 min
                settings   /etc/lodge/agent.yaml, hash 0123456789abcdef, generation 1
                collector  http://b:7600, last taken 400 ms ago
                spool      12.3 MiB of 1.0 GiB, waiting: info 1,234 batches
                process    18.0 MiB resident, 61 s of processor time
                SOURCE               BEHIND  OLDEST     READ  EVENTS  DROPPED
                /var/log/app.log    3.8 MiB     3 s  3.8 MiB  40,000    1,204
                /var/log/quiet.log      0 B       -     10 B       1        0
                rule       drop health_checks: matched 1,203, dropped 1,203
                rule       redact: has never matched
                check      db (tcp db:5432): unhealthy for 10 min

                """)
    }

    @Test func namesOfFilesDoNotReachTheTerminalAsCommands() {
        var status = status
        status.sources[0].name = "/var/log/\u{1B}]0;x\u{07}\n!  all is well\u{9B}2J.log"
        status.configuration.refused = "\u{1B}[2J"
        let text = status.text(now: 5_500_000_000, wall: Timestamp(nanoseconds: 4_600_000_000_000))
        #expect(text.contains("/var/log/\u{FFFD}]0;x\u{FFFD}\\n!  all is well\u{FFFD}2J.log  "))
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
    }

    @Test func theDocumentHasTheSame() {
        var status = status
        status.problem = "connection refused"
        status.limitSources(to: 1)
        let document = status.document(now: 5_500_000_000)
        #expect(document["agent"]?.string == "web1-00000000000000ff")
        #expect(document["problem"]?.string == "connection refused")
        #expect(document["sources_omitted"]?.int == 1)
        #expect(document["configuration"]?["waiting"]?.bool == false)
        #expect(document["drops"]?.array?.count == 3 && document["drops"]?.array?.first?["bytes"]?.int == 52_011)
        #expect(document["spool"]?["limit_bytes"]?.int == 1 << 30)
        let source = document["sources"]?.array?.first
        #expect(source?["source"]?.string == "/var/log/app.log")
        #expect(source?["oldest_unacknowledged_ms"]?.int == 3_500)
        #expect(source?["drops"]?.array?.first?["level"]?.string == "DEBUG")
    }

    @Test func longPathsDoNotMakeAHeartbeatTooLong() throws {
        var status = status
        status.sources = (0..<64).map { number in
            let name = "/" + String(repeating: "x", count: 4_000) + "\(number)"
            return SourceFigures(
                name: name, written: number, read: 0, spooled: 0, acknowledged: 0, events: 0, drops: [])
        }
        status.rules = (0..<500).map { .init(name: "rule \($0)", matched: $0, dropped: 0) }
        status.limitSources(to: 64)
        let document = try #require(status.document(now: 0, upTo: 48 << 10))
        #expect(document.bytes.count <= 48 << 10 && document.bytes.count > 12 << 10)
        let told = document["sources"]?.array?.count ?? 0
        #expect(told + (document["sources_omitted"]?.int ?? 0) == 64)
        #expect(document["sources"]?.array?.first?["written"]?.int == 63)
        #expect(status.document(now: 0, upTo: 100) == Optional<JSONValue>.none)
    }

    @Test func anAgentThatHasJustStartedIsShown() {
        let text = AgentStatus().text(now: 0, wall: Timestamp(nanoseconds: 0))
        #expect(text.contains("nothing taken yet") && text.contains("sources    none"))
    }
}
