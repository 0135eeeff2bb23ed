import ArgumentParser
import ByteCoding
import CollectorAPI
import ConsoleClient
import LineFormats
import LogModel
import ScreenModel
import SystemIO

/// `lodge query`: rows that match, once.
struct QueryCommand: LodgeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Print the rows that match a LogsQL query.",
        discussion: """
            Without times the last hour is searched, unless the query itself has `_time:`. Times: RFC 3339, 14:03, 15m \
            or -15m (ago), or a number since the epoch.
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("LogsQL, e.g. 'level:error timeout'.", valueName: "LOGSQL"))
    var query: String

    @Option(parsing: .unconditional, help: ArgumentHelp("From this long ago until now, e.g. 1h.", valueName: "TIME"))
    var since: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("From this moment.", valueName: "TIME"))
    var from: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("Until this moment, not included.", valueName: "TIME"))
    var to: String?

    @Option(help: "Most rows, the newest ones; 0 prints all of them as they are found.")
    var limit = 1000

    @Option(name: [.customShort("o"), .customLong("output")], help: "text, json or jsonl.")
    var output = RowForm.text

    @Option(help: ArgumentHelp("Only these fields, comma-separated.", valueName: "A,B"))
    var fields: String?

    @Flag(help: "Run the query and print, as JSON, how it was run and what that cost, instead of its rows.")
    var explain = false

    @Flag(help: "End jsonl with a line that says how many rows there were and whether they are all.")
    var trailer = false

    @Flag(help: "Exit with 6 when there were more rows than printed.")
    var failOnTruncate = false

    @Flag(help: "Exit with 8 when the answer is known to lack events.")
    var failOnIncomplete = false

    @Flag(help: "Exit with 1 when there was no row.")
    var exitStatus = false

    func validate() throws {
        guard limit >= 0 else { throw ValidationError("--limit must be 0 or more") }
        if since != nil, from != nil { throw ValidationError("--since and --from exclude each other") }
    }

    func run(_ streams: Streams) throws -> ExitStatus {
        let address = try common.address()
        let range = try window(now: Timestamp(nanoseconds: SystemClock.wallNanos()), streams)
        let names = (fields ?? "").split(separator: ",").map(String.init)
        do {
            let client = try CollectorClient(address, timeout: common.wait, version: consoleVersion)
            if explain { return try explain(client, range, streams) }
            // A line that moves is for people who watch.
            let follower = streams.errors.isTerminal && !common.quiet ? try QueryProgress(address, streams.errors) : nil
            defer { follower?.end() }
            return try run(client, range, names, follower, streams)
        } catch {
            streams.say(error, query: query)
            return ExitStatus(error)
        }
    }

    /// The stretch of time asked for; nil leaves it to the query.
    private func window(now: Timestamp, _ streams: Streams) throws -> TimeRange? {
        func moment(_ text: String?, _ name: String) throws -> Timestamp? {
            guard let text else { return nil }
            guard let moment = TimeArgument.parse(text, now: now, zone: common.tz) else {
                throw ValidationError(
                    "`\(text)` is no time for \(name): write 2025-06-15T14:03:27Z, 2025-06-15, 14:03, 15m for that "
                        + "long ago, or an epoch number"
                )
            }
            return moment
        }
        let start = try moment(since, "--since") ?? moment(from, "--from")
        let end = try moment(to, "--to")
        if start == nil, end == nil {
            if query.contains("_time:") { return nil }
            if streams.errors.isTerminal, !common.quiet { streams.say("searching the last hour; --since changes that") }
            return TimeRange(from: now.adding(nanoseconds: -3_600_000_000_000), to: now)
        }
        let range = TimeRange(from: start ?? Timestamp(nanoseconds: 0), to: end ?? now)
        guard range.from < range.to else {
            throw ValidationError(
                "the window is empty: it starts at \(common.tz.text(range.from)) and ends at \(common.tz.text(range.to))"
            )
        }
        return range
    }

    /// The longest explanation that is taken; it does not grow with the data.
    private static let mostExplanation = 1 << 20

    private func explain(
        _ client: CollectorClient, _ range: TimeRange?, _ streams: Streams
    ) throws(RequestFailure) -> ExitStatus {
        final class Answer { var bytes: [UInt8] = [] }
        let answer = Answer()
        try client.query(query, range: range, limit: limit == 0 ? nil : limit, explains: true) { bytes in
            answer.bytes.append(contentsOf: bytes)
            return answer.bytes.count < Self.mostExplanation
        }
        streams.output.write(String(decoding: answer.bytes, as: UTF8.self) + "\n")
        streams.output.flush()
        return .success
    }

    private func run(
        _ client: CollectorClient, _ range: TimeRange?, _ names: [String], _ follower: QueryProgress?,
        _ streams: Streams
    ) throws(RequestFailure) -> ExitStatus {
        let out = streams.output
        final class Progress {
            var splitter = LineSplitter()
            var printer: RowPrinter
            var note: CompletenessNote?
            init(_ printer: RowPrinter) { self.printer = printer }
        }
        let progress = Progress(
            RowPrinter(form: output, fields: names, zone: common.tz, isColoured: common.isColoured(out)))
        var failure: RequestFailure?
        do {
            let onNote = { (note: CompletenessNote) in progress.note = note }
            try client.query(
                query, range: range, limit: limit == 0 ? nil : limit, requestID: follower?.requestID,
                onWait: { follower?.tick() }, onNote: onNote
            ) { bytes in
                follower?.end()
                let goesOn = progress.splitter.feed(bytes) { row in
                    // Nothing is printed before the first row: a query that is refused leaves the output empty.
                    if progress.printer.rows == 0 { self.begin(range, out) }
                    progress.printer.print(row, to: out)
                    return !out.isClosed
                }
                return goesOn && !out.isClosed
            }
        } catch {
            follower?.end()
            guard progress.printer.rows > 0 else { throw error }
            failure = error
        }
        let rows = progress.printer.rows
        if out.isClosed { return .success }
        if failure == nil, progress.splitter.isInLine {
            failure = .broken("the answer ended in the middle of a row")
        }
        var total: Int?
        if failure == nil, limit > 0, rows >= limit { total = try? count(client, range) }
        let isCut = total.map { $0 > rows } ?? false
        if rows == 0 { begin(range, out) }
        finish(rows: rows, isComplete: failure == nil && !isCut && progress.note == nil, out)
        out.flush()
        follower?.end()
        if let note = progress.note { streams.say(note.text) }
        if let failure {
            streams.say("partial result, \(NumberText.grouped(rows)) rows: \(failure.summary)")
            return failure == .timedOut ? .timedOut : .serverError
        }
        if isCut, let total {
            streams.say(
                "\(NumberText.grouped(rows)) of \(NumberText.grouped(total)) shown, --limit 0 for all")
            if failOnTruncate { return .truncated }
        }
        if failOnIncomplete, progress.note != nil { return .incomplete }
        return exitStatus && rows == 0 ? .conditionFalse : .success
    }

    private func windowText(_ range: TimeRange?) -> String {
        guard let range else { return "null" }
        let (from, to) = (common.tz.text(range.from, digits: 9), common.tz.text(range.to, digits: 9))
        return "{\"from\":\"\(from)\",\"to\":\"\(to)\"}"
    }

    private func begin(_ range: TimeRange?, _ out: ByteSink) {
        if output == .json { out.write("{\"v\":1,\"window\":\(windowText(range)),\"rows\":[") }
    }

    private func finish(rows: Int, isComplete: Bool, _ out: ByteSink) {
        switch output {
        case .json: out.write("\(rows > 0 ? "\n" : "")],\"complete\":\(isComplete)}\n")
        case .jsonl where trailer: out.write("{\"_end\":{\"rows\":\(rows),\"complete\":\(isComplete),\"lost\":0}}\n")
        case .text, .jsonl: break
        }
    }

    /// How many rows there are in all.
    private func count(_ client: CollectorClient, _ range: TimeRange?) throws(RequestFailure) -> Int? {
        final class Answer { var bytes: [UInt8] = [] }
        let answer = Answer()
        try client.query("\(query) | count() rows", range: range, limit: 1) { bytes in
            answer.bytes.append(contentsOf: bytes)
            return answer.bytes.count < 1 << 16
        }
        let line = answer.bytes.split(separator: 0x0A).first.map(Array.init) ?? []
        guard let row = LogRow(parsing: line, withFields: true) else { return nil }
        return row.fields.first.flatMap { Int(String(decoding: $0.value, as: UTF8.self)) }
    }
}
