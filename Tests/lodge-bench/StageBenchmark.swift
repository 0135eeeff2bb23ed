import ByteCoding
import LineFormats
import LogModel
import QueryEngine
import QueryLanguage
import StoreFormat
import StoreTestSupport
import SystemIO
import WireProtocol
import ZstdCodec

/// Measures the stages of the way in, one by one and without I/O, on NDJSON batches such as make_corpus.py writes.
///
/// Prints nanoseconds an event and megabytes of JSON a second for each stage, and the size of what comes out.
///
/// - Parameters:
///   - directory: the batches.
///   - levels: zstd levels at which a segment is built besides.
/// - Throws: what reading and decoding throw.
func runStages(_ directory: String, levels: [Int32]) throws {
    let bodies = try FileSystem.list(directory).filter { $0.hasSuffix(".ndjson") }.prefix(2_000)
        .map { try FileSystem.contents(directory + "/" + $0, limit: 64 << 20) }
    let rawBytes = bodies.reduce(0) { $0 + $1.count }

    var builder = EventBatchBuilder()
    let keys = JSONEventDecoder.Keys(
        time: ["ts"], message: ["msg"], labels: ["service", "host", "environment"])

    // The way a request goes: its batch is dropped, and the next one finds its memory in the caches.
    var eventCount = 0
    for body in bodies { eventCount += try decode(body, keys, &builder).count }
    print("\(eventCount) events, \(rawBytes) bytes of JSON in \(bodies.count) batches")
    try measure("decode JSON", events: eventCount, rawBytes: rawBytes) {
        try bodies.reduce(0) { try $0 + decode($1, keys, &builder).memoryBytes }
    }
    var compressor = ZstdCompressor(level: 3)
    let frames = try bodies.map { try compressor.compress($0) }
    let batches = try bodies.map { try decode($0, keys, &builder) }
    var decompressor = ZstdDecompressor()
    try measure("decompress bodies", events: eventCount, rawBytes: rawBytes) {
        try frames.reduce(0) { try $0 + decompressor.decompress($1, limit: 64 << 20).count }
    }
    var records: [[UInt8]] = []
    try measure("encode and compress", events: eventCount, rawBytes: rawBytes) {
        var compressor = ZstdCompressor(level: 1)
        for batch in batches {
            var writer = ByteWriter(capacity: batch.arena.count * 2)
            BatchCodec.encode(batch, into: &writer)
            records.append(try compressor.compress(writer.array()))
        }
        return records.reduce(0) { $0 + $1.count }
    }
    try measure("read back encoded batches", events: eventCount, rawBytes: rawBytes) {
        try records.reduce(0) { total, record in
            let content = try decompressor.decompress(record, limit: 64 << 20)
            return try total + content.withUnsafeBytes { try BatchCodec.decode($0).memoryBytes }
        }
    }
    try measure("read back bodies", events: eventCount, rawBytes: rawBytes) {
        try frames.reduce(0) { total, frame in
            let content = try decompressor.decompress(frame, limit: 64 << 20)
            return try total + decode(content, keys, &builder).memoryBytes
        }
    }
    func build(level: Int32) throws -> [UInt8] {
        var builder = SegmentBuilder(level: level)
        for (index, batch) in batches.enumerated() {
            let ids = (0..<batch.count).map { RowID.make(position: UInt64(index + 1), row: $0) }
            try builder.append(batch, ids: ids, ingestBounds: 0...0)
        }
        _ = try builder.finish()
        var bytes: [UInt8] = []
        builder.output.withPending { bytes.append(contentsOf: $0) }
        return bytes
    }
    var segment: [UInt8] = []
    for level in levels {
        try measure("build segment, zstd \(level)", events: eventCount, rawBytes: rawBytes) {
            segment = try build(level: level)
            return segment.count
        }
        try printSections(segment, eventCount)
    }
    try measure("build segment", events: eventCount, rawBytes: rawBytes) {
        segment = try build(level: 1)
        return segment.count
    }
    try printSections(segment, eventCount)

    let reader = try SegmentReader(MemoryBytes(content: segment))
    print("\nqueries on that segment:")
    for text in [
        "\"NEEDLE-ONCE\"", "zzzzabsent", "\"card declined by processor\" | count() n", "\"GET\" | count() n",
        "level:=ERROR !timeout | count() n", "pay* | count() n", "* | stats by (service, level) count() n",
        "* | stats by (_time:5s, level) count() n", "* | top 10 by (user_id)", "* | count()", "_msg:* | count() n",
    ] {
        let query = try Query(parsing: text)
        var rows = 0
        let start = SystemClock.monotonicNanos()
        _ = try execute(query, on: reader.blocks, .init(now: Timestamp(nanoseconds: 0))) { block in
            rows += block.rows.count
            return true
        }
        let micros = (SystemClock.monotonicNanos() - start) / 1_000
        print("  \(Double(micros) / 1_000) ms  \(rows) rows  \(text)")
    }
    let start = SystemClock.monotonicNanos()
    var newest = 0
    _ = try execute(
        Query(parsing: "level:=ERROR"), on: reader.blocks,
        .init(now: Timestamp(nanoseconds: 0), limit: 100, order: .newestFirst)
    ) { block in
        newest += block.rows.count
        return true
    }
    print(
        "  \(Double((SystemClock.monotonicNanos() - start) / 1_000) / 1_000) ms  \(newest) rows  newest 100 of level:=ERROR"
    )
}

/// Prints what a segment is made of, in bytes an event.
func printSections(_ segment: [UInt8], _ eventCount: Int) throws {
    let footer = try SegmentReader(MemoryBytes(content: segment)).footer
    var sizes: [String: Int] = [:]
    for section in footer.sections { sizes["\(section.kind)", default: 0] += Int(section.length) }
    for block in footer.blocks {
        for (name, section) in [
            ("_time", block.times), ("_id", block.ids), ("_level", block.levels), ("_stream", block.streams),
            ("_msg", block.messages),
        ] { sizes[name, default: 0] += Int(section.length) }
        for column in block.columns { sizes[column.name, default: 0] += Int(column.section.length) }
        for section in block.presences + block.extras { sizes["\(section.kind)", default: 0] += Int(section.length) }
    }
    sizes["footer, header, trailer"] = segment.count - sizes.values.reduce(0, +)
    print("\nsegment by section, bytes an event:")
    for (name, bytes) in sizes.sorted(by: { $0.value > $1.value }).prefix(24) {
        print("  \(name): \(Double(bytes * 1_000 / eventCount) / 1_000)")
    }
}

func measure(_ name: String, events: Int, rawBytes: Int, _ body: () throws -> Int) rethrows {
    let start = SystemClock.monotonicNanos()
    let produced = try body()
    let nanos = Double(SystemClock.monotonicNanos() - start)
    let perEvent = nanos / Double(max(1, events))
    let speed = Double(rawBytes) / nanos * 1_000
    func column(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
    print(
        name + String(repeating: " ", count: max(1, 28 - name.count)) + column("\(Int(perEvent)) ns/event", 16)
            + column("\(Int(speed)) MB/s", 14) + column("\(produced / max(1, events)) bytes/event", 20))
}

func decode(_ body: [UInt8], _ keys: JSONEventDecoder.Keys, _ builder: inout EventBatchBuilder) throws -> EventBatch {
    builder.begin(labels: [])
    var decoder = JSONEventDecoder(keys: keys)
    try body.withUnsafeBytes { raw in
        var scanner = JSONScanner(raw)
        while scanner.offset + 2 < raw.count {
            try decoder.decode(&scanner, into: &builder, arrival: Timestamp(nanoseconds: 0))
        }
    }
    return builder.finish()
}
