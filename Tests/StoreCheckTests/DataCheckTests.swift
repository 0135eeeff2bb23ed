import StoreCheck
import StoreFormat
import SystemIO
import TestSupport
import Testing

@Suite("Checking a data directory")
struct DataCheckTests {
    private func check(_ folder: DataFolder, repairs: Bool = false) throws -> CheckReport {
        try DataCheck(folder.path).run(repairs: repairs)
    }

    @Test("What is sound is counted, read to its end, and left as it is")
    func sound() throws {
        let folder = try DataFolder()
        let before = try folder.content()
        var last = (0, 0)
        let report = try DataCheck(folder.path).run(repairs: true) { last = ($0, $1) }
        #expect(report.verdict == .sound)
        #expect((report.segments, report.rows) == (1, DataFolder.rows))
        #expect(report.journalRecords == 5)
        #expect(last.0 == last.1 && last.1 == report.bytes)
        #expect(try folder.content() == before)
    }

    @Test("A damaged message section costs its block; repairing keeps the other block and sets the file aside")
    func block() throws {
        let folder = try DataFolder()
        let block = folder.footer.blocks[1]
        try folder.flip(folder.segment, at: Int(block.messages.offset) + 40)
        let before = try folder.content()
        let found = try check(folder)
        #expect(found.verdict == .damaged)
        let loss = try #require(found.findings.first?.loss)
        #expect(found.findings.count == 1)
        #expect(loss.rows == block.rowCount && loss.tenants == ["default"] && loss.fields.isEmpty)
        #expect(loss.first == block.timeBounds.lowerBound && loss.last == block.timeBounds.upperBound)
        #expect(try folder.content() == before, "a check without --repair changes nothing")

        let repaired = try check(folder, repairs: true)
        #expect(repaired.verdict == .repaired && repaired.lostRows == block.rowCount)
        let after = try check(folder)
        #expect(after.verdict == .sound, "\(after.text)")
        #expect(after.rows == DataFolder.rows - block.rowCount)
        #expect(FileSystem.exists("\(folder.path)/segments/quarantine/\(folder.segmentName)"))
    }

    @Test("A damaged field costs that field only, and rows come back without it")
    func field() throws {
        let folder = try DataFolder()
        let block = folder.footer.blocks[0]
        try folder.flip(folder.segment, at: Int(try #require(block.columns.first).section.offset))
        let repaired = try check(folder, repairs: true)
        let loss = try #require(repaired.findings.first?.loss)
        #expect(loss.fields == ["code"] && loss.rows == block.rowCount)
        #expect(repaired.lostRows == 0)
        let after = try check(folder)
        #expect(after.verdict == .sound && after.rows == DataFolder.rows)
    }

    @Test("A segment that cannot be opened is lost as a whole, and set aside")
    func footer() throws {
        let folder = try DataFolder()
        let size = try #require(try FileSystem.status(folder.segment)).size
        try folder.flip(folder.segment, at: size - 20)
        let found = try check(folder, repairs: true)
        #expect(found.verdict == .repaired && found.lostBatches == DataFolder.rows)
        #expect(try check(folder).segments == 0)
    }

    @Test("Records that segments have are not lost with the journal; others are, and are known afterwards")
    func journal() throws {
        let folder = try DataFolder()
        let files = try FileSystem.list("\(folder.path)/journal").filter { $0.hasSuffix(".journal") }
        try folder.flip("\(folder.path)/journal/\(files[0])", at: 40 + 56 + 100)
        let found = try check(folder, repairs: true)
        #expect(found.verdict == .repaired && found.lostBatches == 1)
        #expect(found.findings.first?.part == .journal)
        let after = try check(folder)
        #expect(after.verdict == .sound, "\(after.text)")
        #expect(after.findings.map(\.isKnown) == [true])
    }

    @Test("A directory in use, and one that is none, are refused with a sentence")
    func refused() throws {
        let folder = try DataFolder()
        let lock = try OpenFile(folder.path, .directory)
        try lock.lockExclusively()
        let busy = #expect(throws: CheckError.self) { try check(folder) }
        #expect(busy?.description.contains("stop it first") == true)
        lock.unlock()
        let empty = try TemporaryDirectory()
        #expect(throws: CheckError.self) { try DataCheck(empty.path).run(repairs: false) }
    }
}
