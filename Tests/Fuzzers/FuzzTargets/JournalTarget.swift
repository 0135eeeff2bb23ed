import ByteCoding
import Glibc
import Journal
import SystemIO

/// The input is a byte of flags, where to cut it into two files, how the second file's number goes on, and the files.
///
/// Whatever they hold, the journal opens, gives its records in order, takes another one, and gives all of them again
/// after it was opened anew.
func feedJournal(_ input: UnsafeRawBufferPointer) {
    guard input.count > 4 else { return }
    let (flags, cut, step) = (input[0], Int(input[1]) | Int(input[2]) << 8, UInt64(input[3]))
    var content = Array(input[4...])
    heal(&content, headerToo: flags & 4 == 0)
    let folder = scratchFolder
    let options = JournalOptions(
        fileBytes: 4096, duplicates: flags & 1 == 0 ? nil : DuplicateWindow.Limits(maxRanges: 4, maxAgents: 4),
        verification: flags & 2 == 0 ? .lastFile : .allFiles)
    do {
        try FileSystem.removeTree(folder)
        try FileSystem.createDirectory(folder)
        let parts = cut > 0 && cut < content.count ? [content[..<cut], content[cut...]] : [content[...]]
        for (part, number) in zip(parts, [1, 2 + step]) {
            let digits = String(number)
            let name = String(repeating: "0", count: 20 - digits.count) + digits + ".journal"
            try OpenFile("\(folder)/\(name)", .createNew).write(Array(part), at: 0)
        }
        let before = try opened(folder, options) { directory in
            let records = readAll(directory)
            let writer = JournalWriter(directory)
            try writer.append(JournalRecord(ingestTime: 7, payload: [1, 2, 3]))
            try writer.commit()
            let all = readAll(directory)
            precondition(all.dropLast() == records[...], "a new record changes the others")
            precondition(all.last?.payload == [1, 2, 3], "a new record is not read back")
            return all
        }
        try opened(folder, options) { directory in
            precondition(readAll(directory) == before, "other records after opening the journal again")
        }
    } catch let error as JournalError {
        switch error {
        // A version of the future is refused, and so is what comes behind the last number.
        case .unsupportedVersion, .exhausted: break
        default: preconditionFailure("\(error)")
        }
    } catch {
        preconditionFailure("\(error)")
    }
}

private struct Found: Equatable {
    var position: JournalPosition
    var payload: [UInt8]
}

private func opened<T>(_ path: String, _ options: JournalOptions, _ body: (JournalDirectory) throws -> T) throws -> T {
    let directory = try JournalDirectory(path, options: options)
    defer { directory.release() }
    return try body(directory)
}

private func readAll(_ directory: JournalDirectory) -> [Found] {
    let reader = JournalReader(directory, from: 1)
    var found: [Found] = []
    while true {
        guard let read = try? reader.read(maxBytes: 64) else { preconditionFailure("a sound disk cannot be read") }
        for record in read.records {
            precondition(found.last.map { $0.position < record.position } ?? true, "records out of order")
            found.append(Found(position: record.position, payload: record.record.payload))
        }
        if read.records.isEmpty && read.next >= directory.nextPosition { return found }
    }
}

/// Makes the checksums right behind each marker whose record says so with an even byte of flags.
private func heal(_ content: inout [UInt8], headerToo: Bool) {
    func put(_ sum: UInt32, at offset: Int) {
        for byte in 0..<4 { content[offset + byte] = UInt8(truncatingIfNeeded: sum >> (8 * UInt32(byte))) }
    }
    func number(at offset: Int, _ count: Int) -> Int {
        (0..<count).reduce(0) { $0 | Int(content[offset + $1]) << (8 * $1) }
    }
    if headerToo, content.count >= 40 { put(crc32c(Array(content[..<36])), at: 36) }
    var index = 0
    while index + 56 <= content.count {
        guard content[index..<(index + 4)].elementsEqual("LJR1".utf8), content[index + 49] & 1 == 0 else {
            index += 1
            continue
        }
        let end = index + 56 + number(at: index + 12, 4) + number(at: index + 50, 2) + number(at: index + 52, 2)
        if end <= content.count { put(crc32c(Array(content[(index + 56)..<end])), at: index + 8) }
        put(crc32c(Array(content[(index + 8)..<(index + 56)])), at: index + 4)
        index = max(index + 56, min(end, content.count))
    }
}

/// In memory where that can be had: files come and go thousands of times a second.
private let scratchFolder: String = {
    let base = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp"
    return "\(base)/lodge-fuzz-\(getpid())"
}()

func journalSeeds() -> [[UInt8]] {
    defer { try? FileSystem.removeTree(scratchFolder) }
    var seeds: [[UInt8]] = []
    for (flags, files) in [(UInt8(0), 1), (1, 1), (3, 2), (7, 2)] {
        guard let content = try? journalFiles(files, checked: flags & 1 == 1) else {
            preconditionFailure("a journal cannot be written to \(scratchFolder)")
        }
        let cut = files > 1 ? content[0].count : 0
        // The number of the second file is 2 more than the step.
        let step = UInt8(content[0].isEmpty ? 0 : 38)
        seeds.append([flags, UInt8(cut & 0xFF), UInt8(cut >> 8), step] + content.joined())
    }
    return seeds
}

/// The bytes of the first files of a journal.
private func journalFiles(_ count: Int, checked: Bool) throws -> [[UInt8]] {
    try FileSystem.removeTree(scratchFolder)
    let duplicates = DuplicateWindow.Limits()
    let directory = try JournalDirectory(
        scratchFolder, options: JournalOptions(fileBytes: 4096, duplicates: checked ? duplicates : nil))
    defer { directory.release() }
    var window = DuplicateWindow(limits: duplicates)
    let writer = JournalWriter(directory) { checked ? window.encoded() : nil }
    for number in 1...UInt64(count > 1 ? 45 : 5) {
        let record = JournalRecord(
            ingestTime: Int64(number) * 1_000, agent: "web-1", epoch: 9, sequence: number,
            payload: [UInt8](repeating: UInt8(number), count: count > 1 ? 48 : Int(number)))
        let position = try writer.append(record)
        try writer.commit()
        if let identity = record.identity { window.insert(identity, at: position) }
    }
    return try FileSystem.list(scratchFolder).filter { $0.hasSuffix(".journal") }.prefix(count).map {
        try FileSystem.contents("\(scratchFolder)/\($0)", limit: 1 << 20)
    }
}

/// Decodes a window; one that is understood must come back as it is written.
func feedWindow(_ input: UnsafeRawBufferPointer) {
    let limits = DuplicateWindow.Limits(maxRanges: 8, maxAgents: 4)
    guard var window = try? DuplicateWindow(encoded: Array(input), limits: limits) else { return }
    let again = try? DuplicateWindow(encoded: window.encoded(), limits: limits)
    precondition(again == window, "a duplicate window changes when it is written")
    let identity = BatchIdentity(tenant: "default", agent: "web-1", epoch: 9, sequence: 12)
    window.insert(identity, at: .max - 1)
    precondition(window.isDuplicate(identity), "a number that was inserted is not known")
}

func windowSeeds() -> [[UInt8]] {
    var window = DuplicateWindow()
    var seeds = [window.encoded()]
    for (position, number) in [UInt64(1), 2, 3, 7, 9, 10, .max].enumerated() {
        for agent in ["web-1", "db"] {
            window.insert(
                BatchIdentity(tenant: "default", agent: agent, epoch: 9, sequence: number), at: UInt64(position) + 5)
        }
        seeds.append(window.encoded())
    }
    return seeds
}
