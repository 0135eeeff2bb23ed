import AgentOperation
import ArgumentParser
import Glibc

/// `lodge-agent status`: asks the agent that runs on this machine how it is.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how the agent on this machine is: delivery, spool, sources, rules, checks.",
        usage: "lodge-agent status [--config FILE] [--state DIR] [--json]",
        discussion: "Exit codes: 0 it has answered; 1 no agent answers; 2 wrong usage or configuration.")

    /// Has the configuration and the state directory: options that both know belong to it.
    @ParentCommand var agent: AgentCommand

    @Flag(name: .long, help: "Print the document as JSON.")
    var json = false

    /// Where an agent with this state directory listens.
    static func socketPath(in state: String) -> String { "\(state)/agent.sock" }

    func run() throws {
        let configured = try agent.config.map { try AgentSettings(file: $0) }?.state
        let usual = StateDirectory.usual { name in getenv(name).map { String(cString: $0) } }
        let path = Self.socketPath(in: agent.state ?? configured ?? usual)
        let body: [UInt8]
        do throws(LocalServer.Failure) {
            body = try LocalClient.get(json ? "/status" : "/status.txt", socketPath: path)
        } catch {
            throw AgentError(error.description)
        }
        print(String(decoding: body, as: UTF8.self), terminator: json ? "\n" : "")
    }
}
