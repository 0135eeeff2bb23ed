import AgentDelivery
import AgentPipeline
import CurlTransport
import Diagnostics
import LogModel
import Synchronization
import SystemIO
import TestSupport
import Testing
import WireProtocol
import ZstdCodec

/// A temporary state directory.
final class Workplace: Sendable {
    private let directory: TemporaryDirectory
    var path: String { directory.path }
    let lines = Mutex<[String]>([])

    init() throws { directory = try TemporaryDirectory() }

    func spool(
        limit: Int = 64 << 20, whenFull: SpoolOptions.WhenFull = .drop, behind cursors: SpoolCursors = SpoolCursors()
    ) throws -> Spool {
        let options = SpoolOptions(limitBytes: limit, whenFull: whenFull)
        return try Spool("\(path)/spool", options: options, cursors: cursors) { _ in }
    }

    func log() -> DiagnosticLog {
        DiagnosticLog(program: "t", burst: .max, sink: { line in self.lines.withLock { $0.append(line) } })
    }

    var log0: [String] { lines.withLock { $0 } }
}

/// A batch of one event of a file, at bytes `from ..< to`.
func batch(_ message: String, source: UInt64 = 1, from: Int = 0, to: Int = 10) throws -> AssembledBatch {
    let assembler = BatchAssembler(host: "h", cutter: LineCutter(maxLineBytes: 1 << 20))
    var state = SourceState(id: source, path: "/var/log/\(source).log", device: 1, inode: source)
    let bytes = Array((message + "\n").utf8)
    _ = bytes.withUnsafeBytes {
        assembler.take(
            $0, of: &state, profile: SourceProfile(), ending: .final, arrival: Timestamp(nanoseconds: 1))
    }
    state.offset = to
    assembler.note(state, from: from)
    return try #require(assembler.finish(), "an assembler lost its line")
}

/// A batch of JSON lines of a file, from a byte on; each line is ten bytes of it.
func batch(_ lines: [(level: String, text: String)], source: UInt64 = 1, from: Int = 0) throws -> AssembledBatch {
    let assembler = BatchAssembler(host: "h", cutter: LineCutter(maxLineBytes: 1 << 20))
    var state = SourceState(id: source, path: "/var/log/\(source).log", device: 1, inode: source)
    for (level, text) in lines {
        let line = Array("{\"level\":\"\(level)\",\"msg\":\"\(text)\"}\n".utf8)
        _ = line.withUnsafeBytes {
            assembler.take(
                $0, of: &state, profile: SourceProfile(), ending: .final, arrival: Timestamp(nanoseconds: 1))
        }
    }
    state.offset = from + lines.count * 10
    assembler.note(state, from: from)
    return try #require(assembler.finish(), "an assembler lost its lines")
}

/// Text that does not compress, of this length.
func noise(_ count: Int, _ generator: inout SeededGenerator) -> String {
    String(decoding: generator.bytes(count).map { 0x30 + $0 % 9 }, as: UTF8.self)
}

/// The messages of what is sent.
func messages(_ record: SpoolRecord) throws -> [String] {
    try record.withBody { body in
        var content = [UInt8](repeating: 0, count: record.contentBytes)
        var decompressor = ZstdDecompressor()
        let count = try content.withUnsafeMutableBytes { try decompressor.decompress(body, into: $0) }
        let events = try content[..<count].withUnsafeBytes { try BatchCodec.decode($0) }
        return (0..<events.count).map { events.message(at: $0) }
    }
}

/// A collector that answers as it is told, then accepts.
final class FakeCollector: BatchTransport, Sendable {
    struct State {
        var answers: [DeliveryOutcome] = []
        var beats: [AgentHeartbeat] = []
        var sent: [(sequence: UInt64, epoch: UInt64, messages: [String])] = []
    }

    let state = Mutex(State())

    init(_ answers: [DeliveryOutcome] = []) { state.withLock { $0.answers = answers } }

    func send(_ batch: SpoolRecord, shouldContinue: () -> Bool) -> DeliveryOutcome {
        let texts = (try? messages(batch)) ?? ["?"]
        return state.withLock { state in
            state.sent.append((batch.sequence, batch.epoch, texts))
            return state.answers.isEmpty
                ? .accepted(events: batch.events, failed: 0, isDuplicate: false, lagHint: "normal")
                : state.answers.removeFirst()
        }
    }

    func beat(_ heartbeat: AgentHeartbeat, shouldContinue: () -> Bool) -> UInt64? {
        state.withLock { state in
            state.beats.append(heartbeat)
            return heartbeat.drops.last?.number ?? 0
        }
    }

    var beats: [AgentHeartbeat] { state.withLock { $0.beats } }
    var sent: [(sequence: UInt64, epoch: UInt64, messages: [String])] { state.withLock { $0.sent } }
}
