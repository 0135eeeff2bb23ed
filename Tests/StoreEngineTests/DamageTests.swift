import LogModel
import StoreEngine
import StoreFormat
import SystemIO
import TestSupport
import Testing
import Workers

@Suite struct DamageTests {
    private func filled() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let store = try open(folder.options())
        for position in UInt64(1)...3 {
            store.add(position, rows: 20)
            try store.flush()
        }
        store.close()
        return folder
    }

    enum Damage: CaseIterable { case footer, cut, emptied, version }

    @Test(arguments: Damage.allCases)
    func aDamagedSegmentIsSetAsideAndTheRestIsServed(damage: Damage) throws {
        let folder = try filled()
        let name = folder.segments[1]
        let path = folder.path + "/" + name
        do {
            let file = try OpenFile(path, .readWrite)
            let size = try file.status().size
            switch damage {
            case .footer:
                let old = try file.bytes(at: size - 40, count: 1)
                try file.write([old[0] ^ 0x10], at: size - 40)
            case .cut: try file.truncate(to: size - 9)
            case .emptied: try file.truncate(to: 0)
            case .version: try file.write([0x7F], at: size - 1)
            }
        }
        let reports = Reports()
        let store = try open(folder.options(), reports)
        #expect(try store.content() == expected([(1, 20), (3, 20)]))
        #expect(store.statistics.counters.quarantined == 1 && store.snapshot().quarantined == 1)
        #expect(try FileSystem.list(folder.path + "/quarantine") == [name])
        #expect(reports.all.count == 1 && reports.all[0].contains(name) && reports.all[0].contains("quarantine"))
        #expect(!store.isStored(position: 2))
        // The journal may still have the events.
        store.add(2, rows: 20, isReplay: true)
        store.finishReplay()
        try store.flush()
        #expect(try store.content() == expected([(1, 20), (2, 20), (3, 20)]))
        store.close()
        let again = try open(folder.options())
        #expect(try again.content() == expected([(1, 20), (2, 20), (3, 20)]))
        again.close()
    }

    @Test func damageInsideIsMetWhenItIsRead() throws {
        let folder = try filled()
        do {
            let file = try OpenFile(folder.path + "/" + folder.segments[1], .readWrite)
            let old = try file.bytes(at: 20, count: 1)
            try file.write([old[0] ^ 0x10], at: 20)
        }
        let store = try open(folder.options())
        #expect(throws: StoreFormatError.self) { try store.content() }
        store.close()
    }

    @Test func anUnfinishedSegmentIsRemovedAndStrangersStay() throws {
        let folder = try filled()
        try FileSystem.writeAtomically(folder.path + "/00000000000009-00000000000009.segment.tmpx", [1])
        try FileSystem.rename(
            folder.path + "/00000000000009-00000000000009.segment.tmpx",
            to: folder.path + "/00000000000009-00000000000009.segment.tmp")
        try FileSystem.writeAtomically(folder.path + "/notes", [1])
        let reports = Reports()
        let store = try open(folder.options(), reports)
        #expect(try FileSystem.list(folder.path) == folder.segments + ["notes"])
        #expect(reports.all.isEmpty && store.statistics.counters.quarantined == 0)
        store.close()
    }

    @Test(arguments: [
        (IOError.Operation.open, Int32(24), true), (.open, 5, false), (.read, 28, false), (.read, 5, true),
    ])
    func aSegmentThatCannotBeReadStaysAndIsTriedAgain(
        operation: IOError.Operation, code: Int32, withCatalog: Bool
    ) throws {
        let folder = try filled()
        let path = folder.path + "/" + folder.segments[1]
        if !withCatalog { try FileSystem.remove(folder.options().catalog) }
        let token = SystemFaults.add(.init(operation, path: path, code: code, times: .max))
        let reports = Reports()
        let store = try open(folder.options(), reports)
        // It speaks for its positions: the journal need not replay them.
        #expect(store.isStored(position: 2) && store.statistics.counters.quarantined == 0)
        #expect(store.statistics.unreadableSegments == 1 && store.statistics.counters.lostSegments == 0)
        #expect(store.statistics.rows == (withCatalog ? 60 : 40))
        #expect(try store.content() == expected([(1, 20), (3, 20)]))
        let gaps = store.snapshot().gaps
        #expect(gaps.count == 1 && gaps[0].contains(folder.segments[1]))
        #expect(folder.segments.count == 3)
        SystemFaults.remove(token)
        #expect(try store.content().count == 60 && store.snapshot().gaps.isEmpty)
        try eventually("all segments are read again") {
            store.statistics.unreadableSegments == 0 && store.statistics.rows == 60
        }
        store.close()
        #expect(reports.all.contains { $0.contains("can be opened again") })
        let again = try open(folder.options())
        #expect(try again.content().count == 60 && again.statistics.unreadableSegments == 0)
        again.close()
    }

    @Test(arguments: [
        (IOError.Operation.write, Int32(28)), (.sync, 5), (.rename, 28), (.open, 28), (.write, 5), (.read, 5),
    ])
    func aFailedFlushKeepsTheEventsAndALaterOneWritesThemOnce(operation: IOError.Operation, code: Int32) throws {
        let folder = try TemporaryFolder()
        let reports = Reports()
        let store = try open(folder.options(), reports)
        store.finishReplay()
        store.add(1, rows: 30)
        store.add(2, rows: 30)
        let token = SystemFaults.add(.init(operation, path: folder.path, code: code, tornBytes: 100, times: .max))
        #expect(throws: StoreError.self) { try store.flush() }
        store.add(3, rows: 5)
        let wanted = expected([(1, 30), (2, 30), (3, 5)])
        #expect(try store.content() == wanted)
        #expect(store.load == .critical && store.flushedPosition == 0)
        #expect(store.statistics.counters.failedFlushes >= 1)
        #expect(throws: StoreError.self) { try store.flush() }
        #expect(reports.all.contains { $0.contains("cannot be written") && $0.contains(folder.path) })
        SystemFaults.remove(token)
        try store.flush()
        #expect(store.load == .normal && store.flushedPosition == 3)
        #expect(try store.content() == wanted)
        store.close()
        #expect(try FileSystem.list(folder.path).allSatisfy { $0.hasSuffix(".segment") })
        let again = try open(folder.options())
        #expect(try again.content() == wanted)
        again.close()
    }

    @Test func aDirectoryThatCannotBeSyncedDuplicatesNothing() throws {
        let folder = try TemporaryFolder()
        let store = try open(folder.options())
        store.finishReplay()
        store.add(1, rows: 30)
        // The first sync is of the file, the second of the directory, when the segment has its name already.
        let token = SystemFaults.add(.init(.sync, path: folder.path, after: 1, code: 5))
        #expect(throws: StoreError.self) { try store.flush() }
        SystemFaults.remove(token)
        #expect(store.flushedPosition == 0)
        try store.flush()
        #expect(folder.segments.count == 1)
        #expect(try store.content() == expected([(1, 30)]))
        store.close()
    }

    @Test func aFullStoreSaysSoAndMakesReplayWait() throws {
        let folder = try TemporaryFolder()
        let store = try open(folder.options(headBytes: 10_000, waitingHeads: 2))
        let token = SystemFaults.add(.init(.write, path: folder.path, code: 28, times: .max))
        store.add(1, padding: 20_000, isReplay: true)
        try eventually("the store is full") { store.load == .critical }
        store.add(2, padding: 20_000, isReplay: true)
        #expect(store.load == .critical)
        SystemFaults.remove(token)
        #expect(throws: Never.self) { try store.flush() }
        store.waitForRoom()
        #expect(store.load == .normal)
        #expect(try store.content() == expected([(1, 1), (2, 1)], padding: 20_000))
        store.close()
    }

    @Test func closingDoesNotWaitForAFlushThatFails() throws {
        let folder = try TemporaryFolder()
        let store = try open(folder.options())
        let token = SystemFaults.add(.init(.sync, path: folder.path, code: 5, times: .max))
        store.add(1)
        #expect(throws: StoreError.self) { try store.flush() }
        let closed = Reports()
        let thread = try DedicatedThread(name: "close") {
            store.close()
            closed.add("closed")
        }
        try eventually("the store is closed") { !closed.all.isEmpty }
        thread.join()
        SystemFaults.remove(token)
        #expect(try store.content() == expected([(1, 1)]))
    }
}
