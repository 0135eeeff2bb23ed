import AgentPipeline
import Settings
import Testing

@testable import AgentRuntime

/// What `lodge-agent test` makes of a sample, and what is known of the machine.
struct SampleSourceTests {
    private func read(_ text: String) throws(SettingsError) -> AgentSettings {
        try readSettings(text: Array(text.utf8), file: "agent.yaml", environment: { _ in nil }) {
            (root) throws(SettingsError) in try AgentSettings(&root)
        }
    }

    @Test func aSampleIsReadLikeOneOfTheSources() throws {
        let settings = try read(
            """
            files:
              - {include: [/var/log/*.log], exclude: /var/log/sample*, service: system}
              - {include: "/srv/**/*.json", format: json}
            syslog: [{listen: "udp://127.0.0.1:5514"}]
            stdin: {format: logfmt}
            exec: [{name: df, command: [df], every: 5m}]
            """)
        func chosen(_ settings: AgentSettings, path: String? = nil, source: String? = nil) -> String {
            do throws(AgentError) {
                let found = try SampleSource(of: settings, path: path, source: source)
                return "\(found.path) \(found.profile.format.rawValue)"
            } catch {
                return error.description
            }
        }
        #expect(chosen(settings).hasPrefix("--path must say"))
        #expect(chosen(settings, path: "/var/log/a.log") == "/var/log/a.log auto")
        #expect(chosen(settings, path: "/var/log/sample.log") == "no group of files matches /var/log/sample.log")
        #expect(chosen(settings, source: "stdin") == "stdin logfmt")
        #expect(chosen(settings, source: "syslog") == "syslog:udp:127.0.0.1:5514 syslog")
        #expect(chosen(settings, source: "exec:df") == "exec:df auto")
        #expect(chosen(settings, source: "journal").contains("there are: syslog:udp:127.0.0.1:5514, stdin, exec:df"))
        var fewer = settings
        fewer.files.removeFirst()
        #expect(chosen(fewer) == "/srv/sample/sample.json json")
        fewer.files.removeAll()
        #expect(chosen(fewer) == "syslog:udp:127.0.0.1:5514 syslog")
        #expect(chosen(AgentSettings()).hasPrefix("there are no files"))
    }

    @Test(arguments: [("Amazon EC2", "i-0123"), ("Dell Inc.", nil)])
    func theTagOfABoardIsAnInstanceWhereTheCloudWritesIt(vendor: String, id: String?) {
        let files = ["/sys/class/dmi/id/sys_vendor": vendor, "/sys/class/dmi/id/board_asset_tag": "i-0123\n"]
        let machine = HostMetadata(read: { files[$0].map { Array($0.utf8) } }, environment: { _ in nil })
        #expect(machine.fields(.cloud).first { $0.name == "cloud.instance_id" }?.value == id)
    }
}
