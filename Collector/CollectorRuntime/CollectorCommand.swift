package import ArgumentParser
import Diagnostics
import Glibc
import Settings
import SystemIO
import Workers

/// `lodge-collector`: takes events, makes them durable, and answers queries.
package struct CollectorCommand: ParsableCommand {
    /// Name, help and version.
    package static let configuration = CommandConfiguration(
        commandName: "lodge-collector",
        abstract: "Takes events over HTTP, makes them durable, and answers queries.",
        discussion: """
            Without a configuration file it listens on 127.0.0.1:7600. `lodge-collector check` verifies the data of a \
            collector that does not run; see `lodge-collector check --help`. Exit codes: 0 stopped as asked, 1 it could \
            not start, 2 wrong usage or configuration.
            """,
        version: "lodge-collector \(collectorVersion)", subcommands: [RetentionCommand.self])

    @Option(name: .long, help: ArgumentHelp("Read the settings in this YAML file.", valueName: "FILE"))
    var config: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Keep all data here (default /var/lib/lodge or ~/.local/share/lodge).", valueName: "DIR"))
    var data: String?

    @Option(name: .long, help: ArgumentHelp("Listen here (default 127.0.0.1:7600).", valueName: "HOST:PORT"))
    var listen: String?

    /// Makes a command to be parsed into.
    package init() {}

    /// Parses the arguments, runs until SIGTERM or SIGINT, and returns the exit code.
    package static func execute(_ arguments: [String]) -> Int32 {
        if arguments.first == "check" { return CheckCommand.execute(Array(arguments.dropFirst())) }
        do {
            var command = try CollectorCommand.parseAsRoot(arguments)
            if let collector = command as? CollectorCommand { return try collector.runToEnd() }
            try command.run()
            return 0
        } catch let error as StartError {
            writeToStandardError("lodge-collector: \(error)\n")
            return 1
        } catch let error as SettingsError {
            writeToStandardError("lodge-collector: \(error)\n")
            return 2
        } catch let error as ValidationError {
            writeToStandardError("lodge-collector: \(error)\n")
            return 2
        } catch {
            let text = CollectorCommand.fullMessage(for: error)
            if CollectorCommand.exitCode(for: error) == .success {
                print(text)
                return 0
            }
            guard CollectorCommand.exitCode(for: error) == .validationFailure else {
                writeToStandardError("lodge-collector: \(error)\n")
                return 1
            }
            writeToStandardError(text + "\n")
            return 2
        }
    }

    private func settings() throws -> CollectorSettings {
        var settings = try config.map { try CollectorSettings(file: $0) } ?? CollectorSettings()
        if let listen {
            guard let address = ListenAddress(listen) else {
                throw ValidationError("--listen must be HOST:PORT such as 127.0.0.1:7600, not `\(listen)`")
            }
            settings.listen = address
        }
        if let data { settings.data = data }
        return settings
    }

    private func runToEnd() throws -> Int32 {
        let refused = SystemFaults.installFromEnvironment()
        guard refused.isEmpty else {
            throw ValidationError("LODGE_FAULTS is not understood: \(refused.joined(separator: ", "))")
        }
        MemoryAllocator.boundWhatIsKept()
        let settings = try settings()
        let path = settings.data ?? DataDirectory.usual(environment: processEnvironment)
        // Before any other thread is there, so that all inherit it: only this one waits for the signals.
        let signals = StopSignals()
        let log = DiagnosticLog(program: "lodge-collector")
        let collector = try blocking { try await Collector(settings, dataPath: path, log: log) }
        writeToStandardError("listening on http://\(collector.address), data \(path)\n")
        let signal = signals.wait()
        log.info("stopping", ("signal", signal))
        try blocking { await collector.stop() }
        return 0
    }
}

/// SIGTERM and SIGINT, held back from all threads until one waits for them.
private struct StopSignals {
    private var set = sigset_t()

    init() {
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        // A client that goes away is an error of its connection, not of the process.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Blocks until one of them comes.
    func wait() -> String {
        var set = set
        var number: Int32 = 0
        while sigwait(&set, &number) != 0 {}
        return number == SIGINT ? "SIGINT" : "SIGTERM"
    }
}

/// Runs asynchronous work to its end while the main thread waits.
private func blocking<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) throws -> T {
    let outcome = Monitor<Result<T, any Error>?>(nil)
    Task.detached {
        let result: Result<T, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        outcome.withLock { $0 = result }
        outcome.broadcast()
    }
    guard let result = outcome.wait({ $0 }) else { throw StartError("the collector was interrupted") }
    return try result.get()
}
