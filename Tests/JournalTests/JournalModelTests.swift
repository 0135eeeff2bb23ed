import Glibc
import Journal
import SystemIO
import TestSupport
import Testing

@Suite("Journal: random histories", .timeLimit(.minutes(15)))
struct JournalModelTests {
    @Test(
        "Whatever is appended, crashed, reopened and removed, the committed records are there, once", arguments: 0..<12)
    func history(run: Int) throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let folder = try TemporaryDirectory()
        let limits = DuplicateWindow.Limits(maxRanges: 64, maxAgents: 8)
        let options = JournalOptions(
            fileBytes: 4096 + Int.random(in: 0...8_000, using: &generator), duplicates: limits,
            verification: Bool.random(using: &generator) ? .allFiles : .lastFile)
        var model: [JournalPosition: Int] = [:]
        var window = DuplicateWindow(limits: limits)
        var next: JournalPosition = 1
        var number = 0
        var writer: JournalWriter?

        for step in 0..<150 {
            let context: Comment = "seed \(seed), step \(step)"
            if writer == nil {
                let directory = try JournalDirectory(folder.path, options: options)
                #expect(directory.nextPosition == next, context)
                #expect(directory.status.damages == 0, context)
                // Rebuilding gives exactly the window that was there: the next checkpoint is written from it.
                let opened = try #require(directory.recoveredWindow)
                #expect(opened == window, context)
                writer = JournalWriter(directory) { window.encoded() }
            }
            guard let current = writer else { break }
            switch Int.random(in: 0..<10, using: &generator) {
            case 0...5:
                var group: [(JournalPosition, Int)] = []
                for _ in 0..<Int.random(in: 1...6, using: &generator) {
                    number += 1
                    group.append((try current.append(self.model(number)), number))
                }
                try current.commit()
                for (position, value) in group {
                    model[position] = value
                    if let identity = self.model(value).identity { window.insert(identity, at: position) }
                }
                next = current.nextPosition
            case 6:
                // A crash in the middle of a write: part of a group is in the file and cannot be taken back.
                number += 1
                try current.append(self.model(number))
                next = current.nextPosition - 1
                let bytes = current.pendingBytes
                let torn = Int.random(in: 0..<bytes, using: &generator)
                let write = SystemFaults.add(.init(.write, path: folder.path, code: EIO, tornBytes: torn))
                let cut = SystemFaults.add(.init(.truncate, path: folder.path, code: EIO))
                #expect(throws: JournalError.self, context) { try current.commit() }
                SystemFaults.remove(write)
                SystemFaults.remove(cut)
                writer = nil
            case 7:
                next = current.nextPosition
                writer = nil
            case 8:
                let place = JournalPosition.random(in: 1...next, using: &generator)
                let before = current.directory.oldestPosition
                try current.directory.removeFiles(before: place)
                let oldest = current.directory.oldestPosition
                #expect(oldest <= max(place, before), context)
                model = model.filter { $0.key >= oldest }
            default:
                let place = JournalPosition.random(in: 1...next, using: &generator)
                let reader = JournalReader(current.directory, from: place)
                var found: [CommittedRecord] = []
                while true {
                    let part = try reader.read(maxBytes: Int.random(in: 1...2_000, using: &generator))
                    #expect(part.damages.isEmpty, context)
                    if part.records.isEmpty { break }
                    found += part.records
                }
                #expect(found.map(\.position) == model.keys.filter { $0 >= place }.sorted(), context)
                for committed in found { expectSame(committed.record, self.model(model[committed.position] ?? 0)) }
            }
        }
    }

    private func model(_ number: Int) -> JournalRecord {
        sample(number, agent: "agent-\(number % 11)")
    }
}
