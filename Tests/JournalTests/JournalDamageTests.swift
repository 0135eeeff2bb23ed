import Journal
import SystemIO
import TestSupport
import Testing

/// A journal file with `count` records as bytes, and where each record begins.
private func image(_ count: Int) throws -> (name: String, bytes: [UInt8], starts: [Int]) {
    let folder = try TemporaryDirectory()
    let writer = JournalWriter(try JournalDirectory(folder.path))
    var starts: [Int] = []
    for number in 1...count {
        if number > 1 { starts.append(writer.directory.status.bytes) } else { starts.append(40) }
        try writer.append(sample(number))
        try writer.commit()
    }
    let path = try #require(try folder.files.first)
    return (String(path.split(separator: "/").last ?? ""), try FileSystem.contents(path, limit: 1 << 20), starts)
}

private func write(_ bytes: [UInt8], as name: String, in folder: TemporaryDirectory) throws {
    let file = try OpenFile("\(folder.path)/\(name)", .create)
    try file.truncate(to: 0)
    try file.write(bytes, at: 0)
}

private func open(_ folder: TemporaryDirectory, _ options: JournalOptions? = nil) throws -> JournalDirectory {
    try JournalDirectory(folder.path, options: options ?? JournalOptions(verification: .allFiles))
}

@Suite("Journal: damage")
struct JournalDamageTests {
    @Test("Cut at any byte of the last record, the journal keeps all records before it and goes on")
    func tornAnywhere() throws {
        let (name, bytes, starts) = try image(4)
        let last = try #require(starts.last)
        for cut in last..<bytes.count {
            let folder = try TemporaryDirectory()
            try write(Array(bytes[..<cut]), as: name, in: folder)
            let directory = try open(folder)
            #expect(directory.nextPosition == 4)
            #expect(directory.status.tornTails == (cut == last ? 0 : 1), "cut at \(cut)")
            #expect(directory.status.damages == 0)
            #expect(try directory.read(from: 1).records.map(\.position) == [1, 2, 3])
            let writer = JournalWriter(directory)
            #expect(try writer.append(sample(9)) == 4)
            try writer.commit()
            #expect(try directory.read(from: 4).records.map(\.record.sequence) == [9])
        }
    }

    @Test("A file that ends within its own header is begun again")
    func tornHeader() throws {
        let (_, bytes, _) = try image(1)
        for cut in 0..<40 {
            let folder = try TemporaryDirectory()
            try write(Array(bytes[..<cut]), as: "00000000000000000011.journal", in: folder)
            let directory = try open(folder)
            #expect(directory.nextPosition == 11)
            #expect(directory.status.damages == 0)
            let writer = JournalWriter(directory)
            #expect(try writer.append(sample(1)) == 11)
            try writer.commit()
            #expect(try directory.read(from: 1).records.map(\.position) == [11])
            #expect(try folder.files.count == 1)
        }
    }

    @Test("A flipped bit anywhere but in the last record costs that record at most, and is reported")
    func flippedAnywhere() throws {
        let (name, bytes, starts) = try image(5)
        let last = try #require(starts.last)
        for offset in 0..<last {
            let folder = try TemporaryDirectory()
            var damaged = bytes
            damaged[offset] ^= UInt8(1 << (offset % 8))
            try write(damaged, as: name, in: folder)
            let directory = try open(folder)
            let victim = starts.lastIndex { $0 <= offset }.map { JournalPosition($0 + 1) }
            let expected = (1...5).filter { $0 != victim }
            #expect(directory.status.tornTails == 0)
            #expect(try directory.read(from: 1).records.map(\.position) == expected, "flipped at \(offset)")
            let reports = directory.damages
            #expect(reports.count == 1, "flipped at \(offset): \(reports)")
            guard let report = reports.first else { continue }
            guard let victim else {
                #expect(report.reason == .fileHeader)
                #expect(report.lost.isEmpty)
                continue
            }
            #expect(report.lost == victim..<(victim + 1))
            let start = starts[Int(victim) - 1]
            #expect(report.offset == start && report.length == starts[Int(victim)] - start)
            let copy = try #require(report.quarantined)
            #expect(try FileSystem.contents(copy, limit: 1 << 20) == Array(damaged[start..<starts[Int(victim)]]))
            #expect((report.notBefore ?? 0) <= Int64(victim) * 1_000)
            #expect((report.notAfter ?? .max) >= Int64(victim) * 1_000)
        }
    }

    @Test("Damage is skipped and reported when a reader meets it, and once only")
    func flippedWhileOpen() throws {
        let folder = try TemporaryDirectory()
        let writer = JournalWriter(try JournalDirectory(folder.path))
        for number in 1...5 { try writer.append(sample(number)) }
        try writer.commit()
        let (_, _, starts) = try image(5)
        try patch(try folder.files[0], at: starts[2] + 20, [0xFF, 0xFF, 0xFF])
        for _ in 1...2 {
            let result = try writer.directory.read(from: 1)
            #expect(result.records.map(\.position) == [1, 2, 4, 5])
            #expect(result.damages.map(\.lost) == [3..<4])
            #expect(result.next == 6)
        }
        #expect(writer.directory.status.damages == 1)
        #expect(writer.directory.status.lostRecords == 1)
        #expect(try writer.directory.read(from: 4).records.map(\.position) == [4, 5])
    }

    @Test("Damage at the end of an open file is counted once, and what is appended later is read")
    func flippedAtEndWhileOpen() throws {
        let folder = try TemporaryDirectory()
        let writer = JournalWriter(try JournalDirectory(folder.path))
        for number in 1...5 { try writer.append(sample(number)) }
        try writer.commit()
        let (_, _, starts) = try image(5)
        try patch(try folder.files[0], at: starts[3], [0, 0, 0, 0])
        try patch(try folder.files[0], at: starts[4], [0, 0, 0, 0])
        let reader = JournalReader(writer.directory, from: 1)
        #expect(try reader.read().records.map(\.position) == [1, 2, 3])
        try writer.append(sample(6))
        try writer.commit()
        let result = try reader.read()
        #expect(result.records.map(\.position) == [6])
        #expect(result.damages.isEmpty)
        #expect(writer.directory.status.lostRecords == 2)
    }

    @Test("Zeros behind the last record are cut")
    func zeroTail() throws {
        let (name, bytes, _) = try image(3)
        let folder = try TemporaryDirectory()
        try write(bytes + [UInt8](repeating: 0, count: 10_000), as: name, in: folder)
        let directory = try open(folder)
        #expect(directory.nextPosition == 4)
        #expect(directory.status.tornTails == 1)
        #expect(try FileSystem.status(folder.files[0])?.size == bytes.count)
    }

    @Test("Records missing at the end of a file, or a missing file, are reported with their numbers")
    func missing() throws {
        let folder = try TemporaryDirectory()
        do {
            let writer = JournalWriter(try JournalDirectory(folder.path, options: JournalOptions(fileBytes: 4096)))
            for number in 1...150 {
                try writer.append(sample(number))
                try writer.commit()
            }
        }
        let files = try folder.files
        try #require(files.count >= 5)
        func first(_ index: Int) throws -> JournalPosition {
            try #require(JournalPosition(files[index].split(separator: "/").last?.prefix(20) ?? ""))
        }
        try FileSystem.remove(files[2])
        try OpenFile(files[0], .readWrite).truncate(to: 40)
        for verification in [JournalOptions.Verification.allFiles, .lastFile] {
            let directory = try open(folder, JournalOptions(verification: verification))
            let kept = try directory.read(from: 1).records.map(\.position)
            let (second, third, fourth) = (try first(1), try first(2), try first(3))
            #expect(kept == Array(second..<third) + Array(fourth...150))
            #expect(directory.damages.map(\.lost) == [1..<second, third..<fourth])
            #expect(directory.damages.allSatisfy { $0.reason == .missing })
        }
    }

    @Test("A file of a newer version is refused, not cut")
    func newerVersion() throws {
        let folder = try TemporaryDirectory()
        let header: [UInt8] =
            Array("LODGEJNL".utf8) + [2, 0, 0, 0, 40, 0, 0, 0] + [1] + [UInt8](repeating: 0, count: 19)
        // CRC-32C of the 36 bytes above.
        try write(header + checksum(header) + [1, 2, 3], as: "00000000000000000001.journal", in: folder)
        let error = #expect(throws: JournalError.self) { try JournalDirectory(folder.path) }
        #expect(error?.description.contains("version 2") == true)
        #expect(try FileSystem.status(folder.files[0])?.size == 43)
    }

    @Test("Random bytes as journal files, cursors and checkpoints never trap and the journal works")
    func randomBytes() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let (_, bytes, starts) = try image(8)
        for round in 0..<300 {
            let folder = try TemporaryDirectory()
            for index in 0..<Int.random(in: 1...3, using: &generator) {
                var content = round.isMultiple(of: 3) ? [] : bytes
                if round.isMultiple(of: 3) {
                    content = (0..<Int.random(in: 0...3_000, using: &generator)).map { _ in
                        UInt8.random(in: 0...255, using: &generator)
                    }
                }
                // Pieces of a real file in any order make valid headers at impossible places.
                for _ in 0..<Int.random(in: 0...6, using: &generator) where !content.isEmpty {
                    let from = Int.random(in: 0..<bytes.count, using: &generator)
                    let start = round.isMultiple(of: 2) ? starts.randomElement(using: &generator) ?? 0 : from
                    let piece = bytes[start..<min(bytes.count, start + Int.random(in: 1...400, using: &generator))]
                    let at = Int.random(in: 0...content.count, using: &generator)
                    content.replaceSubrange(at..<min(content.count, at + piece.count), with: piece)
                }
                let digits = String(1 + index * Int.random(in: 1...9, using: &generator))
                let name = String(repeating: "0", count: 20 - digits.count) + digits + ".journal"
                try write(content, as: name, in: folder)
            }
            try FileSystem.createDirectory("\(folder.path)/cursors")
            try FileSystem.writeAtomically("\(folder.path)/cursors/a", Array(bytes[..<(round % bytes.count)]))
            let options = JournalOptions(duplicates: DuplicateWindow.Limits(), verification: .allFiles)
            var last: JournalPosition = 0
            do {
                let directory = try open(folder, options)
                last = directory.nextPosition
                let writer = JournalWriter(directory) { DuplicateWindow().encoded() }
                try writer.append(sample(77))
                try writer.commit()
            }
            let directory = try open(folder, options)
            _ = try directory.cursor(named: "a").position
            let result = try directory.read(from: last)
            #expect(result.records.map(\.record.sequence) == [77], "seed \(seed), round \(round)")
            let all = try directory.read(from: 1).records.map(\.position)
            #expect(all == all.sorted() && Set(all).count == all.count, "seed \(seed), round \(round)")
        }
    }
}
