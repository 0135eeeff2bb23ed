import Journal
import SystemIO
import TestSupport
import Testing

@Suite("Journal: reading on from the middle, and what stays for reading again")
struct JournalWindowTests {
    @Test("Who starts in the middle of a large file gets the same records, also after opening it anew")
    func middle() throws {
        let folder = try TemporaryDirectory()
        let writer = JournalWriter(try JournalDirectory(folder.path))
        // Some megabytes in one file, in groups of several records.
        for number in 1...UInt64(60) {
            try writer.append(
                JournalRecord(ingestTime: 1, payload: [UInt8](repeating: UInt8(number), count: 100_000)))
            if number % 3 == 0 { try writer.commit() }
        }
        #expect(try folder.files.count == 1)
        for number in UInt64(1)...60 {
            let read = try writer.directory.read(from: number, maxBytes: 1)
            #expect(read.records.map(\.position) == [number] && read.records[0].record.payload[0] == UInt8(number))
        }
        writer.directory.release()
        let again = try JournalDirectory(folder.path)
        for number in [UInt64(60), 1, 31, 30, 59] {
            #expect(try again.read(from: number, maxBytes: 1).records.map(\.position) == [number])
        }
    }

    @Test("Damage behind a place that is remembered is still met")
    func damageBehindMark() throws {
        let folder = try TemporaryDirectory()
        let writer = JournalWriter(try JournalDirectory(folder.path))
        for number in 1...UInt64(40) {
            try writer.append(
                JournalRecord(ingestTime: 1, payload: [UInt8](repeating: UInt8(number), count: 100_000)))
            try writer.commit()
        }
        try patch(try folder.files[0], at: 40 + 34 * 100_063 + 200, [0xFF])
        let read = try writer.directory.read(from: 30, maxBytes: 1 << 30)
        #expect(read.records.map(\.position) == Array(30...34) + Array(36...40))
        #expect(read.damages.map(\.lost) == [35..<36])
    }

    @Test("The replay window counts from the arrival of what is in a file, so a restart changes nothing")
    func window() throws {
        let folder = try TemporaryDirectory()
        let hour: Int64 = 3_600_000_000_000
        func open() throws -> JournalDirectory {
            try JournalDirectory(folder.path, options: JournalOptions(fileBytes: 4096))
        }
        let writer = JournalWriter(try open())
        for number in 1...400 {
            try writer.append(sample(number))
            try writer.commit()
        }
        let count = try folder.files.count
        #expect(count > 4)
        writer.directory.release()
        let directory = try open()
        let now = SystemClock.wallNanos()
        let window = ReplayWindow(age: .seconds(3_600), bytes: 1 << 30)
        #expect(try directory.removeFiles(before: 401, keeping: window, now: now + hour - 60_000_000_000) == 0)
        #expect(try folder.files.count == count)
        // No more bytes than allowed, however young.
        try directory.removeFiles(before: 401, keeping: ReplayWindow(age: .seconds(3_600), bytes: 9_000), now: now)
        #expect(try folder.files.count == 3)
        // What no consumer has passed stays in any case.
        #expect(try directory.removeFiles(before: 1, keeping: .none, now: now) == 0)
        #expect(try directory.removeFiles(before: 401, keeping: window, now: now + hour) > 0)
        #expect(try folder.files.count == 1)
    }
}
