import AgentDelivery
import AgentPipeline
import AgentRuntime
import Diagnostics
import LogModel
import SystemIO
import TestSupport
import Testing

struct StateDirectoryTests {
    private let log = DiagnosticLog(program: "t", sink: { _ in })

    private func open(_ place: TemporaryDirectory) throws -> StateDirectory {
        try StateDirectory("\(place.path)/state", spool: SpoolOptions(limitBytes: 64 << 20), log: log)
    }

    private func put(_ state: StateDirectory, offset: Int) throws {
        let assembler = BatchAssembler(host: "h", cutter: LineCutter(maxLineBytes: 100))
        var source = SourceState(id: 4, path: "/x.log", device: 1, inode: 2)
        _ = Array("line\n".utf8).withUnsafeBytes {
            assembler.take(
                $0, of: &source, profile: SourceProfile(), ending: .final, arrival: Timestamp(nanoseconds: 1))
        }
        source.offset = offset
        assembler.note(source, from: 0)
        let batch = try #require(assembler.finish())
        _ = try SpoolWriter(state.spool).append(batch, agent: state.agent, epoch: state.epoch, now: 1)
    }

    @Test func nameAndEpochStay() throws {
        let place = try TemporaryDirectory()
        let (agent, epoch) = try {
            let state = try open(place); return (state.agent, state.epoch)
        }()
        #expect(agent.utf8.count <= 64 && !agent.isEmpty)
        let again = try open(place)
        #expect(again.agent == agent)
        #expect(again.epoch == epoch)
    }

    @Test func twoAgentsDoNotShareIt() throws {
        let place = try TemporaryDirectory()
        let first = try open(place)
        let error = #expect(throws: AgentError.self) { try open(place) }
        #expect(error?.description.contains("another agent uses the state directory") == true)
        withExtendedLifetime(first) {}
    }

    @Test func readingGoesOnBehindWhatIsInTheSpool() throws {
        let place = try TemporaryDirectory()
        do {
            let state = try open(place)
            try put(state, offset: 50)
        }
        let state = try open(place)
        #expect(state.sources.map(\.offset) == [50])
        #expect(state.registry.content.sources.isEmpty)
        #expect(state.registry.content.nextSource == 5)
    }

    /// A deleted file that was read to its end, before the collector has what it said: it is not missed at the next start.
    @Test func whatWasForgottenDoesNotComeBackFromTheSpool() throws {
        let place = try TemporaryDirectory()
        do {
            let state = try open(place)
            try put(state, offset: 50)
            state.registry.forget(4, through: state.spool.lastEntry)
            try state.registry.save()
        }
        for _ in 0..<2 {
            let state = try open(place)
            #expect(state.sources.isEmpty)
            #expect(state.registry.content.nextSource == 5)
        }
    }

    @Test func aLostSpoolBeginsANewEpoch() throws {
        let place = try TemporaryDirectory()
        let epoch = try {
            let state = try open(place)
            try put(state, offset: 50)
            state.registry.move { ($0.ledger, $0.lanes) = (1, [0, 1, 0, 0]) }
            try state.registry.save()
            return state.epoch
        }()
        try FileSystem.removeTree("\(place.path)/state/spool")
        let state = try open(place)
        #expect(state.epoch > epoch)
    }

    @Test func aTornSpoolBeginsANewEpoch() throws {
        let place = try TemporaryDirectory()
        let epoch = try {
            let state = try open(place)
            try put(state, offset: 50)
            return state.epoch
        }()
        let folder = "\(place.path)/state/spool/info"
        let name = try #require(try FileSystem.list(folder).first { $0.hasSuffix(".journal") })
        let file = try OpenFile("\(folder)/\(name)", .readWrite)
        try file.truncate(to: try file.status().size - 1)
        #expect(try open(place).epoch > epoch)
    }

    @Test func aCopyOfAStateDirectoryIsAnotherAgent() throws {
        let place = try TemporaryDirectory()
        let agent = try open(place).agent
        try FileSystem.createDirectory("\(place.path)/copy")
        for name in ["registry.a", "registry.b"] where FileSystem.exists("\(place.path)/state/\(name)") {
            let bytes = try FileSystem.contents("\(place.path)/state/\(name)", limit: 1 << 20)
            try FileSystem.writeAtomically("\(place.path)/copy/\(name)", bytes)
        }
        let copy = try StateDirectory("\(place.path)/copy", spool: SpoolOptions(limitBytes: 64 << 20), log: log)
        #expect(copy.agent != agent)
    }

    @Test func aDamagedRegistryIsKeptAsideAndTheAgentStarts() throws {
        let place = try TemporaryDirectory()
        let agent = try open(place).agent
        for name in ["registry.a", "registry.b"] {
            try FileSystem.writeAtomically("\(place.path)/state/\(name)", Array("garbage".utf8))
        }
        let state = try open(place)
        #expect(state.agent != agent)
        #expect(FileSystem.exists("\(place.path)/state/registry.a.damaged"))
    }
}
