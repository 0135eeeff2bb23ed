import LogModel
import StoreEngine
import StoreFormat
import Synchronization
import SystemIO
import TestSupport
import Testing

/// A directory of its own that goes away with the value.
final class TemporaryFolder: Sendable {
    private let directory: TemporaryDirectory
    var base: String { directory.path }

    init() throws { directory = try TemporaryDirectory() }

    /// The directory of the segments.
    var path: String { base + "/segments" }
    var catalog: String { base + "/catalog.db" }

    /// Names of the segments, in order.
    var segments: [String] { (try? FileSystem.list(path).filter { $0.hasSuffix(".segment") }) ?? [] }

    /// Nothing is merged in the background, and nothing removed within the hour, unless a test asks for it.
    func options(
        headBytes: Int = 64 << 20, flushInterval: Duration = .seconds(3_600), waitingHeads: Int = 2
    ) -> StoreOptions {
        var options = StoreOptions(
            directory: path, headBytes: headBytes, flushInterval: flushInterval, waitingHeads: waitingHeads)
        options.compaction.isOn = false
        options.grace = .seconds(3_600)
        return options
    }
}

/// Sentences that a store reports.
final class Reports: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
}

func open(_ options: StoreOptions, _ reports: Reports = Reports()) throws -> Store {
    try Store(options) { reports.add($0) }
}

/// Events with a field and, some of them, a label; message and values follow from the position and the row.
func batch(_ position: UInt64, rows: Int, padding: Int = 0) -> EventBatch {
    var builder = EventBatchBuilder()
    let service = builder.name("service")
    let number = builder.name("number")
    for row in 0..<rows {
        Array("s\(position % 3)".utf8).withUnsafeBytes { builder.add(label: service, value: $0) }
        Array("\(row)".utf8).withUnsafeBytes { builder.add(field: number, value: $0) }
        Array(message(position, row, padding).utf8).withUnsafeBytes {
            builder.endEvent(
                time: Timestamp(nanoseconds: Int64(position) * 1_000 + Int64(row)), level: .info, message: $0)
        }
    }
    return builder.finish()
}

func message(_ position: UInt64, _ row: Int, _ padding: Int = 0) -> String {
    "p\(position) r\(row) " + String(repeating: "x", count: padding)
}

extension Store {
    func add(_ position: UInt64, rows: Int = 1, padding: Int = 0, isReplay: Bool = false) {
        append(
            batch(position, rows: rows, padding: padding), position: position,
            ingestTime: Timestamp(nanoseconds: Int64(position)), isReplay: isReplay)
    }

    /// What a query sees, by id.
    func content() throws -> [UInt64: String] { try lodge(snapshot()) }
}

struct Twice: Error { var id: UInt64 }

/// Message, field, label and time of each event by its id.
func lodge(_ snapshot: StoreSnapshot) throws -> [UInt64: String] {
    var result: [UInt64: String] = [:]
    for block in snapshot.blocks {
        let all = RowBitmap(rowCount: block.rowCount, filled: true)
        let ids = try block.ids()
        let times = try block.times()
        let messages = try block.messages(all)
        let numbers = try block.column("number", all)
        let streams = try block.streamIndexes()
        for row in 0..<block.rowCount {
            if result[ids[row]] != nil { throw Twice(id: ids[row]) }
            let label = try block.streams[Int(streams[row])].value(of: "service") ?? []
            result[ids[row]] =
                String(decoding: messages.value(at: row) ?? [], as: UTF8.self) + "|"
                + String(decoding: numbers?.value(at: row) ?? [], as: UTF8.self) + "|"
                + String(decoding: label, as: UTF8.self) + "|\(times[row])"
        }
        guard ids == ids.sorted() else { throw StoreError("ids of a block do not ascend") }
    }
    return result
}

/// What ``lodge(_:)`` must give for batches of so many rows at these positions.
func expected(_ batches: [(position: UInt64, rows: Int)], padding: Int = 0) -> [UInt64: String] {
    var result: [UInt64: String] = [:]
    for (position, rows) in batches {
        for row in 0..<rows {
            result[RowID.make(position: position, row: row)] =
                message(position, row, padding) + "|\(row)|s\(position % 3)|\(Int64(position) * 1_000 + Int64(row))"
        }
    }
    return result
}
