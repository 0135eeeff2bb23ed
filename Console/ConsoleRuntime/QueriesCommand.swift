import ArgumentParser
import CollectorAPI
import ConsoleClient
import LogModel
import ScreenModel

/// Output of `lodge queries`.
enum ListForm: String, ExpressibleByArgument, CaseIterable {
    case text, json
}

/// `lodge queries`: what runs on the collector.
struct QueriesCommand: LodgeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "queries", abstract: "List the queries that run or wait on the collector, and refused shapes.",
        discussion: "The first column names a query for `lodge kill`. Exit code 0, also when there are none.")

    @OptionGroup var common: CommonOptions

    @Option(name: [.customShort("o"), .customLong("output")], help: "text or json.")
    var output = ListForm.text

    func run(_ streams: Streams) throws -> ExitStatus {
        let address = try common.address()
        do throws(RequestFailure) {
            let client = try CollectorClient(address, timeout: common.wait, version: consoleVersion)
            let answer = try client.queries()
            switch output {
            case .json: streams.output.write(String(decoding: answer.document, as: UTF8.self) + "\n")
            case .text: write(answer.list, streams)
            }
            return .success
        } catch {
            streams.say(error, query: nil)
            return ExitStatus(error)
        }
    }

    private func write(_ list: QueryList, _ streams: Streams) {
        let out = streams.output
        for query in list.queries {
            let time = NumberText.duration(nanoseconds: Int64(query.running ?? query.waited) * 1_000_000)
            out.write(
                "\(query.id)  \(query.state) \(time)  \(query.user)  \(query.blocksDone)/\(query.blocks) blocks  "
                    + "\(NumberText.short(query.rows)) rows  \(NumberText.bytes(query.bytes)) read  "
                    + "\(NumberText.bytes(query.memoryBytes)) held  \(Self.line(query.text))\n")
        }
        for shape in list.shapes {
            let left = shape.secondsLeft.map { ", \($0) s left" } ?? ""
            out.write("shape \(shape.id)  \(shape.state)\(left)  \(Self.line(shape.shape))\n")
        }
        if list.queries.isEmpty, !common.quiet { streams.say("no query runs") }
    }

    /// What others typed is shown without what would move the cursor.
    private static func line(_ text: String) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    }
}

/// `lodge kill`: ends a query.
struct KillCommand: LodgeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "kill", abstract: "End a query that runs or waits on the collector.",
        discussion: """
            `lodge queries` lists them. Exit code 0 when it was ended, 1 when no query of that name runs any more.
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("The query, for example q17; with --release a shape.", valueName: "ID"))
    var id: String

    @Option(help: ArgumentHelp("Refuse queries of the same shape for so long, e.g. 1h.", valueName: "TIME"))
    var quarantine: DurationArgument?

    @Flag(help: "Let queries of a shape run again instead.")
    var release = false

    func validate() throws {
        // The parser takes an option that it does not know for the argument that is missing.
        if id.hasPrefix("-") { throw ValidationError("there is no option `\(id)`, and no query is named") }
        guard !id.isEmpty, id.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }) else {
            throw ValidationError("`\(id)` names no query: `lodge queries` lists them")
        }
        if release, quarantine != nil { throw ValidationError("--release and --quarantine exclude each other") }
    }

    func run(_ streams: Streams) throws -> ExitStatus {
        let address = try common.address()
        do throws(RequestFailure) {
            let client = try CollectorClient(address, timeout: common.wait, version: consoleVersion)
            if release {
                try client.releaseShape(id)
            } else {
                try client.killQuery(id, quarantine: quarantine?.duration)
            }
            if !common.quiet { streams.say(release ? "shape \(id) may run again" : "\(id) was ended") }
            return .success
        } catch {
            if case .problem(let problem) = error, problem.status == 404 {
                streams.say(problem.summary)
                return .conditionFalse
            }
            streams.say(error, query: nil)
            return ExitStatus(error)
        }
    }
}
