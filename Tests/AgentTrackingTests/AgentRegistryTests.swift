import AgentTracking
import Synchronization
import SystemIO
import TestSupport
import Testing

struct AgentRegistryTests {
    /// A clock that is set by hand.
    private final class Clock: Sendable {
        let now = Atomic<Int64>(1_000_000_000_000)
        func pass(_ seconds: Int64) { now.add(seconds * 1_000_000_000, ordering: .relaxed) }
    }

    private func open(
        _ directory: TemporaryDirectory, _ clock: Clock, report: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> AgentRegistry {
        try AgentRegistry(
            directory.path + "/agents.json", clock: { clock.now.load(ordering: .relaxed) }, report: report)
    }

    @Test func whatIsKnownIsKeptAcrossRestarts() throws {
        let directory = try TemporaryDirectory()
        let clock = Clock()
        let drop = DropReport(number: 3, events: 2, level: "", reason: "rejected", times: 10...20)
        do {
            let registry = try open(directory, clock)
            registry.contact("a", epoch: 1, newest: 5)
            #expect(try registry.take(Heartbeat(agent: "b", epoch: 1, drops: [drop])) == 3)
            // What was acknowledged is on the disk, whatever happens now.
            let copy = try open(directory, clock)
            #expect(copy.book == registry.book)
            copy.stop()
            registry.contact("c", epoch: 1, newest: nil)
            registry.stop()
        }
        clock.pass(91)
        let registry = try open(directory, clock)
        #expect(registry.book.agents.keys.sorted() == ["a", "b", "c"])
        let missing = registry.missing(within: 0...Int64.max)
        #expect(missing.late.map(\.name) == ["a", "b", "c"] && missing.gaps.map(\.id) == ["g1"])
        #expect(try registry.take(Heartbeat(agent: "b", epoch: 1, drops: [drop])) == 3)
        #expect(registry.book.gaps.count == 1)
        #expect(registry.remove("a"))
        clock.pass(86_400)
        #expect(registry.book.agents.keys.sorted() == ["b"])
        registry.stop()
    }

    @Test func aDamagedFileIsSetAsideAndTold() throws {
        let directory = try TemporaryDirectory()
        let told = Mutex<[String]>([])
        try FileSystem.writeAtomically(directory.path + "/agents.json", Array("{\"version\":1".utf8))
        let registry = try AgentRegistry(directory.path + "/agents.json") { text in
            told.withLock { $0.append(text) }
        }
        #expect(registry.book.agents.isEmpty && told.withLock { $0.count } == 1)
        #expect(FileSystem.exists(directory.path + "/agents.json.damaged"))
        registry.stop()
    }

    @Test func aFileThatCannotBeReadIsNoReasonNotToStart() throws {
        let directory = try TemporaryDirectory()
        let told = Mutex<[String]>([])
        try FileSystem.createDirectory(directory.path + "/agents.json/inside")
        let registry = try AgentRegistry(directory.path + "/agents.json") { text in
            told.withLock { $0.append(text) }
        }
        registry.contact("a", epoch: 1, newest: nil)
        try registry.save()
        #expect(registry.book.agents.keys.sorted() == ["a"] && told.withLock { $0.count } == 1)
        registry.stop()
    }
}
