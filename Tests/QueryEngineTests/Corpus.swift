import ByteCoding
import LogModel
import StoreFormat
import StoreTestSupport
import TestSupport

/// A row as queries see it: everything by name.
typealias Row = [String: [UInt8]]

/// An event in the plainest form.
struct PlainEvent {
    var time: Int64
    var id: UInt64 = 0
    var labels: [String: String] = [:]
    var fields: [(name: String, value: [UInt8])] = []
    var message: [UInt8]
    var level = Level.info

    init(_ time: Int64, _ message: String, labels: [String: String] = [:], fields: [(String, String)] = []) {
        self.time = time
        self.message = Array(message.utf8)
        self.labels = labels
        self.fields = fields.map { ($0.0, Array($0.1.utf8)) }
    }

    var streamText: String {
        let pairs = labels.sorted { $0.key < $1.key }.map { name, value in
            name + "=\"" + value.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"")
                + "\""
        }
        return "{" + pairs.joined(separator: ",") + "}"
    }

    var row: Row {
        var row: Row = [:]
        for (name, value) in labels { row[name] = Array(value.utf8) }
        for field in fields { row[field.name] = field.value }
        row["_time"] = Array(Timestamp(nanoseconds: time).description.utf8)
        row["_msg"] = message
        row["_stream"] = Array(streamText.utf8)
        return row
    }
}

func batch(of events: [PlainEvent]) -> EventBatch {
    var builder = EventBatchBuilder()
    for event in events {
        for (name, value) in event.labels {
            let number = builder.name(name)
            Array(value.utf8).withUnsafeBytes { builder.add(label: number, value: $0) }
        }
        for field in event.fields {
            let number = builder.name(field.name)
            field.value.withUnsafeBytes { builder.add(field: number, value: $0) }
        }
        event.message.withUnsafeBytes {
            builder.endEvent(time: Timestamp(nanoseconds: event.time), level: event.level, message: $0)
        }
    }
    return builder.finish()
}

func segment(_ batches: [(position: UInt64, batch: EventBatch)]) throws -> [UInt8] {
    var builder = SegmentBuilder()
    for (position, batch) in batches {
        let ids = (0..<batch.count).map { RowID.make(position: position, row: $0) }
        try builder.append(batch, ids: ids, ingestBounds: Int64(position)...Int64(position))
    }
    _ = try builder.finish()
    var bytes: [UInt8] = []
    builder.output.withPending { bytes.append(contentsOf: $0) }
    return bytes
}

func memoryBlock(_ events: [PlainEvent], position: UInt64 = 1) throws -> any BlockSource {
    guard let block = BatchBlock(batch(of: events), position: position, ingestTime: 0) else {
        throw StoreFormatError("no events")
    }
    return block
}

func segmentBlocks(_ events: [PlainEvent], position: UInt64 = 1) throws -> [any BlockSource] {
    try SegmentReader(MemoryBytes(content: try segment([(position, batch(of: events))]))).blocks
}

/// The same events twice: as blocks and plain.
struct Corpus {
    var events: [PlainEvent] = []
    var blocks: [any BlockSource] = []

    static let epoch: Int64 = 1_750_000_000_000_000_000
    static let words = [
        "error", "Error", "timeout", "error_code", "connect", "ssh", "a", "42", "été", "привет", "user", "userX", "-",
    ]
    static let services = ["cart", "auth", "pay"]
    static let fieldNames = ["level", "http.status", "http.path", "x-request-id", "host", "region", "weird name", "la"]
    static let values = ["", "ERROR", "info", "200", "404", "/a/b", "h1", "h2", "eu", "error timeout", "17", "-3"]

    /// Random batches, some in memory and some in segments, of which some are stripped, after one another and of many sizes. A wide corpus has a
    /// batch with more fields than a block has columns.
    init(_ generator: inout SeededGenerator, batches: Int, wide: Bool) throws {
        var pending: [(UInt64, EventBatch)] = []
        for number in 0..<batches {
            let position = UInt64(number * 3 + 5)
            let size = generator.pick([1, 2, 7, 30, 65, 90])
            // Some batches overlap in time with others, or share one moment.
            let start = Corpus.epoch + Int64(generator.below(20)) * 1_000_000_000
            var made = (0..<size).map { row in Corpus.event(&generator, start, row) }
            if wide, number == batches / 2 {
                for row in made.indices {
                    for column in 0..<560 where (column + row) % 3 > 0 {
                        made[row].fields.append(("wide-\(column)", Array("v\(column * row % 7)".utf8)))
                    }
                }
            }
            for row in made.indices {
                made[row].id = RowID.make(position: position, row: row)
                made[row].fields.append(("seq", Array("\(events.count + row)".utf8)))
            }
            events += made
            pending.append((position, batch(of: made)))
            if generator.chance(50) {
                let content = try segment(pending)
                blocks += try SegmentReader(
                    MemoryBytes(content: generator.chance(30) ? try stripped(content) : content)
                ).blocks
            } else {
                blocks += pending.compactMap { BatchBlock($0.1, position: $0.0, ingestTime: 0) as (any BlockSource)? }
            }
            pending = []
        }
    }

    private static func event(_ generator: inout SeededGenerator, _ start: Int64, _ row: Int) -> PlainEvent {
        let text = (0..<generator.below(6)).map { _ in generator.pick(words) }.joined(
            separator: generator.pick([" ", "/"]))
        var event = PlainEvent(start + Int64(row / 3) * Int64(generator.pick([0, 1, 250_000_000])), text)
        if generator.chance(8) { event.message += [0xFF, 0xC3, 0x28, 0x00, 0x0D] + Array("error".utf8) }
        if generator.chance(85) { event.labels["service"] = generator.pick(services) }
        // `host` and `region` are labels of some events and fields of others, or both.
        if generator.chance(50) { event.labels["host"] = generator.pick(["h1", "h2"]) }
        if generator.chance(10) { event.labels["region"] = "eu" }
        for name in fieldNames where generator.chance(35) {
            event.fields.append((name, Array(generator.pick(values).utf8)))
            if generator.chance(4) { event.fields[event.fields.count - 1].value = [0xFE, 0x41] }
        }
        return event
    }
}

/// Sorted, so that two lists of rows can be compared whatever their order.
func canonical(_ rows: [Row]) -> [String] { rows.map(describe).sorted() }

func describe(_ row: Row) -> String {
    row.sorted { $0.key < $1.key }.map { name, value in
        "\(name)="
            + (value.allSatisfy { $0 >= 0x20 && $0 < 0x7F } ? String(decoding: value, as: UTF8.self) : "\(value)")
    }.joined(separator: "; ")
}
