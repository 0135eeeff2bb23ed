import AgentChecks
import AgentOperation
import AgentPipeline
import AgentStreams
import Diagnostics
import LineFormats
import LogModel
import Synchronization
import SystemIO

/// The checks, as a source of events: each result is a line of JSON.
final class ChecksSource: StreamSource {
    let streams = [StreamDescription(path: "checks", profile: SourceProfile(format: .json))]
    private let checks: [Check]
    private let results: Mutex<[AgentStatus.Check]>

    init(_ checks: [Check]) {
        self.checks = checks
        let unknown = Timestamp(nanoseconds: 0)
        results = Mutex(checks.map { AgentStatus.Check($0, status: .unknown, since: unknown) })
    }

    /// How each check stands.
    var statuses: [AgentStatus.Check] { results.withLock { $0 } }

    func run(into inboxes: [StreamInbox], until stop: StopSignal, log: DiagnosticLog) {
        let inbox = inboxes[0]
        let runner: CheckRunner
        do {
            runner = try CheckRunner(checks, userAgent: "lodge-agent/\(agentVersion)") { [self] event in
                results.withLock { results in
                    for (index, check) in checks.enumerated() where check == event.check {
                        results[index] = AgentStatus.Check(
                            check, status: event.state.status, since: Timestamp(nanoseconds: event.state.since))
                    }
                }
                let bytes = event.document.bytes
                // An inbox that is closed takes nothing: the agent ends.
                _ = inbox.put(
                    StreamRun(
                        bytes, .records([.init(end: bytes.count)]), arrival: Timestamp(nanoseconds: event.time)))
            }
        } catch {
            log.error("checks cannot be started", ("reason", "\(error)"))
            return
        }
        while !stop.isRaised { stop.wait(milliseconds: 60_000) }
        runner.stop()
    }
}

extension AgentStatus.Check {
    fileprivate init(_ check: Check, status: HealthStatus, since: Timestamp) {
        self.init(
            service: check.service, kind: check.probe.kind, target: check.probe.target, status: status.rawValue,
            since: since)
    }
}
