package import ArgumentParser

/// `lodge`: the console, and the same answers for scripts.
package struct LodgeCommand: ParsableCommand {
    /// Name, help and subcommands.
    package static let configuration = CommandConfiguration(
        commandName: "lodge",
        abstract: "Find a line among billions, and see what fails and why.",
        discussion: """
            Alone it opens the full-screen console; `?` there lists the keys. The subcommands print data on standard \
            output and everything else on standard error.

            Exit codes: 0 done, 1 condition not met, 2 wrong usage or query, 3 cannot connect, 4 not allowed, 5 server \
            error or partial result, 6 cut off (--fail-on-truncate), 7 lines lost (--strict), 8 events missing \
            (--fail-on-incomplete), 124 out of time, 130 Ctrl-C.
            """,
        version: "lodge \(consoleVersion)",
        subcommands: [
            ConsoleCommand.self, QueryCommand.self, TailCommand.self, QueriesCommand.self, KillCommand.self,
            DoctorCommand.self, VersionCommand.self,
        ],
        defaultSubcommand: ConsoleCommand.self)

    /// Makes a command to be parsed into.
    package init() {}

    /// Parses the arguments, runs, and returns the exit code.
    package static func execute(_ arguments: [String], streams: Streams = .standard()) -> Int32 {
        do {
            var command = try parseAsRoot(arguments)
            guard let runnable = command as? any LodgeSubcommand else {
                // What the parser brings itself: help. It throws the text, which is printed below.
                try command.run()
                return ExitStatus.success.rawValue
            }
            let status = try runnable.run(streams)
            streams.output.flush()
            if streams.output.failure != 0 {
                streams.say("the output cannot be written (errno \(streams.output.failure))")
                return ExitStatus.serverError.rawValue
            }
            // A reader that closed the pipe had enough; that is no failure.
            return streams.output.isClosed ? ExitStatus.success.rawValue : status.rawValue
        } catch {
            let text = fullMessage(for: error)
            if exitCode(for: error) == .success {
                streams.output.write(text + "\n")
                streams.output.flush()
                return ExitStatus.success.rawValue
            }
            streams.errors.write(text + "\n")
            streams.errors.flush()
            return ExitStatus.usage.rawValue
        }
    }
}

/// A subcommand that says how it went.
protocol LodgeSubcommand: ParsableCommand {
    /// Runs to the end.
    func run(_ streams: Streams) throws -> ExitStatus
}

/// `lodge version`.
struct VersionCommand: LodgeSubcommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    func run(_ streams: Streams) -> ExitStatus {
        streams.output.write("lodge \(consoleVersion)\n")
        return .success
    }
}
