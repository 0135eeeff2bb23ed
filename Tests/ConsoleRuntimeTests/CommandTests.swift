import CollectorAPI
import ConsoleRuntime
import Testing

@Suite struct CommandTests {
    private func run(_ arguments: String...) -> (code: Int32, output: String, errors: String) {
        let streams = Streams(output: ByteSink(descriptor: -1), errors: ByteSink(descriptor: -1))
        let code = LodgeCommand.execute(arguments, streams: streams)
        return (
            code, String(decoding: streams.output.kept, as: UTF8.self),
            String(decoding: streams.errors.kept, as: UTF8.self)
        )
    }

    @Test func versionAndHelpGoToStandardOutput() {
        #expect(run("version").output == "lodge \(consoleVersion)\n")
        let help = run("query", "--help")
        #expect(help.code == 0 && help.output.contains("--limit") && help.errors.isEmpty)
    }

    @Test(arguments: [
        ["query"], ["query", "*", "--limit", "-1"], ["query", "*", "--since", "yesterday"],
        ["query", "*", "--since", "1h", "--from", "2h"], ["query", "*", "--from", "now", "--to", "-1h"],
        ["query", "*", "-o", "xml"], ["tail", "--count", "0"], ["nosuch", "thing"], ["query", "*", "--url", "ftp://x"],
        ["tail", "--for", "soon"], ["kill"], ["kill", "--wrong"], ["kill", "../x"],
        ["kill", "q1", "--quarantine", "soon"],
        ["kill", "q1", "--quarantine", "1h", "--release"], ["queries", "-o", "xml"],
    ])
    func wrongUsageIsTwoAndSaysWhatIsWrong(arguments: [String]) {
        let streams = Streams(output: ByteSink(descriptor: -1), errors: ByteSink(descriptor: -1))
        #expect(LodgeCommand.execute(arguments, streams: streams) == 2)
        #expect(streams.output.kept.isEmpty)
        #expect(!streams.errors.kept.isEmpty)
    }

    @Test(arguments: [
        ["query", "*"], ["tail"], ["doctor"], ["query", "*", "-o", "json"], ["queries"], ["kill", "q1"],
    ])
    func noCollectorIsThree(arguments: [String]) {
        let streams = Streams(output: ByteSink(descriptor: -1), errors: ByteSink(descriptor: -1))
        // Port 1 of the loopback address: nothing listens there.
        let code = LodgeCommand.execute(arguments + ["--url", "http://127.0.0.1:1"], streams: streams)
        #expect(code == 3)
        if arguments != ["doctor"] { #expect(streams.output.kept.isEmpty) }
    }

    struct Failure: Sendable {
        let failure: RequestFailure
        let code: Int32
    }

    @Test(arguments: [
        Failure(failure: .unreachable(""), code: 3), Failure(failure: .timedOut, code: 124),
        Failure(failure: .broken(""), code: 5), Failure(failure: .malformed(""), code: 5),
        Failure(failure: .problem(Problem(status: 400, title: "", detail: "")), code: 2),
        Failure(failure: .problem(Problem(status: 401, title: "", detail: "")), code: 4),
        Failure(failure: .problem(Problem(status: 403, title: "", detail: "")), code: 4),
        Failure(failure: .problem(Problem(status: 429, title: "", detail: "")), code: 5),
        Failure(failure: .problem(Problem(status: 503, title: "", detail: "")), code: 5),
    ])
    func failuresHaveTheirCodes(sample: Failure) {
        #expect(ExitStatus(sample.failure).rawValue == sample.code)
    }
}

@Suite struct RowPrinterTests {
    private let row = #"{"_time":"2026-03-05T14:03:27.5Z","_msg":"a\u001b[0m\nb","service":"cart","level":"warning"}"#

    private func printed(_ form: RowForm, fields: [String] = [], coloured: Bool = false, rows: [String]) -> String {
        let sink = ByteSink(descriptor: -1)
        var printer = RowPrinter(form: form, fields: fields, zone: .utc, isColoured: coloured)
        for row in rows { Array(row.utf8).withUnsafeBytes { printer.print($0, to: sink) } }
        return String(decoding: sink.kept, as: UTF8.self)
    }

    @Test func textIsSafeToShow() {
        #expect(printed(.text, rows: [row]) == "2026-03-05T14:03:27.500Z WARN  cart a^[[0m^Jb\n")
        #expect(printed(.text, rows: [#"{"count(*)":"12"}"#]) == "count(*)=12\n")
        // A row that a pipe made may have a message, and keeps what stands beside it.
        #expect(printed(.text, rows: [#"{"id":"43","_msg":"ok"}"#]) == "id=43 _msg=ok\n")
        #expect(printed(.text, fields: ["level", "none"], rows: [row]) == "level=warning\n")
        #expect(printed(.text, coloured: true, rows: [row]).contains("\u{1B}[1;38;5;214mWARN "))
    }

    @Test func jsonlIsWhatTheCollectorSentByteForByte() {
        #expect(printed(.jsonl, rows: [row, "{ }"]) == row + "\n{ }\n")
        #expect(printed(.jsonl, fields: ["service"], rows: [row]) == "{\"service\":\"cart\"}\n")
    }

    @Test(arguments: [1, 3, 1000])
    func linesAreCutWhateverPiecesTheyComeIn(pieces: Int) {
        let bytes = Array("one\n\ntwo\nthree".utf8)
        var splitter = LineSplitter()
        var lines: [String] = []
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            let piece = Array(bytes[start..<min(bytes.count, start + pieces)])
            let goesOn = piece.withUnsafeBytes { piece in
                splitter.feed(piece) {
                    lines.append(String(decoding: $0, as: UTF8.self))
                    return true
                }
            }
            #expect(goesOn)
        }
        #expect(lines == ["one", "two"])
        #expect(splitter.isInLine)
    }
}
