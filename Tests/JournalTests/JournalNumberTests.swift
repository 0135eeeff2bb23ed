import ByteCoding
import Journal
import SystemIO
import TestSupport
import Testing

@Suite("Journal: numbers")
struct JournalNumberTests {
    @Test("The last number is refused, not overrun, and what is stored stays readable")
    func exhausted() throws {
        let folder = try TemporaryDirectory()
        let first = JournalLimits.positions - 3
        let digits = String(repeating: "0", count: 20 - String(first).count) + String(first)
        try FileSystem.writeAtomically("\(folder.path)/\(digits).journal", [])
        let directory = try JournalDirectory(folder.path)
        #expect(directory.nextPosition == first)
        let writer = JournalWriter(directory)
        #expect(try writer.append(sample(1)) == first)
        #expect(try writer.append(sample(2)) == first + 1)
        #expect(throws: JournalError.exhausted(directory: folder.path)) { try writer.append(sample(3)) }
        try writer.commit()
        #expect(throws: JournalError.exhausted(directory: folder.path)) { try writer.append(sample(3)) }
        #expect(try directory.read(from: 1).records.map(\.position) == [first, first + 1])
    }

    @Test("A header whose checksum is right and whose number is out of range is damage like any other")
    func outOfRange() throws {
        for number in [JournalLimits.positions, 1 << 63, .max - 1, .max] {
            let folder = try TemporaryDirectory()
            let writer = JournalWriter(try JournalDirectory(folder.path))
            for index in 1...3 { try writer.append(sample(index)) }
            try writer.commit()
            writer.directory.release()
            let path = try folder.files[0]
            var bytes = try FileSystem.contents(path, limit: 1 << 20)
            // The second record's header, with another number and the checksum that belongs to it.
            let start = 40 + 56 + sample(1).tenant.utf8.count + sample(1).agent.utf8.count + sample(1).payload.count
            withUnsafeBytes(of: number.littleEndian) { bytes.replaceSubrange((start + 16)..<(start + 24), with: $0) }
            bytes.replaceSubrange(
                (start + 4)..<(start + 8), with: checksum(Array(bytes[(start + 8)..<(start + 56)])))
            try FileSystem.writeAtomically(path, bytes)
            let directory = try JournalDirectory(folder.path)
            #expect(try directory.read(from: 1).records.map(\.position) == [1, 3])
            #expect(directory.damages.map(\.lost) == [2..<3])
            #expect(directory.status.lostRecords == 1)
        }
    }
}
