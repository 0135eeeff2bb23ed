import AgentRuntime
import Diagnostics
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(15)))
struct AgentTests {
    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
    }

    @Test func patternsThatMatchNoFileAreTold() throws {
        let place = try TemporaryDirectory()
        let lines = Lines()
        var settings = AgentSettings()
        settings.files = [.init(include: ["\(place.path)/nothing-*.log"])]
        settings.state = "\(place.path)/state"
        settings.collectorURLs = ["http://127.0.0.1:1"]
        let agent = try Agent(
            settings, readsOnce: true,
            log: DiagnosticLog(program: "t", sink: { line in lines.all.withLock { $0.append(line) } }))
        try eventually("the agent has looked for files") { try agent.waitForEnd(nanoseconds: 10_000_000) }
        agent.stop()
        let told = lines.all.withLock { $0.filter { $0.contains("no file matches yet") } }
        #expect(told.count == 1 && told[0].contains("nothing-*.log"), "\(told)")
    }
}
