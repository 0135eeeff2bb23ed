import SystemIO
import Synchronization
import TestSupport
import Testing
import Workers

@testable import AgentChecks

@Suite(.timeLimit(.minutes(15)))
struct CheckRunnerTests {
    private final class Told: Sendable {
        let events = Mutex<[HealthEvent]>([])
        func add(_ event: HealthEvent) { events.withLock { $0.append(event) } }
        func of(_ service: String) -> [HealthEvent] { events.withLock { $0.filter { $0.check.service == service } } }
    }

    private func check(_ service: String, _ script: String) -> Check {
        var check = Check(service: service, .command(["sh", "-c", script]))
        check.interval = .milliseconds(50)
        return check
    }

    @Test func eachIsLookedAtAgainAndAgainAndKnowsWhatItNeeds() throws {
        var shop = check("shop", "exit 0")
        shop.dependencies = ["db", "elsewhere"]
        let told = Told()
        let runner = try CheckRunner([shop, check("db", "echo down; exit 2")], userAgent: "test") { told.add($0) }
        try eventually("the shop knows of its database") {
            told.of("shop").last?.dependencies == [.init("db", .unhealthy), .init("elsewhere", .unknown)]
        }
        try eventually("several looks") { told.of("db").count >= 3 }
        #expect(runner.states.map(\.status) == [.healthy, .unhealthy])
        runner.stop()
        let db = told.of("db")
        #expect(db.allSatisfy { $0.reading.reason == "down" && $0.reading.status == .unhealthy })
        #expect(Set(db.map(\.state.since)).count == 1)
        #expect(db.map(\.state.failures) == Array(1...db.count))
    }

    /// More checks that hang than there are threads: the rest waits for their time limits, and a stop for nothing.
    @Test func aStopEndsWhatIsWaitedFor() throws {
        let directory = try TemporaryDirectory()
        let checks = (0..<CheckRunner.threads).map { number in
            var check = check("s\(number)", "touch \(directory.path)/\(number); sleep 600")
            check.timeout = .seconds(600)
            return check
        }
        let told = Told()
        let runner = try CheckRunner(checks, userAgent: "test") { told.add($0) }
        try eventually("all hang") { (try? FileSystem.list(directory.path).count) == CheckRunner.threads }
        runner.stop()
        #expect(told.events.withLock { $0.isEmpty })
    }

    /// Such as one of a file system on a server that is gone.
    @Test func aStopDoesNotWaitForALookThatCannotBeCutShort() throws {
        let gate = Monitor((hasBegun: false, isOpen: false, hasEnded: false))
        let told = Told()
        let runner = try CheckRunner([check("a", "")], userAgent: "test") { _, _, _, _ in
            gate.withLock { $0.hasBegun = true }
            gate.broadcast()
            _ = gate.wait { $0.isOpen ? true : nil }
            gate.withLock { $0.hasEnded = true }
            return Reading(.healthy)
        } tell: {
            told.add($0)
        }
        _ = gate.wait { $0.hasBegun ? true : nil }
        runner.stop()
        #expect(gate.withLock { !$0.hasEnded })
        gate.withLock { $0.isOpen = true }
        gate.broadcast()
        try eventually("the look has ended") { gate.withLock { $0.hasEnded } }
        #expect(told.events.withLock { $0.isEmpty })
    }
}
