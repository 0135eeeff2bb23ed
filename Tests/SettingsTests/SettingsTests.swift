import Settings
import Testing

struct SettingsTests {
    struct Server: Equatable {
        var listen: String?
        var workers: Int?
        var bodyBytes: Int?
        var wait: Duration?
        var strict: Bool?
        var include: [[String]] = []
        var headers: [String] = []
    }

    private func read(_ text: String, environment: [String: String] = [:]) throws(SettingsError) -> Server {
        try readSettings(text: Array(text.utf8), file: "c.yaml", environment: { environment[$0] }) {
            (root: inout SettingsMapping) throws(SettingsError) in
            var server = Server()
            server.listen = try root.string("listen")
            server.workers = try root.int("workers", in: 1...64)
            server.strict = try root.bool("strict")
            server.headers = try root.pairs("headers")?.map { "\($0.name)=\($0.value)" } ?? []
            try root.mapping("limits") { (limits: inout SettingsMapping) throws(SettingsError) in
                server.bodyBytes = try limits.bytes("body_bytes", in: 1024...(1 << 30))
                server.wait = try limits.duration("wait", in: .milliseconds(10)...(.seconds(3600)))
            }
            server.include =
                try root.mappings("files") { (file: inout SettingsMapping) throws(SettingsError) in
                    try file.strings("include") ?? []
                } ?? []
            return server
        }
    }

    private func message(_ text: String, environment: [String: String] = [:]) -> String {
        do {
            return "no error: \(try read(text, environment: environment))"
        } catch {
            return error.description
        }
    }

    @Test func readsEachType() throws {
        let server = try read(
            """
            # comment
            listen: 127.0.0.1:7600
            workers: 1_0
            strict: yes
            limits:
              body_bytes: 64MiB
              wait: 1m30s
            headers: {X-Key: "a b"}
            files:
              - include: [a, b]
              - include: one
            """)
        #expect(
            server
                == Server(
                    listen: "127.0.0.1:7600", workers: 10, bodyBytes: 64 << 20, wait: .seconds(90), strict: true,
                    include: [["a", "b"], ["one"]], headers: ["X-Key=a b"]))
        #expect(try read("") == Server())
        #expect(try read("listen:\nworkers: ~\n") == Server())
    }

    @Test func putsEnvironmentVariablesIn() throws {
        let environment = ["HOST": "h", "N": "7", "EMPTY": ""]
        #expect(try read("listen: ${HOST}:${PORT:-99}", environment: environment).listen == "h:99")
        #expect(try read("workers: ${N}", environment: environment).workers == 7)
        #expect(try read("listen: 'a$${HOST}$x'", environment: environment).listen == "a${HOST}$x")
        #expect(try read("listen: ${EMPTY:-d}", environment: environment).listen == "d")
        #expect(
            message("\nlisten: ${NOPE}")
                == "c.yaml:2:9: the environment variable `NOPE` is not set; set it, or write `${NOPE:-default}`")
        #expect(message("listen: ${A B}").hasPrefix("c.yaml:1:9: `${A B}` names no"))
        #expect(message("listen: '${A'").hasPrefix("c.yaml:1:9: `${` without its `}`"))
        // What comes from outside stays one text.
        #expect(try read("listen: ${X}", environment: ["X": "a\nworkers: 3"]).workers == nil)
    }

    struct Wrong: Sendable, CustomTestStringConvertible {
        var text: String
        var message: String
        var testDescription: String { text }
    }

    static let wrong: [Wrong] = [
        Wrong(
            text: "a: 1",
            message: "c.yaml:1:1: unknown key `a`; known here are `listen`, `workers`, "
                + "`strict`, `headers`, `limits`, `files`"),
        Wrong(text: "workers: 1\nlissten: x", message: "c.yaml:2:1: unknown key `lissten`, did you mean `listen`?"),
        Wrong(
            text: "limits:\n  body_byte: 1",
            message: "c.yaml:2:3: unknown key `limits.body_byte`, did you mean `body_bytes`?"),
        Wrong(
            text: "files:\n  - include: a\n    exlude: b",
            message: "c.yaml:3:5: unknown key `files[0].exlude`; known here are `include`"),
        Wrong(text: "workers: many", message: "c.yaml:1:10: `workers` must be a whole number, not `many`"),
        Wrong(text: "workers: 65", message: "c.yaml:1:10: `workers` must be between 1 and 64, not 65"),
        Wrong(text: "workers: [1]", message: "c.yaml:1:10: `workers` must be a whole number, not a list"),
        Wrong(text: "strict: maybe", message: "c.yaml:1:9: `strict` must be `true` or `false`, not `maybe`"),
        Wrong(
            text: "limits: {body_bytes: 1 XB}",
            message: "c.yaml:1:22: `limits.body_bytes` must be a size such as `64MiB`, not `1 XB`"),
        Wrong(
            text: "limits: {body_bytes: 2GiB}",
            message: "c.yaml:1:22: `limits.body_bytes` must be between 1KiB and 1GiB, not `2GiB`"),
        Wrong(
            text: "limits: {wait: 30}",
            message: "c.yaml:1:16: `limits.wait` must be a time such as `30s`, not `30`"),
        Wrong(
            text: "limits: {wait: 2h}",
            message: "c.yaml:1:16: `limits.wait` must be between 10ms and 1h, not `2h`"),
        Wrong(text: "limits: 3", message: "c.yaml:1:9: `limits` must be a group of keys, not a value"),
        Wrong(text: "files: {}", message: "c.yaml:1:8: `files` must be a list (`- ...`), not a group of keys"),
        Wrong(
            text: "listen: a\nlisten: b",
            message: "c.yaml:2:1: the key `listen` is given twice; the first is in line 1"),
        Wrong(text: "- a", message: "c.yaml:1:1: the file must hold keys (`name: value`), not a list"),
        Wrong(
            text: "listen: &x a\nworkers: *x",
            message: "c.yaml:2:10: anchors and aliases (`&x`, `*x`) are not supported: write the value out"),
        Wrong(text: "listen: a\n---\nlisten: b", message: "c.yaml:3:1: only one document is allowed in a file"),
        Wrong(
            text: "listen: [a",
            message: "c.yaml:2:1: not valid YAML while parsing a flow sequence: "
                + "did not find expected ',' or ']'"),
    ]

    @Test(arguments: wrong) func saysWhatIsWrongAndWhere(_ wrong: Wrong) {
        #expect(message(wrong.text) == wrong.message)
    }

    @Test func refusesWhatIsTooDeepOrTooLarge() {
        #expect(message("listen: " + String(repeating: "[", count: 1000)).contains("nested more than 32 levels"))
        #expect(message(String(repeating: "#", count: (1 << 20) + 1)) == "c.yaml: is larger than 1 MiB")
    }

    @Test func bytesThatAreNotTextAreAnError() {
        for bytes: [UInt8] in [[0xFF, 0xFE, 0x00], [0x61, 0x3A, 0x20, 0xC3, 0x28], [0x00], [0x61, 0x3A, 0x20, 0x07]] {
            #expect(throws: SettingsError.self) {
                try readSettings(text: bytes, file: "c.yaml") { (root: inout SettingsMapping) throws(SettingsError) in
                    try root.string("a")
                }
            }
        }
    }

    @Test func aMissingFileIsNamed() {
        let error = #expect(throws: SettingsError.self) {
            try readSettings(path: "/nonexistent/x.yaml") { _ throws(SettingsError) in }
        }
        #expect(error?.description == "/nonexistent/x.yaml: cannot be opened: No such file or directory")
    }

    @Test func quantitiesAreReadAndWritten() {
        #expect(parseByteSize("1.5 GiB") == 3 << 29)
        #expect(parseByteSize("10MB") == 10_000_000)
        #expect(parseByteSize("-1") == nil)
        #expect(parseByteSize("99999999TiB") == nil)
        #expect(parseDuration("250ms") == .milliseconds(250))
        #expect(parseDuration("7d") == .seconds(604_800))
        #expect(parseDuration("0") == .zero)
        #expect(parseDuration("s") == nil)
        #expect(parseDuration("") == nil)
        #expect(durationText(.milliseconds(1500)) == "1500ms")
        #expect(durationText(.seconds(7200)) == "2h")
        #expect(byteSizeText(3 << 20) == "3MiB")
    }
}
