import ArgumentParser
import Glibc
import TerminalIO

/// `lodge` without a subcommand: the full-screen console.
struct ConsoleCommand: LodgeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "console", abstract: "Open the full-screen console (what `lodge` alone does).")

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("What the live tail follows first.", valueName: "LOGSQL"))
    var query = "*"

    @Flag(help: "Draw with ASCII only.")
    var ascii = false

    func run(_ streams: Streams) throws -> ExitStatus {
        let address = try common.address()
        guard TerminalFacts.isTerminal(STDIN_FILENO), TerminalFacts.isTerminal(STDOUT_FILENO) else {
            streams.say("the console needs a terminal; use `lodge query` or `lodge tail` here, see `lodge --help`")
            return .usage
        }
        var options = TerminalOptions(
            term: environment("TERM") ?? "", noColor: common.color == .always ? nil : environment("NO_COLOR"),
            ascii: ascii)
        if common.color == .never { options.colour = false }
        do {
            let code = try ConsoleProgram.run(address, query: query, timeout: common.wait, options: options)
            // The network's threads may still be inside libcurl: leave without running what would wait for them.
            _exit(code)
        } catch let error as TerminalError {
            streams.say(error.description)
            return .usage
        }
    }
}
