import Glibc
import Journal
import SystemIO
import TestSupport
import Testing

/// Plans a fault and takes it back at the end of the scope.
private final class Fault {
    private let token: Int
    init(_ rule: SystemFaults.Rule) { token = SystemFaults.add(rule) }
    deinit { SystemFaults.remove(token) }
}

@Suite("Journal: full and broken disks")
struct JournalFaultTests {
    @Test(
        "A full disk refuses the group, keeps the rest, and works again after space was freed",
        arguments: [0, 1, 60, 300])
    func full(torn: Int) throws {
        let folder = try TemporaryDirectory()
        let writer = JournalWriter(try JournalDirectory(folder.path))
        try writer.append(sample(1))
        try writer.commit()
        let size = try FileSystem.status(folder.files[0])?.size
        do {
            let fault = Fault(.init(.write, path: folder.path, code: ENOSPC, tornBytes: torn))
            defer { withExtendedLifetime(fault) {} }
            for number in 2...4 { try writer.append(sample(number)) }
            #expect(throws: JournalError.full(IOError(.write, try folder.files[0], ENOSPC))) { try writer.commit() }
        }
        #expect(try FileSystem.status(folder.files[0])?.size == size)
        #expect(writer.nextPosition == 2)
        #expect(try writer.append(sample(5)) == 2)
        try writer.commit()
        #expect(try writer.directory.read(from: 1).records.map(\.record.sequence) == [1, 5])
    }

    @Test("When a torn write cannot be undone, a new file is begun and the leftover does not count")
    func fullWithoutUndo() throws {
        let folder = try TemporaryDirectory()
        do {
            let writer = JournalWriter(try JournalDirectory(folder.path))
            try writer.append(sample(1))
            try writer.commit()
            let write = Fault(.init(.write, path: folder.path, code: ENOSPC, tornBytes: 500))
            let truncate = Fault(.init(.truncate, path: folder.path, code: EIO))
            // The torn bytes hold whole records that were never acknowledged.
            for number in 2...9 { try writer.append(sample(number)) }
            #expect(throws: JournalError.self) { try writer.commit() }
            withExtendedLifetime((write, truncate)) {}
            try writer.append(sample(20))
            try writer.append(sample(21))
            try writer.commit()
            #expect(try writer.directory.read(from: 1).records.map(\.record.sequence) == [1, 20, 21])
            #expect(try folder.files.count == 2)
        }
        for verification in [JournalOptions.Verification.allFiles, .lastFile] {
            let directory = try JournalDirectory(folder.path, options: JournalOptions(verification: verification))
            #expect(try directory.read(from: 1).records.map(\.record.sequence) == [1, 20, 21])
            #expect(directory.status.lostRecords == 0)
        }
    }

    @Test("A full disk when a file is begun leaves no file behind and works later")
    func fullAtNewFile() throws {
        let folder = try TemporaryDirectory()
        let writer = JournalWriter(try JournalDirectory(folder.path)) { DuplicateWindow().encoded() }
        do {
            let fault = Fault(.init(.write, path: folder.path, code: ENOSPC, tornBytes: 20))
            defer { withExtendedLifetime(fault) {} }
            #expect(throws: JournalError.self) { try writer.append(sample(1)) }
        }
        #expect(try folder.files.isEmpty)
        #expect(try writer.append(sample(1)) == 2, "after the checkpoint")
        try writer.commit()
        #expect(try writer.directory.read(from: 1).records.map(\.position) == [2])
    }

    @Test("After a failed sync nothing is accepted until the journal is opened again")
    func failedSync() throws {
        let folder = try TemporaryDirectory()
        do {
            let writer = JournalWriter(try JournalDirectory(folder.path))
            try writer.append(sample(1))
            try writer.commit()
            let fault = Fault(.init(.sync, path: "\(folder.path)/0", code: EIO))
            try writer.append(sample(2))
            let cause = IOError(.sync, try folder.files[0], EIO)
            #expect(throws: JournalError.failed(cause)) { try writer.commit() }
            withExtendedLifetime(fault) {}
            #expect(throws: JournalError.failed(cause)) { try writer.append(sample(3)) }
            #expect(throws: JournalError.failed(cause)) { try writer.commit() }
            #expect(try writer.directory.read(from: 1).records.map(\.record.sequence) == [1], "reading goes on")
        }
        let writer = JournalWriter(try JournalDirectory(folder.path))
        #expect(try writer.append(sample(4)) == 2, "what was not acknowledged is gone")
        try writer.commit()
        #expect(try writer.directory.read(from: 1).records.map(\.record.sequence) == [1, 4])
    }

    @Test("On a full disk the journal opens and reads, torn tail and all")
    func fullAtOpen() throws {
        let folder = try TemporaryDirectory()
        do {
            let writer = JournalWriter(try JournalDirectory(folder.path))
            for number in 1...5 { try writer.append(sample(number)) }
            try writer.commit()
        }
        let file = try folder.files[0]
        try patch(file, at: try FileSystem.status(file)?.size ?? 0, [1, 2, 3])
        let faults = [IOError.Operation.write, .create, .rename].map {
            Fault(.init($0, path: folder.path, code: ENOSPC, times: .max))
        }
        defer { withExtendedLifetime(faults) {} }
        let directory = try JournalDirectory(folder.path)
        #expect(try directory.read(from: 1).records.count == 5)
        #expect(directory.status.tornTails == 1)
        #expect(directory.damages.first?.quarantined == nil)
    }

    @Test("Bytes that the disk does not give cost the rest of their file, not the start")
    func unreadable() throws {
        let folder = try TemporaryDirectory()
        do {
            let writer = JournalWriter(try JournalDirectory(folder.path, options: JournalOptions(fileBytes: 4096)))
            for number in 1...100 {
                try writer.append(sample(number))
                try writer.commit()
            }
        }
        let bad = try folder.files[1]
        let fault = Fault(.init(.read, path: bad, code: EIO, times: .max))
        defer { withExtendedLifetime(fault) {} }
        let directory = try JournalDirectory(folder.path, options: JournalOptions(verification: .allFiles))
        let reader = JournalReader(directory, from: 1)
        for _ in 1...2 { #expect(throws: JournalError.io(IOError(.read, bad, EIO))) { try reader.read() } }
        #expect(try reader.read().damages.contains { $0.reason == .unreadable && $0.file == bad })
        #expect(reader.position == 101)
    }

    @Test("A cursor that cannot be stored stays where it was")
    func cursor() throws {
        let folder = try TemporaryDirectory()
        let writer = JournalWriter(try JournalDirectory(folder.path))
        for number in 1...5 { try writer.append(sample(number)) }
        try writer.commit()
        let cursor = try writer.directory.cursor(named: "c")
        try cursor.store(3)
        let fault = Fault(.init(.write, path: "\(folder.path)/cursors", code: EIO, tornBytes: 9))
        #expect(throws: JournalError.self) { try cursor.store(5) }
        withExtendedLifetime(fault) {}
        #expect(cursor.position == 3)
        #expect(try writer.directory.cursor(named: "c").position == 3)
    }
}
