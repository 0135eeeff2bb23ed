import GRDB
import SegmentCatalog
import SystemIO
import TestSupport
import Testing

@Suite struct CatalogDamageTests {
    private func filled() throws -> CatalogFolder {
        let folder = try CatalogFolder()
        try folder.open().catalog.apply((1...200).map { .insert(record($0)) })
        return folder
    }

    enum Damage: CaseIterable { case noDatabase, cut, cutInAPage, page, state, swappedBounds }

    @Test(arguments: Damage.allCases)
    func aBadCatalogIsSetAsideAndAnEmptyOneTakesItsPlace(damage: Damage) throws {
        let folder = try filled()
        let size = try #require(try FileSystem.status(folder.file)).size
        switch damage {
        case .noDatabase: try folder.overwrite(at: 0, Array("this is no database at all".utf8))
        case .cut: try OpenFile(folder.file, .readWrite).truncate(to: size - 8_192)
        case .cutInAPage: try OpenFile(folder.file, .readWrite).truncate(to: 5_000)
        case .page: try folder.overwrite(at: size - 4_096, [UInt8](repeating: 0xA5, count: 4_096))
        case .state: try execute(folder, "UPDATE segment SET state = 'somehow' WHERE generation = 0")
        case .swappedBounds: try execute(folder, "UPDATE segment SET first_time = last_time + 1")
        }
        let opened = try folder.open()
        #expect(opened.records.isEmpty)
        let aside = try #require(opened.setAside)
        #expect(aside.path == folder.quarantine + "/catalog.db.1" && FileSystem.exists(aside.path))
        guard case .damaged = aside.reason else {
            Issue.record("\(aside.reason)")
            return
        }
        try opened.catalog.apply([.insert(record(7))])
        #expect(try folder.open().records == [record(7)])
    }

    @Test func anEmptyFileIsAnEmptyCatalog() throws {
        let folder = try filled()
        try OpenFile(folder.file, .readWrite).truncate(to: 0)
        let opened = try folder.open()
        #expect(opened.records.isEmpty && opened.setAside == nil)
    }

    @Test func aMissingFileIsMade() throws {
        let folder = try filled()
        try FileSystem.remove(folder.file)
        let opened = try folder.open()
        #expect(opened.records.isEmpty && opened.setAside == nil)
        #expect(FileSystem.exists(folder.file))
    }

    @Test func theDatabaseOfAnotherProgramIsSetAsideWhole() throws {
        let folder = try CatalogFolder()
        try execute(folder, "CREATE TABLE recipe (title TEXT); INSERT INTO recipe VALUES ('soup')")
        let aside = try #require(try folder.open().setAside)
        guard case .foreign = aside.reason else {
            Issue.record("\(aside.reason)")
            return
        }
        let kept = try DatabaseQueue(path: aside.path)
        #expect(try kept.read { try String.fetchOne($0, sql: "SELECT title FROM recipe") } == "soup")
    }

    @Test func theCatalogOfANewerVersionIsSetAside() throws {
        let folder = try filled()
        try execute(folder, "INSERT INTO grdb_migrations VALUES ('99 things to come')")
        let opened = try folder.open()
        #expect(opened.setAside?.reason.description.contains("newer version") == true && opened.records.isEmpty)
    }

    @Test func aCatalogWithoutItsTableIsSetAside() throws {
        let folder = try filled()
        try execute(folder, "DROP TABLE segment")
        #expect(try folder.open().setAside != nil)
        try execute(folder, "DROP TABLE grdb_migrations")
        #expect(try folder.open().setAside != nil)
        #expect(folder.setAside.contains("catalog.db.1") && folder.setAside.contains("catalog.db.2"))
    }

    @Test func nothingIsSetAsideWhenTheDiskIsFullOrTheFileMayNotBeOpened() throws {
        let folder = try filled()
        for code in [Int32(28), 13, 24] {
            let token = SystemFaults.add(.init(.open, path: folder.file, code: code))
            #expect(throws: CatalogError.self) { try folder.open() }
            SystemFaults.remove(token)
        }
        #expect(folder.setAside.isEmpty)
        #expect(try folder.open().records.count == 200)
    }

    @Test func aPathThatIsADirectoryIsAnErrorOfItsOwn() throws {
        let folder = try CatalogFolder()
        try FileSystem.createDirectory(folder.file)
        let error = #expect(throws: CatalogError.self) { try folder.open() }
        #expect(error?.description.contains(folder.file) == true)
        #expect(folder.setAside.isEmpty)
    }

    @Test func damageThatComesWhileTheCatalogIsOpenIsFoundByACheck() throws {
        let folder = try filled()
        let catalog = try folder.open().catalog
        try catalog.verify()
        try execute(folder, "UPDATE segment SET tier = 'lukewarm' WHERE first_position = 100")
        let error = #expect(throws: CatalogError.self) { try catalog.verify() }
        guard case .damaged = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    /// A seeded run over every kind of damage of the file's bytes: opening never fails, and what it says is sound.
    @Test func anyDamageLeavesACatalogThatOpens() throws {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        func next(_ limit: Int) -> Int { random.below(limit) }
        let folder = try filled()
        let bytes = try FileSystem.contents(folder.file, limit: 1 << 20)
        let known = (1...200).map { record($0) }
        for _ in 0..<60 {
            var damaged = bytes
            switch next(3) {
            case 0: damaged.removeLast(next(damaged.count))
            case 1: for _ in 0...next(4) { damaged[next(damaged.count)] ^= UInt8(1 << next(8)) }
            default:
                let start = next(damaged.count - 600)
                for index in start..<(start + next(600)) { damaged[index] = UInt8(next(256)) }
            }
            try FileSystem.writeAtomically(folder.file, damaged)
            let opened = try folder.open()
            #expect(opened.records.count <= known.count, "seed \(seed)")
            try opened.catalog.apply([.insert(record(9_999))])
            #expect(try opened.catalog.records().last == record(9_999), "seed \(seed)")
        }
    }

    private func execute(_ folder: CatalogFolder, _ sql: String) throws {
        try DatabaseQueue(path: folder.file).writeWithoutTransaction { try $0.execute(sql: sql) }
    }
}
