import ArgumentParser
import CollectorAPI
import ConsoleClient
import Glibc
import LogModel
import ScreenModel
import SystemIO

/// `lodge tail`: rows as they arrive.
struct TailCommand: LodgeSubcommand {
    /// Forms a stream can have.
    enum Form: String, ExpressibleByArgument, CaseIterable {
        case text, jsonl
    }

    static let configuration = CommandConfiguration(
        commandName: "tail", abstract: "Print rows that match as they arrive.",
        discussion: """
            A connection that breaks is made again and resumes behind the last row; --no-reconnect ends instead. Rows \
            that the collector had to leave out are counted on standard error.
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("LogsQL; only its filter is used.", valueName: "LOGSQL"))
    var query = "*"

    @Option(help: "End after this many rows.")
    var count: Int?

    @Option(name: .customLong("for"), help: ArgumentHelp("End after this time, e.g. 30s.", valueName: "TIME"))
    var length: DurationArgument?

    @Option(name: [.customShort("o"), .customLong("output")], help: "text or jsonl.")
    var output = Form.text

    @Option(help: ArgumentHelp("Only these fields, comma-separated.", valueName: "A,B"))
    var fields: String?

    @Option(help: "Most rows a second; the collector leaves out and counts what is above.")
    var maxRate = 100_000

    @Flag(help: "End when the connection breaks.")
    var noReconnect = false

    @Flag(help: "Exit with 7 when rows were lost on the way.")
    var strict = false

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count must be 1 or more") }
        if maxRate < 1 { throw ValidationError("--max-rate must be 1 or more") }
    }

    private final class Progress {
        var printer: RowPrinter
        var lost = 0
        var hasOpened = false
        init(_ printer: RowPrinter) { self.printer = printer }
    }

    func run(_ streams: Streams) throws -> ExitStatus {
        let address = try common.address()
        let client: CollectorClient
        do {
            client = try CollectorClient(address, timeout: common.wait, version: consoleVersion)
        } catch {
            streams.say(error, query: nil)
            return ExitStatus(error)
        }
        let names = (fields ?? "").split(separator: ",").map(String.init)
        let progress = Progress(
            RowPrinter(
                form: output == .text ? .text : .jsonl, fields: names, zone: common.tz,
                isColoured: common.isColoured(streams.output)))
        let deadline = length.map { SystemClock.monotonicNanos() + UInt64($0.duration.wholeNanoseconds) }
        let status = follow(client, progress, deadline: deadline, streams)
        streams.output.flush()
        if progress.lost > 0 {
            streams.say("\(NumberText.grouped(progress.lost)) rows were left out by the collector")
            if strict, status == .success { return .linesLost }
        }
        return status
    }

    private func follow(
        _ client: CollectorClient, _ progress: Progress, deadline: UInt64?, _ streams: Streams
    ) -> ExitStatus {
        var follower = TailFollower(query: query, maxRate: maxRate)
        var random = SystemRandomNumberGenerator()
        func isOver() -> Bool { deadline.map { SystemClock.monotonicNanos() >= $0 } ?? false }
        func isDone() -> Bool { count.map { progress.printer.rows >= $0 } ?? false || streams.output.isClosed }

        while !isOver() {
            let failure = follower.follow(
                client, shouldContinue: { !isOver() && !ConsoleProgram.isReaderGone(streams.output) },
                onOpen: { [progress, common] in
                    if progress.hasOpened, !common.quiet { streams.say("connected again") }
                    progress.hasOpened = true
                },
                onBatch: { [count, progress] batch in
                    Self.print(batch, upTo: count, progress, streams)
                    return !(count.map { progress.printer.rows >= $0 } ?? false || streams.output.isClosed)
                })
            if isDone() || isOver() || ConsoleProgram.isReaderGone(streams.output) { return .success }
            let reason = failure ?? .broken("the collector ended the stream")
            guard progress.hasOpened, !noReconnect else {
                streams.say(reason, query: query)
                return failure == .timedOut ? .cannotConnect : ExitStatus(reason)
            }
            switch follower.retry(after: reason, random: random.next()) {
            case .never:
                streams.say(reason, query: query)
                return ExitStatus(reason)
            case .after(let wait):
                if !common.quiet {
                    streams.say("\(reason.summary); trying again in \(NumberText.duration(nanoseconds: wait))")
                }
                let left = deadline.map { Int64(clamping: $0) - Int64(clamping: SystemClock.monotonicNanos()) } ?? wait
                _ = poll(nil, 0, Int32(clamping: max(0, min(wait, left)) / 1_000_000))
            }
        }
        return .success
    }

    private static func print(_ batch: TailBatch, upTo count: Int?, _ progress: Progress, _ streams: Streams) {
        batch.bytes.withUnsafeBytes { bytes in
            for entry in batch.entries {
                if let count, progress.printer.rows >= count { break }
                switch entry.kind {
                case .line:
                    let row = UnsafeRawBufferPointer(rebasing: bytes[entry.offset..<entry.offset + entry.length])
                    progress.printer.print(row, to: streams.output)
                case .gap:
                    progress.lost += entry.count
                }
            }
        }
        // Who reads a tail waits for the newest line.
        streams.output.flush()
    }
}
