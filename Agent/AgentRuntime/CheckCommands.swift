import AgentChecks
import AgentPipeline
import ArgumentParser
import Glibc
import LineFormats
import LogModel
import Settings
import SystemIO

/// `lodge-agent validate`: says whether a configuration file can be used.
struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate", abstract: "Check a configuration file: what is wrong, on which line and column.",
        usage: "lodge-agent validate --config FILE", discussion: "Exit codes: 0 it can be used; 2 it cannot.")

    /// Has the name of the file: an option that both know belongs to it.
    @ParentCommand var agent: AgentCommand

    func run() throws {
        let config = try agent.requiredConfig(for: "validate")
        // What the agent itself would refuse, flags included.
        let settings = try agent.settings()
        if let problem = settings.problem { throw ValidationError("\(config): \(problem)") }
        print(
            "\(config): good; \(settings.files.count) groups of files, \(settings.rules.count) rules, "
                + "collector \(settings.collectorURLs.joined(separator: " "))")
        for name in settings.streams.names { print("also read: \(name)") }
        for check in settings.checks { print("checked: \(check.service) (\(check.probe.kind) \(check.probe.target))") }
    }
}

/// `lodge-agent test`: shows what decoder and rules do to each line of a sample.
struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Show what is made of each line on standard input. Nothing is sent.",
        usage: "lodge-agent test --config FILE [--path PATH | --source NAME] < sample",
        discussion: "Exit codes: 0 it was shown; 2 wrong usage or configuration.")

    /// A sample is read as a whole.
    private static let sampleLimit = 64 << 20

    /// Has the name of the file: an option that both know belongs to it.
    @ParentCommand var agent: AgentCommand

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Read the lines as if they stood in this file (default: one of the first group's).", valueName: "PATH"))
    var path: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Read the lines as if they came from this source that is no file: stdin, syslog or exec:NAME.",
            valueName: "NAME"))
    var source: String?

    func run() throws {
        let config = try agent.requiredConfig(for: "test")
        let settings = try AgentSettings(file: config)
        if path != nil, source != nil { throw ValidationError("give either --path or --source") }
        let like: SampleSource
        do throws(AgentError) { like = try SampleSource(of: settings, path: path, source: source) } catch {
            throw ValidationError("\(config): \(error)")
        }
        let sample = try standardInput()
        if path == nil, source == nil { print("read like lines of \(like.path)") }
        let inspector = LineInspector(
            profile: like.profile, rules: settings.rules, host: settings.host ?? hostName(),
            maxLineBytes: Limits.lineBytes, offsets: { settings.zone == .utc ? .utc : localOffsets() },
            arrival: Timestamp(nanoseconds: SystemClock.wallNanos()))
        sample.withUnsafeBytes { bytes in
            inspector.inspect(bytes, path: like.path) { print($0) }
        }
    }

    private func standardInput() throws -> [UInt8] {
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(STDIN_FILENO, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw AgentError("standard input cannot be read: \(String(cString: strerror(errno)))")
            }
            if count == 0 { return content }
            content.append(contentsOf: chunk[..<count])
            if content.count > TestCommand.sampleLimit {
                throw AgentError("the sample is larger than \(TestCommand.sampleLimit >> 20) MiB: give fewer lines")
            }
        }
    }
}

extension AgentCommand {
    /// The configuration file, which a subcommand needs.
    fileprivate func requiredConfig(for command: String) throws -> String {
        guard let config else { throw ValidationError("`lodge-agent \(command)` needs --config FILE") }
        return config
    }
}
