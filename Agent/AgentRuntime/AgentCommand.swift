import AgentOperation
import AgentPipeline
package import ArgumentParser
import Diagnostics
import Glibc
import Settings
import SystemIO

/// `lodge-agent`: follows files and sends their lines to a collector.
package struct AgentCommand: ParsableCommand {
    /// Name, help and version.
    package static let configuration = CommandConfiguration(
        commandName: "lodge-agent",
        abstract: "Follows log files and sends each line to a collector, once.",
        usage: """
            lodge-agent --config FILE
            lodge-agent --follow GLOB... [--to URL] [--state DIR] [--service NAME] [--once]
            lodge-agent status [--config FILE] [--state DIR] [--json]
            lodge-agent --stdin [--to URL] [--state DIR] [--service NAME]
            lodge-agent validate --config FILE
            lodge-agent test --config FILE [--path PATH | --source NAME] < sample
            lodge-agent spool verify|dump [--config FILE] [--state DIR]
            """,
        discussion: """
            What is read is kept on disk until the collector has acknowledged it. Exit codes: 0 stopped as asked, or \
            with --once everything is delivered; 1 it could not start or go on; 2 wrong usage or configuration.
            """,
        version: "lodge-agent \(agentVersion)",
        subcommands: [StatusCommand.self, ValidateCommand.self, TestCommand.self, SpoolCommand.self])

    @Option(name: .long, help: ArgumentHelp("Read the settings in this YAML file.", valueName: "FILE"))
    var config: String?

    @Option(
        name: .long, parsing: .upToNextOption,
        help: ArgumentHelp("Follow these files; `*`, `?`, `[a-z]` and `**` are understood.", valueName: "GLOB"))
    var follow: [String] = []

    @Flag(
        name: .long,
        help: "Read lines from standard input. When nothing else is read, the agent ends when they are delivered.")
    var stdin = false

    @Option(
        name: .long, help: ArgumentHelp("Send to this collector (default http://127.0.0.1:7600).", valueName: "URL"))
    var to: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Keep offsets and the spool here (default /var/lib/lodge-agent or ~/.local/state/lodge-agent).",
            valueName: "DIR"))
    var state: String?

    @Option(name: .long, help: ArgumentHelp("The service of these lines (default: after the file).", valueName: "NAME"))
    var service: String?

    @Flag(name: .long, help: "Read the files to their ends, deliver everything, and exit.")
    var once = false

    @Option(name: .long, help: ArgumentHelp("debug, info, warn or error.", valueName: "LEVEL"))
    var logLevel: String = "info"

    /// Makes a command to be parsed into.
    package init() {}

    /// Parses the arguments, runs until SIGTERM or SIGINT, and returns the exit code.
    package static func execute(_ arguments: [String]) -> Int32 {
        do {
            var command = try AgentCommand.parseAsRoot(arguments)
            if let agent = command as? AgentCommand { return try agent.runToEnd() }
            try command.run()
            return 0
        } catch let error as AgentError {
            writeToStandardError("lodge-agent: \(error)\n")
            return 1
        } catch let error as SettingsError {
            writeToStandardError("lodge-agent: \(error)\n")
            return 2
        } catch let error as ValidationError {
            writeToStandardError("lodge-agent: \(error)\n")
            return 2
        } catch {
            let text = AgentCommand.fullMessage(for: error)
            if AgentCommand.exitCode(for: error) == .success {
                print(text)
                return 0
            }
            if let code = error as? ExitCode { return code.rawValue }
            guard AgentCommand.exitCode(for: error) == .validationFailure else {
                writeToStandardError("lodge-agent: \(error)\n")
                return 1
            }
            writeToStandardError(text + "\n")
            return 2
        }
    }

    /// The configuration file, and the flags over it.
    func settings() throws -> AgentSettings {
        var settings = try config.map { try AgentSettings(file: $0) } ?? AgentSettings()
        if !follow.isEmpty {
            settings.files = [AgentSettings.Files(include: follow, profile: SourceProfile(service: service))]
        } else if service != nil, !stdin {
            throw ValidationError(
                "--service goes with --follow or --stdin; in a configuration file each group names its own")
        }
        if stdin { settings.streams.standardInput = SourceProfile(service: service) }
        if let to {
            guard isCollectorURL(to) else {
                throw ValidationError("--to must be such as http://logs:7600, not `\(to)`")
            }
            settings.collectorURLs = [to]
        }
        if let state { settings.state = state }
        if settings.files.isEmpty, settings.streams.isEmpty, settings.checks.isEmpty {
            throw ValidationError(
                "nothing to follow: give --follow GLOB..., --stdin, or --config FILE with `files` or another source")
        }
        return settings
    }

    private func runToEnd() throws -> Int32 {
        let refused = SystemFaults.installFromEnvironment()
        guard refused.isEmpty else {
            throw ValidationError("LODGE_FAULTS is not understood: \(refused.joined(separator: ", "))")
        }
        let settings = try settings()
        guard let level = DiagnosticLog.Level(name: logLevel) else {
            throw ValidationError("--log-level must be debug, info, warn or error, not `\(logLevel)`")
        }
        MemoryAllocator.boundWhatIsKept()
        // Before any other thread is there, so that all inherit it: only this one looks for the signals.
        let signals = StopSignals()
        let manager = ServiceManager(environment: processEnvironment)
        let ends = once || settings.files.isEmpty && settings.streams.isOnlyInput
        let agent = try Agent(settings, readsOnce: ends, log: DiagnosticLog(program: "lodge-agent", minimum: level))
        defer {
            manager.stopping()
            agent.stop()
        }
        manager.ready("follows \(agent.files) files")
        var lastAlive: UInt64 = 0
        var codeReturn: UInt64? = SystemClock.monotonicNanos() &+ Limits.codeReturnDelay
        while true {
            switch signals.next() {
            case .stop: return 0
            case .reload where config != nil:
                manager.reloading()
                agent.reload { try self.settings() }
                manager.ready("follows \(agent.files) files")
            // Without a file there is nothing to read again: the terminal has gone.
            case .reload: return 0
            case nil: break
            }
            if let limit = manager.watchdogNanos, agent.isReading(within: limit) {
                let now = SystemClock.monotonicNanos()
                if now &- lastAlive >= limit / 4 {
                    manager.alive()
                    manager.status("follows \(agent.files) files")
                    lastAlive = now
                }
            }
            if let due = codeReturn, SystemClock.monotonicNanos() >= due {
                MemoryAllocator.giveBackCode()
                codeReturn = nil
            }
            if try agent.waitForEnd(nanoseconds: 100_000_000) { return 0 }
        }
    }
}

/// SIGTERM, SIGINT and SIGHUP, held back from all threads. Those that come more than once are one.
private struct StopSignals {
    enum Meaning {
        case stop, reload
    }

    private var set = sigset_t()

    init() {
        sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, number) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        // A collector that goes away is an error of its connection, not of the process.
        signal(SIGPIPE, SIG_IGN)
    }

    /// What one that has come means; nil when none has.
    func next() -> Meaning? {
        var set = set
        var now = timespec()
        switch sigtimedwait(&set, nil, &now) {
        case SIGHUP: return .reload
        case SIGTERM, SIGINT: return .stop
        default: return nil
        }
    }
}
