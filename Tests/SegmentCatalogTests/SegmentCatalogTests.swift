import SegmentCatalog
import SystemIO
import Testing

@Suite struct SegmentCatalogTests {
    @Test func whatIsEnteredIsThereAfterOpeningAgain() throws {
        let folder = try CatalogFolder()
        var odd = record(30)
        odd.name = "it's a \"name\"; --"
        odd.timeBounds = Int64.min...Int64.max
        odd.tier = .cold
        odd.rows = .max
        odd.bytes = UInt64(Int64.max)
        let retirement = Retirement(since: -5, reason: "schlecht ☂")
        let records = [
            record(10), record(20, generation: 3, state: .superseded(retirement)), odd,
            record(40, state: .expired(retirement)),
        ]
        do {
            let opened = try folder.open()
            #expect(opened.records.isEmpty && opened.setAside == nil)
            try opened.catalog.apply(records.map { .insert($0) })
            #expect(try opened.catalog.records() == records)
        }
        let opened = try folder.open()
        #expect(opened.records == records && opened.setAside == nil)
        try opened.catalog.verify()
        #expect(folder.setAside.isEmpty)
    }

    @Test func recordsComeInTheOrderOfTheirPositions() throws {
        let catalog = try SegmentCatalog.inMemory()
        let records = [record(5), record(5, generation: 1), record(70), record(600)]
        try catalog.apply(records.reversed().map { .insert($0) })
        #expect(try catalog.records() == records)
    }

    @Test func aChangeIsMadeWholeOrNotAtAll() throws {
        let folder = try CatalogFolder()
        let catalog = try folder.open().catalog
        try catalog.apply([.insert(record(1))])
        let retirement = Retirement(since: 9, reason: "merged")
        #expect(throws: CatalogError.unknownSegment("nobody")) {
            try catalog.apply([
                .insert(record(2)), .setState(.superseded(retirement), of: record(1).name), .remove(record(1).name),
                .setTier(.warm, of: "nobody"),
            ])
        }
        #expect(throws: CatalogError.unknownSegment("nobody")) {
            try catalog.apply([.remove(record(1).name), .setState(.live, of: "nobody")])
        }
        #expect(try catalog.records() == [record(1)])
    }

    @Test func segmentsChangeStateAndTierAndGo() throws {
        let catalog = try SegmentCatalog.inMemory()
        try catalog.apply([.insert(record(1)), .insert(record(2))])
        let retirement = Retirement(since: 12, reason: "older than 7 days")
        try catalog.apply([.setState(.expired(retirement), of: record(1).name), .setTier(.cold, of: record(2).name)])
        var second = record(2)
        second.tier = .cold
        #expect(try catalog.records() == [record(1, state: .expired(retirement)), second])
        try catalog.apply([.setState(.live, of: record(1).name), .remove(record(2).name), .remove("nobody")])
        #expect(try catalog.records() == [record(1)])
    }

    @Test func enteringASegmentAgainReplacesWhatIsKnownOfIt() throws {
        let catalog = try SegmentCatalog.inMemory()
        try catalog.apply([.insert(record(1, state: .expired(Retirement(since: 1, reason: "")))), .insert(record(1))])
        #expect(try catalog.records() == [record(1)])
    }

    @Test func aNumberThatDoesNotFitIsRefused() throws {
        let catalog = try SegmentCatalog.inMemory()
        var tooLarge = record(1)
        tooLarge.bytes = .max
        #expect(throws: CatalogError.valueTooLarge(segment: tooLarge.name)) { try catalog.apply([.insert(tooLarge)]) }
    }

    @Test func aFullCatalogSaysSoAndKeepsWhatItHas() throws {
        let folder = try CatalogFolder()
        let catalog = try folder.open(maxBytes: 40 << 10).catalog
        try catalog.apply([.insert(record(1))])
        let many = (2...2_000).map { CatalogChange.insert(record($0)) }
        #expect(throws: CatalogError.full(path: folder.file)) { try catalog.apply(many) }
        #expect(try catalog.records() == [record(1)])
        try catalog.apply([.insert(record(2))])
        #expect(try folder.open().records == [record(1), record(2)])
    }

    @Test(arguments: [(Int32(28), true), (5, false)])
    func aFailedWriteChangesNothing(code: Int32, isFull: Bool) throws {
        let folder = try CatalogFolder()
        let catalog = try folder.open().catalog
        let token = SystemFaults.add(.init(.write, path: folder.file, code: code))
        let error = #expect(throws: CatalogError.self) { try catalog.apply([.insert(record(1))]) }
        SystemFaults.remove(token)
        #expect((error == .full(path: folder.file)) == isFull)
        #expect(try catalog.records().isEmpty)
        try catalog.apply([.insert(record(1))])
        #expect(try catalog.records() == [record(1)])
    }

    @Test func aThousandSegmentsAreSmall() throws {
        let folder = try CatalogFolder()
        try folder.open().catalog.apply((1...1_000).map { .insert(record($0)) })
        #expect(try folder.open().records.count == 1_000)
        #expect(try (FileSystem.status(folder.file)?.size ?? 0) < 256 << 10)
    }
}
