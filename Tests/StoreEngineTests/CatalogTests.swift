import Glibc
import SegmentCatalog
import StoreEngine
import StoreFormat
import SystemIO
import TestSupport
import Testing

/// What a store does with its catalog, and without it.
@Suite struct CatalogTests {
    private let wanted = expected([(1, 20), (2, 20), (3, 20)])

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

    private func records(_ folder: TemporaryFolder) throws -> [SegmentRecord] {
        let opened = try SegmentCatalog.open(folder.catalog, quarantine: folder.base + "/quarantine")
        #expect(opened.setAside == nil)
        return opened.records
    }

    @Test func aFlushedSegmentIsInTheCatalog() throws {
        let folder = try filled()
        let records = try records(folder)
        #expect(records.map(\.name) == folder.segments)
        #expect(records.map(\.positions) == [1...1, 2...2, 3...3])
        let first = records[0]
        #expect(first.state == .live && first.tier == .hot && first.level == 0 && first.generation == 0)
        #expect(first.rows == 20 && first.timeBounds == 1_000...1_019 && first.ingestBounds == 1...1)
        #expect(try FileSystem.status(folder.path + "/" + first.name)?.size == Int(first.bytes))
    }

    enum Loss: CaseIterable { case missing, emptied, noDatabase, directory, empty }

    @Test(arguments: Loss.allCases)
    func aLostCatalogIsMadeAgainFromTheSegments(loss: Loss) throws {
        let folder = try filled()
        let before = try records(folder)
        switch loss {
        case .missing: try FileSystem.remove(folder.catalog)
        case .emptied: try OpenFile(folder.catalog, .readWrite).truncate(to: 0)
        case .noDatabase: try FileSystem.writeAtomically(folder.catalog, [UInt8](repeating: 0x6C, count: 9_000))
        case .empty:
            try SegmentCatalog.open(folder.catalog, quarantine: folder.base + "/quarantine").catalog.replaceAll([])
        case .directory:
            try FileSystem.remove(folder.catalog)
            try FileSystem.createDirectory(folder.catalog)
        }
        let reports = Reports()
        let store = try open(folder.options(), reports)
        #expect(try store.content() == wanted)
        #expect(store.statistics.catalogIsBehind == (loss == .directory))
        #expect(reports.all.count == (loss == .noDatabase || loss == .directory ? 1 : 0), "\(reports.all)")
        store.finishReplay()
        store.add(4, rows: 1)
        try store.flush()
        store.close()
        if loss == .directory {
            try FileSystem.removeTree(folder.catalog)
            let again = try open(folder.options())
            #expect(try again.content() == expected([(1, 20), (2, 20), (3, 20), (4, 1)]))
            again.close()
        }
        let after = try records(folder)
        #expect(after.map(\.name) == folder.segments && after.count == 4)
        for (old, new) in zip(before, after) {
            var new = new
            new.createdAt = old.createdAt
            #expect(old == new)
        }
    }

    @Test func aMissingSegmentIsReportedWithItsTimesAndItsEvents() throws {
        let folder = try filled()
        let name = folder.segments[1]
        try FileSystem.remove(folder.path + "/" + name)
        let reports = Reports()
        let store = try open(folder.options(), reports)
        #expect(store.statistics.counters.lostSegments == 1 && store.statistics.counters.lostRows == 20)
        #expect(reports.all.count == 1)
        for part in [name, "is gone", "20 events from 1970-01-01T00:00:00.000002", "to 1970-01-01T00:00:00.000002019"] {
            #expect(reports.all[0].contains(part), "\(reports.all[0])")
        }
        #expect(try store.content() == expected([(1, 20), (3, 20)]))
        store.close()
        // Once is enough.
        let again = try open(folder.options(), reports)
        #expect(reports.all.count == 1)
        again.close()
    }

    @Test(arguments: [Int32(28), 5])
    func aCatalogThatCannotBeWrittenHoldsNothingUp(code: Int32) throws {
        let folder = try filled()
        let reports = Reports()
        let store = try open(folder.options(), reports)
        store.finishReplay()
        let token = SystemFaults.add(.init(.write, path: folder.catalog, code: code, times: .max))
        store.add(4)
        try store.flush()
        store.add(5)
        try store.flush()
        #expect(store.flushedPosition == 5 && store.statistics.catalogIsBehind)
        #expect(reports.all.count == 1 && reports.all[0].contains("catalog"), "\(reports.all)")
        #expect(try records(folder).count == 3)
        SystemFaults.remove(token)
        store.add(6)
        try store.flush()
        #expect(!store.statistics.catalogIsBehind)
        #expect(try records(folder).map(\.name) == folder.segments)
        store.close()
    }

    @Test func aFullDiskStillOpensAllSegments() throws {
        let folder = try filled()
        try FileSystem.remove(folder.catalog)
        let reports = Reports()
        let tokens = [IOError.Operation.open, .write].map {
            SystemFaults.add(.init($0, path: folder.catalog, code: 28, times: .max))
        }
        let store = try open(folder.options(), reports)
        #expect(try store.content() == wanted)
        #expect(store.statistics.catalogIsBehind && reports.all.count == 1)
        for token in tokens { SystemFaults.remove(token) }
        try eventually("the catalog is written again") { !store.statistics.catalogIsBehind }
        #expect(try records(folder).count == 3)
        store.close()
    }

    @Test func damageMetByAQueryIsSetAsideAndTheRestIsAnswered() throws {
        let folder = try filled()
        let reports = Reports()
        var options = folder.options()
        options.openSegmentBytes = 0
        let store = try open(options, reports)
        #expect(try store.content() == wanted)
        let name = folder.segments[1]
        do {
            let file = try OpenFile(folder.path + "/" + name, .readWrite)
            try file.truncate(to: try file.status().size - 1)
        }
        let snapshot = store.snapshot()
        #expect(snapshot.quarantined == 1)
        #expect(try lodge(snapshot) == expected([(1, 20), (3, 20)]))
        #expect(try FileSystem.list(folder.path + "/quarantine") == [name])
        #expect(reports.all.count == 1 && reports.all[0].contains("20 events from"))
        #expect(store.statistics.counters.lostRows == 20)
        store.close()
    }

    @Test func fewFilesAreOpenHoweverManySegmentsThereAre() throws {
        let folder = try TemporaryFolder()
        var options = folder.options()
        options.openFiles = 3
        options.openSegmentBytes = 4_000
        let store = try open(options)
        store.finishReplay()
        for position in UInt64(1)...40 {
            store.add(position)
            try store.flush()
        }
        #expect(try store.content() == expected((1...40).map { ($0, 1) }))
        let openFiles = try FileSystem.list("/proc/self/fd").filter {
            target("/proc/self/fd/\($0)").hasPrefix(folder.path)
        }
        #expect(openFiles.count <= 3)
        let ids = RowID.make(position: 7, row: 0)...RowID.make(position: 9, row: 5)
        #expect(store.snapshot(ids: ids).blocks.count == 3)
        #expect(store.snapshot(times: 7_000...8_999).blocks.count == 2)
        store.close()
    }

    /// Where a symbolic link leads.
    private func target(_ path: String) -> String {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let count = readlink(path, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
