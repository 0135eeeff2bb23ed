import AgentDelivery
import AgentPipeline
import SystemIO
import Testing

struct RegistryTests {
    private func source(_ id: UInt64, offset: Int, inode: UInt64 = 5) -> SourceState {
        var state = SourceState(id: id, path: "/var/log/ä \(id).log", device: 1, inode: inode)
        state.offset = offset
        state.prefixLength = min(offset, 1024)
        state.prefixHash = .max - id
        state.parts = 3
        return state
    }

    private func content() -> RegistryContent { RegistryContent(agent: "host-1", epoch: 9, fingerprint: 77) }

    private func load(_ place: Workplace) throws -> (content: RegistryContent, generation: UInt64, damage: String?) {
        guard case .content(let content, let generation, let damage) = try Registry.load(place.path) else {
            throw AgentDeliveryTestError.nothingLoaded
        }
        return (content, generation, damage)
    }

    enum AgentDeliveryTestError: Error { case nothingLoaded }

    @Test func whatWasSavedIsLoaded() throws {
        let place = try Workplace()
        let registry = Registry(place.path, content(), generation: 0)
        registry.acknowledge([SourceProgress(from: 0, state: source(1, offset: 2000))])
        var journal = source(8, offset: 20)
        (journal.path, journal.cursor) = ("journal", "s=1;i=2")
        registry.acknowledge([SourceProgress(from: 0, state: journal)])
        registry.move { cursors in
            cursors.lanes = [1, 2, 3, 4]
            (cursors.old, cursors.ledger, cursors.reported) = (5, 6, 7)
        }
        try registry.save()
        let loaded = try load(place)
        #expect(loaded.content == registry.content)
        #expect(loaded.content.cursors.lanes == [1, 2, 3, 4] && loaded.content.cursors.reported == 7)
        #expect(loaded.content.nextSource == 9)
        #expect(loaded.content.sources == [source(1, offset: 2000), journal])
        #expect(loaded.content.sources.map(\.isFile) == [true, false])
        #expect(loaded.damage == nil)
    }

    @Test func eachDamageOfTheNewerFileLeavesTheOlder() throws {
        let place = try Workplace()
        let registry = Registry(place.path, content(), generation: 0)
        registry.move { $0.ledger = 1 }
        registry.acknowledge([SourceProgress(from: 0, state: source(1, offset: 100))])
        try registry.save()
        #expect(registry.cursorsForGood.ledger == 0)
        registry.move { $0.ledger = 2 }
        registry.acknowledge([SourceProgress(from: 100, state: source(1, offset: 200))])
        try registry.save()
        #expect(registry.cursorsForGood.ledger == 1)
        let newer = "\(place.path)/registry.a"
        let good = try FileSystem.contents(newer, limit: 1 << 20)
        for index in 0..<(good.count * 2) {
            // Half of them with a wrong bit, half of them cut off.
            var bad = good
            if index < good.count { bad[index] ^= 0x10 } else { bad.removeLast(index - good.count + 1) }
            try FileSystem.writeAtomically(newer, bad)
            let loaded = try load(place)
            #expect(loaded.content.cursors.ledger == 1, "byte \(index)")
            #expect(loaded.damage != nil)
        }
        try FileSystem.writeAtomically(newer, good)
        #expect(try load(place).content.cursors.ledger == 2)
    }

    @Test(arguments: [IOError.Operation.open, .read])
    func aFileThatTheDiskDoesNotGiveLeavesTheOther(_ operation: IOError.Operation) throws {
        let place = try Workplace()
        let registry = Registry(place.path, content(), generation: 0)
        for ledger in [1, 2] as [UInt64] {
            registry.move { $0.ledger = ledger }
            try registry.save()
        }
        func fault(_ name: String) -> Int {
            SystemFaults.add(.init(operation, path: "\(place.path)/registry.\(name)", code: 5, times: .max))
        }
        let newer = fault("a")
        defer { SystemFaults.remove(newer) }
        let loaded = try load(place)
        #expect(loaded.content.cursors.ledger == 1 && loaded.damage?.contains("registry.a") == true)
        // Without any, nobody knows what the next moment brings: nothing is begun anew.
        let older = fault("b")
        defer { SystemFaults.remove(older) }
        #expect(throws: IOError.self) { try Registry.load(place.path) }
    }

    @Test func theOlderFileCatchesUpWithoutAnythingNew() throws {
        let place = try Workplace()
        let registry = Registry(place.path, content(), generation: 0)
        registry.move { $0.ledger = 5 }
        try registry.save()
        try registry.save()
        #expect(registry.cursorsForGood.ledger == 5)
        // And then there is nothing more to write.
        let fault = SystemFaults.add(.init(.rename, path: place.path, code: 28, times: .max))
        defer { SystemFaults.remove(fault) }
        try registry.save()
    }

    @Test func nothingAndNothingGoodAreToldApart() throws {
        let place = try Workplace()
        guard case .none = try Registry.load(place.path) else {
            Issue.record("something was found")
            return
        }
        try FileSystem.writeAtomically("\(place.path)/registry.a", [1, 2, 3])
        guard case .damaged = try Registry.load(place.path) else {
            Issue.record("damage was not noticed")
            return
        }
    }

    @Test func aFailedSaveIsTriedAgain() throws {
        let place = try Workplace()
        let registry = Registry(place.path, content(), generation: 0)
        registry.move { $0.ledger = 1 }
        let fault = SystemFaults.add(.init(.rename, path: place.path, code: 28))
        #expect(throws: IOError.self) { try registry.save() }
        SystemFaults.remove(fault)
        try registry.save()
        #expect(try load(place).content.cursors.ledger == 1)
    }

    @Test func aDiskWithoutRoomTakesTheRegistryInPlace() throws {
        let place = try Workplace()
        let registry = Registry(place.path, content(), generation: 0)
        for offset in [10, 20] {
            registry.acknowledge([SourceProgress(from: 0, state: source(1, offset: offset))])
            try registry.save()
        }
        let faults = ["a", "b"].map {
            SystemFaults.add(.init(.write, path: "\(place.path)/registry.\($0).tmp", code: 28))
        }
        defer { for fault in faults { SystemFaults.remove(fault) } }
        registry.acknowledge([SourceProgress(from: 20, state: source(1, offset: 30))])
        try registry.save()
        let loaded = try load(place)
        #expect(loaded.content.sources == [source(1, offset: 30)] && loaded.generation == 3 && loaded.damage == nil)
    }

    @Test func acknowledgementsFromBeforeAMoveKeepTheNewInode() throws {
        let place = try Workplace()
        let registry = Registry(place.path, content(), generation: 0)
        registry.move { $0.ledger = 1 }
        registry.acknowledge([SourceProgress(from: 0, state: source(1, offset: 10))])
        registry.relocate(source(1, offset: 30, inode: 99))
        #expect(registry.content.sources.map(\.inode) == [99])
        #expect(registry.content.sources.map(\.offset) == [10])
        registry.move { $0.ledger = 2 }
        registry.acknowledge([SourceProgress(from: 10, state: source(1, offset: 30))])
        #expect(registry.content.sources.map(\.inode) == [99])
        #expect(registry.content.sources.map(\.offset) == [30])
        registry.move { $0.ledger = 3 }
        registry.acknowledge([SourceProgress(from: 30, state: source(1, offset: 40, inode: 99))])
        #expect(registry.content.sources.map(\.offset) == [40])
    }

    @Test func forgottenFilesStayForgotten() throws {
        let place = try Workplace()
        let registry = Registry(place.path, content(), generation: 0)
        for id in UInt64(1)...3 { registry.acknowledge([SourceProgress(from: 0, state: source(id, offset: 5))]) }
        registry.forget(1, through: 4)
        registry.move { $0.ledger = 4 }
        registry.acknowledge([SourceProgress(from: 5, state: source(1, offset: 9))])
        registry.move { $0.ledger = 5 }
        registry.acknowledge([SourceProgress(from: 5, state: source(3, offset: 9))])
        #expect(registry.content.sources.sorted { $0.id < $1.id } == [source(2, offset: 5), source(3, offset: 9)])
    }

    @Test func forgottenFilesAreRememberedAsSuchUntilTheLedgerSpeaksOfThemNoMore() throws {
        let place = try Workplace()
        let registry = Registry(place.path, content(), generation: 0)
        registry.forget(1, through: 4)
        registry.forget(2, through: 5)
        registry.move { $0.ledger = 4 }
        try registry.save()
        guard case .content(let saved, let generation, _) = try Registry.load(place.path) else {
            Issue.record("the registry was not saved")
            return
        }
        #expect(saved.forgotten == [2: 5])
        let next = Registry(place.path, saved, generation: generation)
        next.acknowledge([SourceProgress(from: 0, state: source(2, offset: 5))])
        #expect(next.content.sources.isEmpty)
        next.move { $0.ledger = 5 }
        try next.save()
        #expect(next.content.forgotten.isEmpty)
    }
}
