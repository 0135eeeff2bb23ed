import ByteCoding
import CollectorIngest
import Glibc
import Journal
import LineFormats
import LogModel
import StoreEngine
import StoreFormat
import SystemIO
import TestSupport
import Testing
import WireProtocol
import ZstdCodec

/// Writes lines into a file and rotates it both ways, as logrotate does.
private struct RotatingWriter {
    let path: String
    private var written = 0
    private var rotations = 0

    init(path: String) {
        self.path = path
    }

    mutating func append(_ lines: ArraySlice<[UInt8]>) throws {
        let file = try OpenFile(path, .append)
        // In pieces that do not end where lines end, as buffered programs write.
        var buffer: [UInt8] = []
        for line in lines {
            buffer += line
            buffer.append(0x0A)
            if buffer.count > 4_000 {
                let cut = buffer.count - 7
                try buffer[..<cut].withUnsafeBytes { try file.write($0) }
                buffer.removeFirst(cut)
            }
        }
        try buffer.withUnsafeBytes { try file.write($0) }
        written += lines.count
    }

    /// Renames the file away; the next line begins a new one.
    mutating func rotateByRename() throws {
        rotations += 1
        try FileSystem.rename(path, to: "\(path).\(rotations)")
    }

    /// Copies the file and cuts it to nothing.
    mutating func rotateByCopy() throws {
        rotations += 1
        let content = try FileSystem.contents(path, limit: 1 << 30)
        let copy = try OpenFile("\(path).\(rotations)", .createNew)
        try content.withUnsafeBytes { try copy.write($0) }
        try OpenFile(path, .readWrite).truncate(to: 0)
    }
}

@Suite("The real programs", .serialized)
struct EndToEndTests {
    /// All messages of a data directory, byte for byte, from segments and from what the journal still has to give.
    private func storedMessages(_ data: String) throws -> [[UInt8]: Int] {
        let store = try Store(StoreOptions(directory: data + "/segments")) { Issue.record("\($0)") }
        defer { store.close() }
        let directory = try JournalDirectory(data + "/journal")
        var next = directory.oldestPosition
        let decoder = RecordReader()
        while next < directory.nextPosition {
            let read = try directory.read(from: next, maxBytes: 8 << 20)
            for record in read.records where !store.isStored(position: record.position) {
                guard let batch = try decoder.batch(of: record.record) else { continue }
                store.append(batch, position: record.position, ingestTime: Timestamp(nanoseconds: 0), isReplay: true)
            }
            next = read.next
        }
        var result: [[UInt8]: Int] = [:]
        for block in store.snapshot().blocks {
            let messages = try block.messages(RowBitmap(rowCount: block.rowCount, filled: true))
            for row in 0..<block.rowCount { result[messages.value(at: row) ?? [], default: 0] += 1 }
        }
        return result
    }

    @Test("Each line is found exactly once, byte for byte, whatever is rotated and killed", .timeLimit(.minutes(15)))
    func eachLineOnce() throws {
        let seed = drawSeed()
        let directory = try TemporaryDirectory()
        let logs = directory.path + "/logs"
        try FileSystem.createDirectory(logs)
        let source = SourceLines()
        let collector = try CollectorProcess(directory)
        try collector.start()
        func startAgent() throws -> RunningProgram {
            try RunningProgram(
                "lodge-agent",
                ["--follow", logs + "/*.log", "--to", collector.url, "--state", directory.path + "/state"],
                logPath: directory.path + "/agent.log")
        }
        var agent = try startAgent()
        var writers = source.files.map { RotatingWriter(path: logs + "/" + $0.name) }
        let total = source.files.reduce(0) { $0 + $1.lines.count }
        let rounds = 12
        for round in 0..<rounds {
            for (index, file) in source.files.enumerated() {
                let low = file.lines.count * round / rounds
                let high = file.lines.count * (round + 1) / rounds
                try writers[index].append(file.lines[low..<high])
                switch (round &+ index &+ Int(truncatingIfNeeded: seed & 0xFF)) % 4 {
                // In the first round the agent gets to know the files.
                case _ where round == 0: break
                case 1: try writers[index].rotateByRename()
                case 3: try writers[index].rotateByCopy()
                default: break
                }
                // How fast lines and rotations come, as from a program that writes; nothing is waited for.
                usleep(30_000)
            }
            switch round {
            case 0:
                try eventually("the first lines arrive; agent: \(agent.log.suffix(2_000))") {
                    try collector.count("*") >= source.files.reduce(0) { $0 + $1.lines.count / rounds }
                }
            case 3:
                #expect(collector.stop(SIGKILL) == -SIGKILL)
            case 5:
                try collector.start()
            case 7:
                // Killed while it has much to read, and files are rotated while it is away.
                agent.kill(SIGKILL)
            case 8:
                agent = try startAgent()
            default: break
            }
        }
        var found = 0
        try eventually("\(found) of \(total) lines arrive; agent: \(agent.log.suffix(2_000))", within: .seconds(90)) {
            found = try collector.count("*")
            return found >= total
        }
        // A clean stop of both, and nothing more may have come.
        #expect(agent.kill(SIGTERM) == 0)
        #expect(try collector.count("*") == total)
        #expect(collector.stop(SIGTERM) == 0)

        var left = try storedMessages(collector.data)
        var missing: [String] = []
        for file in source.files {
            for (number, line) in file.lines.enumerated() {
                if let count = left[line], count > 0 {
                    left[line] = count - 1
                } else {
                    let round = (0..<rounds).last { file.lines.count * $0 / rounds <= number } ?? 0
                    missing.append("\(file.name) line \(number) (round \(round)): " + shown(line))
                }
            }
        }
        let surplus = left.filter { $0.value > 0 }.map { "\($0.value) times: " + shown($0.key) }
        let missingCount = missing.count
        let surplusCount = surplus.count
        #expect(missingCount == 0, "seed \(seed), missing:\n\(sample(missing))")
        #expect(surplusCount == 0, "seed \(seed), too often:\n\(sample(surplus))")
    }

    private func shown(_ line: [UInt8]) -> String {
        String(decoding: line.prefix(100), as: UTF8.self)
    }

    /// Forty of the lines, spread evenly.
    private func sample(_ lines: [String]) -> String {
        stride(from: 0, to: lines.count, by: max(1, lines.count / 40)).map { lines[$0] }.joined(separator: "\n")
    }
}
