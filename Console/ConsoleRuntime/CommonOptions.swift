import ArgumentParser
import CollectorAPI
import ConsoleClient
import Glibc
import LogModel

/// The version of the console.
package let consoleVersion = "0.1.0"

/// When to use colours.
enum ColourChoice: String, ExpressibleByArgument, CaseIterable {
    case auto, always, never
}

extension TimeZoneChoice: ExpressibleByArgument {}
extension RowForm: ExpressibleByArgument {}

/// A length of time such as `30s`; a bare number means seconds.
struct DurationArgument: ExpressibleByArgument {
    let duration: Duration

    init(_ duration: Duration) {
        self.duration = duration
    }

    init?(argument: String) {
        let text = Double(argument) == nil ? argument : argument + "s"
        guard let duration = Duration(logForm: text), duration > .zero else { return nil }
        self.duration = duration
    }
}

/// Options of every subcommand.
package struct CommonOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The collector (env LODGE_URL, default http://127.0.0.1:7600).", valueName: "URL"))
    var url: String?

    @Option(help: ArgumentHelp("Longest wait for an answer, e.g. 30s.", valueName: "TIME"))
    var timeout = DurationArgument(.seconds(30))

    @Option(help: ArgumentHelp("Zone in which times are read and printed: UTC or Local.", valueName: "ZONE"))
    var tz = TimeZoneChoice.utc

    @Option(help: "Colours: auto, always or never. NO_COLOR counts for auto.")
    var color = ColourChoice.auto

    @Flag(name: .shortAndLong, help: "No remarks on standard error; errors are still said.")
    var quiet = false

    /// Makes options to be parsed into.
    package init() {}

    /// The longest wait.
    var wait: Duration { timeout.duration }

    /// The collector's address.
    func address() throws -> CollectorAddress {
        let text = url ?? environment("LODGE_URL") ?? "http://127.0.0.1:7600"
        guard let address = CollectorAddress(text) else {
            throw ValidationError("`\(text)` is no URL of a collector; write http://HOST:PORT (--url or LODGE_URL)")
        }
        return address
    }

    /// Whether to colour output that goes to `sink`.
    func isColoured(_ sink: ByteSink) -> Bool {
        switch color {
        case .always: true
        case .never: false
        case .auto: sink.isTerminal && (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
        }
    }
}

/// A variable of the environment; nil when it is not set.
func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
}

/// Where a subcommand writes: data to one, everything else to the other.
package struct Streams {
    package let output: ByteSink
    package let errors: ByteSink

    package init(output: ByteSink, errors: ByteSink) {
        self.output = output
        self.errors = errors
    }

    /// Standard output and standard error.
    package static func standard() -> Streams {
        Streams(output: ByteSink(descriptor: STDOUT_FILENO), errors: ByteSink(descriptor: STDERR_FILENO))
    }

    /// Says something on standard error.
    func say(_ text: String) {
        output.flush()
        errors.write("lodge: \(text)\n")
        errors.flush()
    }

    /// Says why a request gave no result, with the place in the query where the collector named one.
    func say(_ failure: RequestFailure, query: String?) {
        guard case .problem(let problem) = failure else {
            say(failure.summary)
            return
        }
        let detail = problem.detail.isEmpty ? "" : ": \(problem.detail)"
        say("\(problem.title)\(detail)")
        if let query, let caret = problem.caret(in: query) {
            errors.write("  \(caret.line)\n  \(caret.caret)\n")
            errors.flush()
        }
    }
}
