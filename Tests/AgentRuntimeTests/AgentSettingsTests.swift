import AgentPipeline
import AgentRuntime
import Settings
import Testing

struct AgentSettingsTests {
    private func read(_ text: String) throws(SettingsError) -> AgentSettings {
        try readSettings(text: Array(text.utf8), file: "agent.yaml", environment: { $0 == "KEY" ? "secret" : nil }) {
            (root) throws(SettingsError) in try AgentSettings(&root)
        }
    }

    @Test func allKeysAreRead() throws {
        let settings = try read(
            """
            collector:
              url: https://logs:7600
              headers: {Authorization: "Bearer ${KEY}"}
            state: /var/lib/lodge-agent
            host: web1
            timezone: utc
            batch: {bytes: 256KiB, events: 500, interval: 1s}
            spool: {bytes: 2GiB}
            files:
              - include: [/var/log/*.log, /srv/**/*.json]
                exclude: /var/log/debug.log
                service: shop
                format: json
                fields: {environment: test}
              - include: /var/log/syslog
            """)
        #expect(settings.collectorURL == "https://logs:7600")
        #expect(settings.headers.map { "\($0.name): \($0.value)" } == ["Authorization: Bearer secret"])
        #expect(settings.state == "/var/lib/lodge-agent")
        #expect(settings.host == "web1")
        #expect(settings.zone == .utc)
        #expect(settings.batch == BatchLimits(bytes: 256 << 10, events: 500))
        #expect(settings.batchInterval == .seconds(1))
        #expect(settings.spoolBytes == 2 << 30)
        #expect(settings.files.map(\.include) == [["/var/log/*.log", "/srv/**/*.json"], ["/var/log/syslog"]])
        #expect(settings.files.map(\.exclude) == [["/var/log/debug.log"], []])
        #expect(settings.files.map(\.profile.format) == [.json, .auto])
        #expect(settings.files.map(\.profile.service) == ["shop", nil])
        #expect(settings.files[0].profile.fields.map(\.name) == ["environment"])
    }

    @Test func whatIsLeftOutHasADefault() throws {
        let settings = try read("files: [{include: /x}]")
        #expect(settings.collectorURL == "http://127.0.0.1:7600")
        #expect(settings.state == nil)
        #expect(settings.zone == .local)
        #expect(settings.batchInterval == .milliseconds(500))
    }

    struct Wrong: Sendable {
        var text: String
        var message: String
    }

    static let wrong = [
        Wrong(
            text: "file: []", message: "agent.yaml:1:1: unknown key `file`, did you mean `files`?"),
        Wrong(
            text: "files: []", message: "agent.yaml:1:8: `files` must name at least one group of files to follow"),
        Wrong(
            text: "files: [{include: /x}]\ncolector: {}",
            message: "agent.yaml:2:1: unknown key `colector`, did you mean `collector`?"),
        Wrong(
            text: "files:\n  - includ: /x",
            message: "agent.yaml:2:5: unknown key `files[0].includ`, did you mean `include`?"),
        Wrong(
            text: "files:\n  - service: x",
            message: "agent.yaml:2:5: `include` must name at least one path such as /var/log/*.log"),
        Wrong(
            text: "collector: {url: \"logs:7600\"}",
            message: "agent.yaml:1:18: `collector.url` must be such as http://logs:7600, not `logs:7600`"),
        Wrong(
            text: "files: [{include: /x, format: xml}]",
            message: "agent.yaml:1:31: `files[0].format` must be one of `auto`, `json`, `plain`, not `xml`"),
        Wrong(
            text: "spool: {bytes: 1MiB}",
            message: "agent.yaml:1:16: `spool.bytes` must be between 8MiB and 1024TiB, not `1MiB`"),
    ]

    @Test func filesMayBeLeftToTheCommandLine() throws {
        let settings = try read("collector: {url: \"http://logs:7600\"}")
        #expect(settings.files.isEmpty && settings.collectorURL == "http://logs:7600")
    }

    @Test(arguments: wrong) func mistakesAreNamedWithTheirPlace(_ item: Wrong) {
        let error = #expect(throws: SettingsError.self) { try read(item.text) }
        #expect(error?.description == item.message)
    }

    @Test(arguments: [
        "http://127.0.0.1:7600", "https://logs.example/", "http://[::1]:7600",
    ]) func addressesOfCollectors(_ text: String) { #expect(isCollectorURL(text)) }

    @Test(arguments: ["", "http://", "ftp://x", "logs:7600", "http://a b", "http://x\n"])
    func whatIsNoAddress(_ text: String) { #expect(!isCollectorURL(text)) }
}
