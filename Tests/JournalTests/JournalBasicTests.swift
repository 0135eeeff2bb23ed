import Journal
import SystemIO
import TestSupport
import Testing

@Suite("Journal: appending, reading, reopening")
struct JournalBasicTests {
    @Test("Records come back in order after reopening, across files")
    func roundTrip() throws {
        let folder = try TemporaryDirectory()
        let options = JournalOptions(fileBytes: 4096)
        do {
            let writer = JournalWriter(try JournalDirectory(folder.path, options: options))
            for number in 1...100 {
                #expect(try writer.append(sample(number)) == UInt64(number))
                if number.isMultiple(of: 7) { try writer.commit() }
            }
            try writer.commit()
            #expect(writer.directory.status.files > 1)
        }
        let directory = try JournalDirectory(folder.path, options: options)
        #expect(directory.nextPosition == 101)
        #expect(directory.damages.isEmpty)
        var result = try directory.read(from: 1)
        #expect(result.records.map(\.position) == Array(1...100))
        #expect(result.next == 101)
        for committed in result.records { expectSame(committed.record, sample(Int(committed.position))) }
        result = try directory.read(from: 57, maxBytes: 1)
        #expect(result.records.map(\.position) == [57])
        #expect(result.next == 58)
        let writer = JournalWriter(directory)
        #expect(try writer.append(sample(101)) == 101)
        #expect(try directory.read(from: 101).records.isEmpty, "not committed yet")
        try writer.commit()
        #expect(try directory.read(from: 101).records.map(\.position) == [101])
    }

    @Test("A reader follows the writer and remembers its place")
    func follow() throws {
        let folder = try TemporaryDirectory()
        let writer = JournalWriter(try JournalDirectory(folder.path, options: JournalOptions(fileBytes: 4096)))
        let reader = JournalReader(writer.directory, from: 1)
        var read: [JournalPosition] = []
        for number in 1...60 {
            try writer.append(sample(number))
            try writer.commit()
            read += try reader.read().records.map(\.position)
            #expect(reader.position == UInt64(number + 1))
        }
        #expect(read == Array(1...60))
    }

    @Test("Files below a position are removed, the last one never, and positions go on")
    func retention() throws {
        let folder = try TemporaryDirectory()
        do {
            let writer = JournalWriter(try JournalDirectory(folder.path, options: JournalOptions(fileBytes: 4096)))
            for number in 1...100 {
                try writer.append(sample(number))
                try writer.commit()
            }
            let directory = writer.directory
            let files = directory.status.files
            #expect(try directory.removeFiles(before: 50) > 0)
            #expect(directory.oldestPosition <= 50)
            #expect(directory.status.files < files)
            let result = try directory.read(from: 1)
            #expect(result.skippedTo == directory.oldestPosition)
            #expect(result.records.last?.position == 100)
            try directory.removeFiles(before: 1_000)
            #expect(directory.status.files == 1)
        }
        #expect(try JournalDirectory(folder.path).nextPosition == 101)
    }

    @Test("A cursor survives reopening and its second place survives a torn write of the first")
    func cursor() throws {
        let folder = try TemporaryDirectory()
        let writer = JournalWriter(try JournalDirectory(folder.path))
        for number in 1...20 { try writer.append(sample(number)) }
        try writer.commit()
        var cursor = try writer.directory.cursor(named: "indexer")
        #expect(cursor.position == 1)
        try cursor.store(7)
        try cursor.store(9)
        cursor = try writer.directory.cursor(named: "indexer")
        #expect(cursor.position == 9)
        #expect(writer.directory.slowestCursor == 9)
        let path = folder.path + "/cursors/indexer"
        var bytes = try FileSystem.contents(path, limit: 4096)
        bytes[512 + 17] ^= 1
        try FileSystem.writeAtomically(path, bytes)
        #expect(try writer.directory.cursor(named: "indexer").position == 7)
        #expect(throws: JournalError.badCursorName("../x")) { try writer.directory.cursor(named: "../x") }
        try writer.directory.removeCursor(named: "indexer")
        #expect(writer.directory.slowestCursor == nil)
    }

    @Test("A directory is opened once")
    func lock() throws {
        let folder = try TemporaryDirectory()
        let first = try JournalDirectory(folder.path)
        #expect(throws: JournalError.inUse(directory: folder.path)) { try JournalDirectory(folder.path) }
        _ = first.status
    }

    @Test("Fields over their limit are refused and leave the group as it was")
    func limits() throws {
        let folder = try TemporaryDirectory()
        let writer = JournalWriter(try JournalDirectory(folder.path))
        try writer.append(sample(1))
        let long = String(repeating: "a", count: JournalLimits.maxNameBytes + 1)
        #expect(throws: JournalError.self) { try writer.append(JournalRecord(ingestTime: 1, agent: long, payload: [])) }
        #expect(throws: JournalError.self) {
            let payload = [UInt8](repeating: 0, count: JournalLimits.maxPayloadBytes + 1)
            try writer.append(JournalRecord(ingestTime: 1, payload: payload))
        }
        try writer.commit()
        #expect(try writer.directory.read(from: 1).records.count == 1)
    }
}
