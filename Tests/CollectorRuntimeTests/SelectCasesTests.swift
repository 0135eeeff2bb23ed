import CollectorRuntime
import Glibc
import LineFormats
import TestSupport
import Testing

/// The routes below `/select/logsql` against `Tests/Fixtures/API/select.cases`.
@Suite(.timeLimit(.minutes(15)))
struct SelectCasesTests {
    struct Case {
        var route: String
        var parameters: [(name: String, value: String)]
        var line: Int
        var expected = ""
    }

    static func load() throws -> (events: String, cases: [Case]) {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
        let file = try #require(fopen(root + "/Fixtures/API/select.cases", "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 18)
        let count = fread(&bytes, 1, bytes.count, file)
        try #require(count < bytes.count)
        var events = ""
        var cases: [Case] = []
        var isData = false
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.isEmpty {
                isData = false
            } else if line.hasPrefix("#") {
                continue
            } else if line == "data" {
                isData = true
            } else if isData {
                events += line + "\n"
            } else if line.hasPrefix("{") {
                cases[cases.count - 1].expected += line + "\n"
            } else {
                let cut = try #require(line.firstIndex(of: " "))
                let pairs = line[line.index(after: cut)...].split(separator: "&").map { pair in
                    let parts = pair.split(separator: "=", maxSplits: 1)
                    return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
                }
                cases.append(Case(route: String(line[..<cut]), parameters: pairs, line: index + 1))
            }
        }
        return (events, cases)
    }

    static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            let hex = String(byte, radix: 16)
            return "%" + (hex.count == 1 ? "0" : "") + hex
        }.joined()
    }

    @Test(arguments: [false, true])
    func answersAreThoseOfTheFileByGetAndByPost(inSegment: Bool) async throws {
        let (events, cases) = try Self.load()
        let server = try await TestServer { if inSegment { $0.headBytes = 1 } }
        let taken = try await server.send(
            "POST", "/insert/jsonline?_stream_fields=service,host", [], Array(events.utf8))
        #expect(taken.status == 200)
        if inSegment {
            try await eventually("the events are in a segment") {
                try await server.send("GET", "/health").json?["store"]?["head_rows"]?.int == 0
            }
        }
        #expect(cases.count > 30)
        for test in cases {
            let form = test.parameters.map { "\($0.name)=\(Self.escaped($0.value))" }.joined(separator: "&")
            let path = "/select/logsql/\(test.route)"
            let got = try await server.send("GET", "\(path)?\(form)")
            let posted = try await server.send(
                "POST", path, ["Content-Type: application/x-www-form-urlencoded"], Array(form.utf8))
            #expect(got.status == 200 && posted.status == 200, "line \(test.line): \(got)")
            let ending = got.text.hasSuffix("\n") ? "" : "\n"
            #expect(got.text + ending == test.expected, "line \(test.line)")
            // The form wins over the query string.
            let both = try await server.send(
                "POST", "\(path)?query=never", ["Content-Type: application/x-www-form-urlencoded"], Array(form.utf8))
            #expect(posted.text == got.text && both.text == got.text, "line \(test.line)")
        }
        await server.end()
    }
}
