import AgentDelivery
import AgentChecks
import AgentInputs
import AgentPipeline
@testable import AgentRuntime
import AgentStreams
import LogModel
import RegularExpressions
import CurlTransport
import ServerTLS
import Settings
import TestSupport
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
              rate: 1MiB
              tls: {ca: /a.pem, certificate: /c.pem, key: /k.pem}
            state: /var/lib/lodge-agent
            host: web1
            timezone: utc
            batch: {bytes: 256KiB, events: 500, interval: 1s}
            spool: {bytes: 2GiB, disk_percent: 25, when_full: wait, zstd_level: 3}
            files:
              - include: [/var/log/*.log, /srv/**/*.json]
                exclude: /var/log/debug.log
                service: shop
                format: json
                fields: {environment: test}
              - include: /var/log/syslog
            """)
        #expect(settings.collectorURLs == ["https://logs:7600"])
        #expect(settings.headers.map { "\($0.name): \($0.value)" } == ["Authorization: Bearer secret"])
        #expect(settings.state == "/var/lib/lodge-agent")
        #expect(settings.host == "web1")
        #expect(settings.zone == .utc)
        #expect(settings.batch == BatchLimits(bytes: 256 << 10, events: 500))
        #expect(settings.batchInterval == .seconds(1))
        #expect(
            settings.spool
                == SpoolOptions(limitBytes: 2 << 30, diskShare: 0.25, whenFull: .wait, compressionLevel: 3))
        #expect(settings.tls == TLSFiles(authorities: "/a.pem", certificate: "/c.pem", key: "/k.pem"))
        #expect(settings.sendRate == 1 << 20)
        #expect(settings.files.map(\.include) == [["/var/log/*.log", "/srv/**/*.json"], ["/var/log/syslog"]])
        #expect(settings.files.map(\.exclude) == [["/var/log/debug.log"], []])
        #expect(settings.files.map(\.profile.format) == [.json, .auto])
        #expect(settings.files.map(\.profile.service) == ["shop", nil])
        #expect(settings.files[0].profile.fields.map(\.name) == ["environment"])
    }

    @Test(arguments: ["7601", "::1:7601", "127.0.0.1:", "localhost:http", "localhost:70000"])
    func addressesOfNumbersAreChecked(address: String) {
        let error = #expect(throws: SettingsError.self) {
            try read("files: [{include: /a}]\nmetrics: {listen: \"\(address)\"}")
        }
        #expect(error?.description.hasPrefix("agent.yaml:2:") == true, "\(error?.description ?? "")")
    }

    @Test func memoryIsOneBudget() throws {
        #expect(try read("files: [{include: /a}]").batch.bytes == 1 << 20)
        let small = try read("limits: {memory: 16MiB}\nfiles: [{include: /a}]")
        #expect(small.memory.bytes == 16 << 20 && small.batch.bytes == 512 << 10)
        #expect(small.memory.chunkBytes == 64 << 10 && small.memory.inboxBytes(of: 4) == 256 << 10)
        #expect(small.memory.inboxBytes(of: 1_000) == 64 << 10)
        #expect(try read("batch: {bytes: 2MiB}\nfiles: [{include: /a}]").batch.bytes == 2 << 20)
        for limits in ["", "limits: {cpu_percent: 50}\n", "limits: {memory: 64MiB}\n"] {
            let error = #expect(throws: SettingsError.self) {
                try read("\(limits)files: [{include: /a}]\nbatch: {bytes: 8MiB}")
            }
            let text = error?.description ?? ""
            #expect(text.hasPrefix("agent.yaml:\(limits.isEmpty ? 2 : 3):") && text.contains("2097152"), "\(text)")
        }
    }

    @Test func checksAreRead() throws {
        let settings = try read(
            """
            files: [{include: /a.log}]
            limits: {cpu_percent: 50}
            metrics: {listen: "127.0.0.1:7601"}
            checks:
              - {service: shop, http: "https://shop/health", status: [200, 300-399], contains: UP, cluster: eu, namespace: web}
              - service: db
                tcp: "[::1]:5432"
                interval: 10s
                latency: {warning: 100ms, unhealthy: 1s}
                failures: 3
                dependencies: [disk]
              - {service: web, unit: nginx}
              - {service: cron, process: cron, at_least: 2}
              - {service: disk, disk: /var, used: {warning: 70, unhealthy: 95}}
              - {service: load, command: [/usr/lib/nagios/plugins/check_load, -w, "5"], timeout: 2s}
            """)
        #expect(settings.processorShare == 0.5 && settings.metricsAddress == "127.0.0.1:7601")
        let checks = settings.checks
        #expect(checks.map(\.service) == ["shop", "db", "web", "cron", "disk", "load"])
        var expectation = Check.HTTPExpectation(url: "https://shop/health")
        (expectation.statuses, expectation.text) = ([200...200, 300...399], "UP")
        #expect(checks[0].probe == .http(expectation) && checks[0].cluster == "eu" && checks[0].namespace == "web")
        #expect(checks[1].probe == .tcp(host: "::1", port: 5432) && checks[1].timeout == .seconds(5))
        #expect(checks[1].slowAfter == .milliseconds(100) && checks[1].tooSlowAfter == .seconds(1))
        #expect(checks[1].failures == 3 && checks[1].dependencies == ["disk"])
        #expect(checks[2].probe == .unit("nginx.service"))
        #expect(checks[3].probe == .process(name: "cron", atLeast: 2))
        var bounds = Check.DiskBounds()
        (bounds.warning, bounds.unhealthy) = (70, 95)
        #expect(checks[4].probe == .disk(path: "/var", bounds))
        #expect(checks[5].probe == .command(["/usr/lib/nagios/plugins/check_load", "-w", "5"]))
        #expect(checks[5].timeout == .seconds(2))
    }

    @Test(arguments: [
        ("{tcp: \"a:1\"}", "missing"), ("{service: a}", "needs one of"),
        ("{service: a, tcp: \"b:1\", unit: c}", "looks at one thing"),
        ("{service: a, tcp: b}", "such as localhost:5432"),
        ("{service: a, http: b}", "such as http://"), ("{service: a, http: \"http://b\", status: ok}", "such as 200"),
        ("{service: a, disk: var}", "a path such as"), ("{service: a, command: []}", "a program and its arguments"),
        ("{service: a, unit: b, interval: 1s, timeout: 2s}", "must not be longer than `interval`"),
        ("{service: a, unit: b, latency: {warning: 2s, unhealthy: 1s}}", "must not be longer than `latency.unhealthy`"),
        ("{service: a, disk: /, used: {warning: 99}}", "must not be more than"),
        ("{service: a, units: b}", "did you mean `unit`"),
    ])
    func checksThatMakeNoSenseAreRefused(check: String, reason: String) {
        let error = #expect(throws: SettingsError.self) { try read("files: [{include: /a}]\nchecks:\n  - \(check)") }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
        #expect(error?.description.hasPrefix("agent.yaml:3:") == true)
    }

    @Test func theMachinesZoneMayBeThatOfOneFile() throws {
        let settings = try read(
            "timezone: utc\nfiles:\n  - {include: /a, time: {zone: local}}\n  - {include: /b, time: {zone: utc}}\n  - {include: /c}"
        )
        let zones = settings.files.map { files in
            switch files.profile.time.zone {
            case .usual: "usual"
            case .local: "local"
            case .fixed(let seconds): "\(seconds)"
            case .zone: "zone"
            }
        }
        #expect(settings.zone == .utc && zones == ["local", "0", "usual"])
    }

    @Test func howFilesAreTreatedIsRead() throws {
        let settings = try read(
            """
            reading: {files: 500, open_files: 50, held_bytes: 10MiB}
            containers: {metadata: /run/pods.yaml}
            files:
              - {include: /a, start: end, ignore_older: 2d, close_inactive: 1m, skip_binary: true, encoding: utf-16be}
              - {include: /b, container: docker}
            """)
        #expect(settings.reading.files == 500 && settings.reading.openFiles == 50)
        #expect(settings.reading.heldBytes == 10 << 20)
        #expect(settings.podLabels == "/run/pods.yaml")
        let first = settings.files[0].treatment
        #expect(first.startsAtEnd && first.skipsBinary)
        #expect(first.ignoreOlder == 172_800_000_000_000 && first.closeInactive == 60_000_000_000)
        #expect(settings.files[0].profile.encoding == .utf16BigEndian)
        #expect(settings.files[1].treatment == FileTreatment())
        #expect(settings.files[1].profile.container == .docker)
        #expect(throws: SettingsError.self) { try read("files: [{include: /a, encoding: ebcdic}]") }
        #expect(throws: SettingsError.self) { try read("files: [{include: /a, start: middle}]") }
        #expect(throws: SettingsError.self) { try read("reading: {open_files: 0}\nfiles: [{include: /a}]") }
    }

    @Test func whatBelongsToSomeKeysIsFound() {
        func found(_ text: String) -> String {
            String(decoding: sections(Array(text.utf8), of: ["syslog", "exec"]), as: UTF8.self)
        }
        #expect(found("") == "")
        #expect(
            found("files:\n  - a\nsyslog:\n  - b\n# c\n  d: e\nrules: []\nexec: [f]\n")
                == "syslog:\n  - b\n  d: e\nexec: [f]\n")
        #expect(found("syslog:\n- a\nfiles:\n- syslog: b\n") == "syslog:\n- a\n")
        #expect(found("{files: [a], exec: [b]}") == "{files: [a], exec: [b]}")
    }

    @Test func decodersAndRulesAreRead() throws {
        let settings = try read(
            #"""
            files:
              - include: /a.log
                format: regex
                pattern: '(?P<time>\S+) (?P<message>.*)'
                time: {field: [time], format: '%d.%m.%Y %H', zone: '+02:00'}
                level: {field: stufe, meanings: {warnung: WARN}}
                multiline: {trace: java, timeout: 3s, bytes: 64KiB}
              - include: /b.log
                container: cri
                json: {overwrite_keys: false, add_error_key: true, expand_keys: false}
                multiline: {start: '^#', continuation: '^ '}
            rules:
              - drop: [health_checks, metrics]
              - {keep: all, when: {service: pay, level: [warn, ERROR], message: x, fields: {a: '^1'}}}
              - {sample: {one_in: 10, by: trace_id}, name: few}
              - rate_limit: {events: 5}
              - redact: {known: [emails, cards, secrets], patterns: [{pattern: 'a+', with: b}]}
              - rename: {a: b}
              - remove: c
              - add: {d: e}
              - add_metadata: host
            """#)
        let profiles = settings.files.map(\.profile)
        #expect(profiles[0].format == .regex && profiles[0].pattern?.groupNames == ["time", "message"])
        #expect(profiles[0].time.fields == ["time"] && profiles[0].time.zone == .fixed(seconds: 7_200))
        #expect(profiles[0].level.fields == ["stufe"] && profiles[0].level.meanings.map(\.level) == [.warn])
        #expect(profiles[0].multiline?.timeoutNanos == 3_000_000_000 && profiles[0].multiline?.maxBytes == 65_536)
        #expect(profiles[1].container == .cri && profiles[1].addsErrorKey)
        #expect(!profiles[1].json.overwriteKeys && !profiles[1].json.expandKeys)
        #expect(
            settings.rules.map(\.name) == [
                "1 drop", "2 keep", "few", "4 rate_limit", "5 redact", "6 rename", "7 remove", "8 add",
                "9 add_metadata",
            ])
        #expect(settings.rules[0].condition.presets == [.healthChecks, .metrics])
        #expect(settings.rules[1].condition.levels == [.warn, .error])
        #expect(settings.rules[1].condition.services == ["pay"])
    }

    @Test func whatIsLeftOutHasADefault() throws {
        let settings = try read("files: [{include: /x}]")
        #expect(settings.collectorURLs == ["http://127.0.0.1:7600"])
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
            message: "agent.yaml:1:31: `files[0].format` must be one of `auto`, `json`, `plain`, `logfmt`, `combined`, "
                + "`syslog`, `regex`, not `xml`"),
        Wrong(
            text: "files: [{include: /x, format: regex, pattern: '(a'}]",
            message: "agent.yaml:1:47: `pattern` must be a regular expression in the syntax of RE2: missing ): (a"),
        Wrong(
            text: "files: [{include: /x, format: regex}]",
            message: "agent.yaml:1:31: the format `regex` needs a `pattern` with named groups such as (?P<status>\\d+)"),
        Wrong(
            text: "files: [{include: /x, time: {format: '%Q'}}]",
            message: "agent.yaml:1:38: `time.format`: the letter `%Q` is not known; known are "
                + "Y y m b B d e j H I p M S f z Z a A s T F D"),
        Wrong(
            text: "files: [{include: /x, multiline: {timeout: 1s}}]",
            message: "agent.yaml:1:34: `multiline` needs `trace`, `start` or `continuation`"),
        Wrong(
            text: "rules:\n  - drop: health",
            message: "agent.yaml:2:11: `drop` takes `all`, `health_checks`, `metrics`, `static_files`, not `health`"),
        Wrong(
            text: "rules: [{drop: all}]",
            message: "agent.yaml:1:16: `drop: all` needs `when` to say which events are meant"),
        Wrong(
            text: "rules: [{when: {level: loud}, drop: all}]",
            message: "agent.yaml:1:24: `level`: `loud` is no level; known are TRACE, DEBUG, INFO, WARN, ERROR and FATAL"
        ),
        Wrong(
            text: "rules: [{sample: {one_in: 2}, add: {a: b}}]",
            message: "agent.yaml:1:36: a rule does one thing: one of `drop`, `keep`, `sample`, `rate_limit`, `redact`, "
                + "`rename`, `remove`, `add`, `add_metadata`"),
        Wrong(
            text: "rules: [{remove: service}]",
            message: "agent.yaml:1:18: `remove`: `service` belongs to every event and stays"),
        Wrong(
            text: "rules: [{smaple: {}}]",
            message: "agent.yaml:1:10: unknown key `rules[0].smaple`, did you mean `sample`?"),
        Wrong(
            text: "spool: {bytes: 1MiB}",
            message: "agent.yaml:1:16: `spool.bytes` must be between 8MiB and 1024TiB, not `1MiB`"),
        Wrong(
            text: "spool: {when_full: stop}",
            message: "agent.yaml:1:20: `spool.when_full` must be one of `drop`, `wait`, not `stop`"),
        Wrong(
            text: "collectors: [\"logs:1\"]",
            message: "agent.yaml:1:13: `collectors` must be such as http://logs:7600, not `logs:1`"),
        Wrong(
            text: "collector: {tls: {key: /k}}",
            message: "agent.yaml:1:24: `collector.tls.key` goes with `collector.tls.certificate`"),
    ]

    @Test func filesOfListenersForTLSAreRead() throws {
        let directory = try TemporaryDirectory()
        let files = try Certificates(directory.path)
        func settings(_ key: String) throws -> AgentSettings {
            let pair = "certificate: \(files.server.certificate), key: \(key)"
            return try read("syslog: [{listen: 'tls://127.0.0.1:6514', \(pair)}]")
        }
        let good = try settings(files.server.key)
        #expect(good.problem == nil)
        #expect(SettingsChange(old: good, new: good).refusal == nil)
        for key in ["/no/such.key", files.client.key] {
            let wrong = try settings(key)
            let problem = try #require(SettingsChange(old: good, new: wrong).refusal)
            #expect(problem.hasPrefix("`syslog`: tls:127.0.0.1:6514: the key \(key) cannot be used"))
        }
    }

    @Test func sourcesBesidesFilesAreRead() throws {
        let settings = try read(
            """
            journal:
              units: [nginx, ssh.socket]
              identifiers: sudo
              priority: warning
              since: all
              include_fields: [_EXE]
              json_messages: false
            syslog:
              - {listen: "udp://0.0.0.0:514", time: {zone: utc}, receive_buffer: 8MiB}
              - {listen: "tls://[::]:6514", certificate: /c.pem, key: /k.pem, client_ca: /a.pem, connections: 10}
              - {listen: "unix:///run/lodge/log", mode: "0660", service: local}
            stdin: {format: logfmt}
            exec:
              - {command: [/usr/bin/df, -h], every: 5m}
              - {name: events, command: [journalctl, -f], stream: true, format: plain}
            """
        ).streams
        let journal = try #require(settings.journal)
        #expect(journal.units == ["nginx.service", "ssh.socket"] && journal.identifiers == ["sudo"])
        #expect(journal.priority == 4 && journal.since == .all && journal.fields == ["_EXE"])
        #expect(journal.profile.format == .journal && !journal.profile.readsJSONMessages)
        #expect(settings.syslog.map(\.profile.format) == [.syslog, .syslog, .syslog])
        #expect(
            settings.syslog[0].receiveBuffer == 8 << 20 && settings.syslog[0].profile.time.zone == .fixed(seconds: 0))
        #expect(settings.syslog[1].tls?.clientAuthority == "/a.pem" && settings.syslog[1].connections == 10)
        #expect(settings.syslog[2].mode == 0o660 && settings.syslog[2].profile.service == "local")
        #expect(settings.standardInput?.format == .logfmt)
        #expect(settings.programs.map(\.name) == ["df", "events"])
        #expect(settings.programs.map(\.repetition) == [.every(300_000_000_000), .always])
        #expect(settings.programs.map(\.timeoutNanos) == [300_000_000_000, nil])
        #expect(
            settings.names == [
                "journal", "syslog:udp:0.0.0.0:514", "syslog:tls:[::]:6514", "syslog:unix:/run/lodge/log", "stdin",
                "exec:df", "exec:events",
            ])
        #expect(try read("journal: {}").streams.journal?.since == .boot)
    }

    private static let wrongSources: [Wrong] = [
        Wrong(
            text: "journal: {unit: x}",
            message: "agent.yaml:1:11: unknown key `journal.unit`, did you mean `units`?"),
        Wrong(
            text: "journal: {priority: loud}",
            message: "agent.yaml:1:21: `journal.priority` must be one of `emerg`, `alert`, `crit`, `err`, `warning`, "
                + "`notice`, `info`, `debug`, `0`, `1`, `2`, `3`, `4`, `5`, `6`, `7`, not `loud`"),
        Wrong(
            text: "journal: {include_fields: [exe]}",
            message:
                "agent.yaml:1:27: `journal.include_fields`: `exe` is no field of the journal, such as _EXE, or `all`"),
        Wrong(
            text: "syslog: [{listen: 'udp://logs:514'}]",
            message:
                "agent.yaml:1:19: `listen` must be such as udp://0.0.0.0:514, tcp://[::]:601, tls://10.0.0.1:6514 or "
                + "unix:///run/lodge/log, not `udp://logs:514`: a host is an address, not a name"),
        Wrong(
            text: "syslog: [{listen: 'tls://1.2.3.4:1'}]",
            message: "agent.yaml:1:19: `tls://` needs `certificate` and `key`, files in PEM"),
        Wrong(
            text: "syslog: [{listen: 'tcp://1.2.3.4:1', key: /k}]",
            message: "agent.yaml:1:43: `key` goes with `listen: tls://...`"),
        Wrong(
            text: "syslog: [{listen: 'unix:///x', mode: '9'}]",
            message: "agent.yaml:1:38: `mode` must be permissions such as \"0660\", not `9`"),
        Wrong(
            text: "syslog: [{listen: 'udp://1.2.3.4:1'}, {listen: 'udp://1.2.3.4:1'}]",
            message: "agent.yaml:1:9: `syslog`: `udp:1.2.3.4:1` is listened at twice"),
        Wrong(
            text: "exec: [{command: df -h, every: 1m}]",
            message: "agent.yaml:1:18: `command` must be a list, [\"df\", \"-h\"], or [\"/bin/sh\", \"-c\", ...]"),
        Wrong(
            text: "exec: [{command: [df]}]",
            message: "agent.yaml:1:8: a program has either `every: 30s` or `stream: true`"),
        Wrong(
            text: "exec: [{command: [df], stream: true, timeout: 1s}]",
            message: "agent.yaml:1:47: `timeout` goes with `every`: with `stream` a program runs on"),
        Wrong(
            text: "exec: [{command: [df], every: 1m}, {command: [df, -i], every: 1m}]",
            message: "agent.yaml:1:7: `exec`: two programs are called `df`: give one of them another `name`"),
        Wrong(
            text: "stdin: {format: journal}",
            message: "agent.yaml:1:17: `stdin.format` must be one of `auto`, `json`, `plain`, `logfmt`, `combined`, "
                + "`syslog`, `regex`, not `journal`"),
    ]

    @Test(arguments: wrongSources) func mistakesInSourcesAreNamedWithTheirPlace(_ item: Wrong) {
        let error = #expect(throws: SettingsError.self) { try read(item.text) }
        #expect(error?.description == item.message)
    }

    @Test func severalCollectorsMayBeNamed() throws {
        let settings = try read("collectors: [\"http://a:1\", \"https://b:2\"]")
        #expect(settings.collectorURLs == ["http://a:1", "https://b:2"])
    }

    @Test func filesMayBeLeftToTheCommandLine() throws {
        let settings = try read("collector: {url: \"http://logs:7600\"}")
        #expect(settings.files.isEmpty && settings.collectorURLs == ["http://logs:7600"])
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
