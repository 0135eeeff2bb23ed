import Journal
import SystemIO
import TestSupport
import Testing

@Suite("Journal: verifying without changing anything")
struct JournalSurveyTests {
    /// A journal of several files, and the number of its last record.
    private func journal(_ folder: TemporaryDirectory, records: Int = 200) throws {
        let directory = try JournalDirectory(folder.path, options: JournalOptions(fileBytes: 4096))
        let writer = JournalWriter(directory)
        for number in 1...records {
            var record = sample(number)
            record.tenant = number < 150 ? "early" : "late"
            try writer.append(record)
            try writer.commit()
        }
        try directory.cursor(named: "indexer").store(20)
        directory.release()
    }

    private func survey(_ folder: TemporaryDirectory) throws -> (JournalSurvey, [JournalDamage]) {
        var found: [JournalDamage] = []
        let survey = try JournalSurvey(verifying: folder.path) { found.append($0) }
        return (survey, found)
    }

    @Test("A sound journal is counted, and nothing is found")
    func sound() throws {
        let folder = try TemporaryDirectory()
        try journal(folder)
        let (survey, found) = try survey(folder)
        #expect(found.isEmpty)
        #expect(survey.records == 200)
        #expect(survey.positions == 1..<201)
        #expect(survey.cursors == ["indexer": 20])
        #expect(survey.files == (try folder.files.count))
    }

    @Test("A survey finds what opening finds, at every place, and leaves the files as they are")
    func sameAsOpening() throws {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        for _ in 0..<150 {
            let folder = try TemporaryDirectory()
            try journal(folder, records: 60)
            let files = try folder.files
            let path = files[Int(random.next() % UInt64(files.count))]
            let size = try #require(try FileSystem.status(path)).size
            let offset = Int(random.next() % UInt64(size))
            switch random.next() % 3 {
            case 0: try patch(path, at: offset, (0..<5).map { _ in UInt8(truncatingIfNeeded: random.next()) })
            case 1: try OpenFile(path, .readWrite).truncate(to: offset)
            default: try patch(path, at: offset, [UInt8](repeating: 0, count: min(300, size - offset)))
            }
            let before = try files.map { try FileSystem.contents($0, limit: 1 << 20) }
            let (survey, found) = try survey(folder)
            #expect(try files.map { try FileSystem.contents($0, limit: 1 << 20) } == before)
            let options = JournalOptions(fileBytes: 4096, verification: .allFiles)
            let directory = try JournalDirectory(folder.path, options: options)
            let expected = directory.damages.map { damage in
                var damage = damage
                damage.quarantined = nil
                return damage
            }
            #expect(found == expected, "seed \(seed), \(path) at \(offset)")
            #expect(survey.lostRecords == directory.status.lostRecords, "seed \(seed)")
            #expect(survey.damages == directory.status.damages, "seed \(seed)")
        }
    }

    @Test("A first file that is gone is reported when a consumer had not passed it")
    func firstFileGone() throws {
        let folder = try TemporaryDirectory()
        try journal(folder)
        try FileSystem.remove(try folder.files[0])
        let second = try #require(JournalPosition(try folder.files[0].split(separator: "/").last?.prefix(20) ?? ""))
        let (_, found) = try survey(folder)
        // The cursor stood at 20.
        #expect(found.map(\.lost) == (second > 20 ? [20..<second] : []))
        let directory = try JournalDirectory(folder.path)
        #expect(directory.damages.map(\.lost) == found.map(\.lost))
        try FileSystem.remove(try folder.files[0])
        #expect(try survey(folder).1.first?.lost.lowerBound == 20)
    }

    @Test("Numbers that consumers have seen are not used again, whatever has become of the files")
    func leastNext() throws {
        let folder = try TemporaryDirectory()
        let directory = try JournalDirectory(folder.path, options: JournalOptions(leastNext: 500))
        #expect(directory.nextPosition == 500)
        let writer = JournalWriter(directory)
        #expect(try writer.append(sample(1)) == 500)
        try writer.commit()
        #expect(try directory.read(from: 1).records.map(\.position) == [500])
    }

    @Test("What is lost is reported with numbers, times and, where its neighbours agree, the tenant")
    func report() throws {
        let folder = try TemporaryDirectory()
        try journal(folder)
        let read = try JournalDirectory(folder.path).read(from: 1, maxBytes: 1 << 30).records
        #expect(read.count == 200)
        for (number, tenant) in [(100, "early"), (150, nil), (180, "late")] as [(Int, String?)] {
            // The payload of a record that has one, found by its content in the files.
            let payload = sample(number).payload
            try #require(payload.count > 8)
            let path = try #require(
                try folder.files.last {
                    (JournalPosition($0.split(separator: "/").last?.prefix(20) ?? "") ?? .max) <= number
                })
            var content = try FileSystem.contents(path, limit: 1 << 20)
            let place = try #require(content.indices.first { content[$0...].starts(with: payload) })
            content[place] ^= 0x40
            try FileSystem.writeAtomically(path, content)
            let (_, found) = try survey(folder)
            let damage = try #require(found.last)
            #expect(damage.lost == JournalPosition(number)..<JournalPosition(number + 1))
            #expect(damage.notBefore == Int64(number) * 1_000 && damage.notAfter == Int64(number) * 1_000)
            #expect(damage.tenant == tenant)
        }
    }
}
