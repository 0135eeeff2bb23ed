import StoreEngine
import SystemIO
import Testing

/// Merging when calls fail, the machine stops or files are damaged.
@Suite struct CompactionFaultTests {
    private let wanted = expected((1...5).map { ($0, 20) })

    struct Fault: Sendable {
        var operation: IOError.Operation
        var code: Int32
        var skip = 0
    }

    /// The calls of a merge in their order: read the inputs, write, sync, rename, sync the directory, read back.
    @Test(arguments: [
        Fault(operation: .open, code: 24), Fault(operation: .open, code: 28, skip: 5),
        Fault(operation: .write, code: 28),
        Fault(operation: .sync, code: 5), Fault(operation: .rename, code: 28),
        Fault(operation: .sync, code: 5, skip: 1),
        Fault(operation: .read, code: 24, skip: 9), Fault(operation: .open, code: 24, skip: 7),
    ])
    func aMergeThatFailsAnywhereChangesNothing(fault: Fault) throws {
        let folder = try TemporaryFolder()
        var options = folder.options()
        options.openSegmentBytes = 0
        options.openFiles = 1
        let reports = Reports()
        do {
            let store = try unmergedStore(folder)
            store.close()
        }
        let store = try open(options, reports)
        store.finishReplay()
        let token = SystemFaults.add(
            .init(fault.operation, path: folder.path, after: fault.skip, code: fault.code, times: .max))
        #expect(throws: StoreError.self) { try store.compact(asOf: late) }
        SystemFaults.remove(token)
        let said = reports.all
        #expect(said.count == 1 && ["merged", "stays where it is"].contains { said[0].contains($0) }, "\(said)")
        #expect(try store.content() == wanted)
        #expect(store.statistics.segments == 5 && store.statistics.counters.failedCompactions == 1)
        // A crash here: the output may have its name already.
        let copy = try open(options, reports)
        #expect(try copy.content() == wanted)
        copy.close()
        store.close()
        let again = try open(options)
        again.finishReplay()
        try again.compact(asOf: late)
        #expect(try again.content() == wanted && again.statistics.segments == 1)
        again.close()
        #expect(try FileSystem.list(folder.path).allSatisfy { $0.hasSuffix(".segment") })
    }

    @Test func aCrashBeforeTheCatalogIsWrittenTakesTheOutput() throws {
        let folder = try TemporaryFolder()
        do {
            let store = try unmergedStore(folder)
            let token = SystemFaults.add(.init(.write, path: folder.catalog, code: 5, times: .max))
            try store.compact(asOf: late)
            #expect(store.statistics.catalogIsBehind)
            store.close()
            SystemFaults.remove(token)
        }
        let reports = Reports()
        let store = try open(folder.options(), reports)
        #expect(reports.all.isEmpty && store.statistics.segments == 1 && store.statistics.retiredSegments == 5)
        #expect(try store.content() == wanted)
        store.close()
        // Without any catalog, too.
        try FileSystem.remove(folder.catalog)
        let again = try open(folder.options(), reports)
        #expect(reports.all.isEmpty && again.statistics.segments == 1)
        #expect(try again.content() == wanted)
        again.close()
    }

    @Test func inputsCountAgainWhenTheirOutputIsDamaged() throws {
        let folder = try TemporaryFolder()
        let output: String
        do {
            let store = try unmergedStore(folder)
            try store.compact(asOf: late)
            output = try #require(folder.segments.first { $0.contains("-000001") })
            let file = try OpenFile(folder.path + "/" + output, .readWrite)
            try file.truncate(to: try file.status().size - 3)
            store.close()
        }
        let reports = Reports()
        let store = try open(folder.options(), reports)
        #expect(try store.content() == wanted)
        #expect(store.statistics.segments == 5 && store.statistics.counters.lostRows == 0)
        #expect(reports.all.count == 1 && reports.all[0].contains("its events are in other segments"))
        // And once more while it is in use.
        store.finishReplay()
        try store.compact(asOf: late)
        store.close()
        var options = folder.options()
        options.openSegmentBytes = 0
        let again = try open(options, reports)
        do {
            let file = try OpenFile(folder.path + "/" + output, .readWrite)
            try file.truncate(to: try file.status().size - 3)
        }
        #expect(try again.content() == wanted)
        #expect(again.statistics.segments == 5 && again.statistics.counters.lostRows == 0)
        again.close()
    }

    @Test func aDamagedInputIsSetAsideAndTheOthersAreMerged() throws {
        let folder = try TemporaryFolder()
        let reports = Reports()
        do {
            let store = try unmergedStore(folder)
            store.close()
            let file = try OpenFile(folder.path + "/" + folder.segments[1], .readWrite)
            let old = try file.bytes(at: 20, count: 1)
            try file.write([old[0] ^ 1], at: 20)
        }
        let store = try open(folder.options(), reports)
        store.finishReplay()
        #expect(throws: StoreError.self) { try store.compact(asOf: late) }
        #expect(reports.all.count == 1 && reports.all[0].contains("20 events"))
        #expect(try store.compact(asOf: late) == 1)
        #expect(try store.content() == expected([(1, 20), (3, 20), (4, 20), (5, 20)]))
        #expect(store.statistics.counters.quarantined == 1 && store.statistics.counters.lostRows == 20)
        store.close()
    }
}
