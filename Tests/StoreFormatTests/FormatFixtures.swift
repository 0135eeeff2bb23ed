import ByteCoding
import Glibc
import LogModel
import StoreFormat
import StoreTestSupport
import Testing

/// A segment file of every version that was ever written, and their events as text. They must open for ever.
///
/// `Tests/Fixtures/StoreFormat/v<version>.segment` and `events.txt`. After a change of the version, run this suite once
/// with `LODGE_UPDATE_GOLDENS=1`: the file of the new version is written, all others are never touched.
@Suite struct FormatFixtures {
    static let versions = SegmentVersion.allCases

    private static func path(_ name: String) -> String {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
        return "\(root)/Fixtures/StoreFormat/\(name)"
    }

    @Test(arguments: versions) func aSegmentOfEveryVersionOpens(version: SegmentVersion) throws {
        let file = Self.path("v\(version.rawValue).segment")
        if version == SegmentBuilder.version, getenv("LODGE_UPDATE_GOLDENS") != nil {
            write(try FixtureEvents.segment(), to: file)
        }
        let segment = try #require(read(file), "no fixture of version \(version.rawValue)")
        let expected = try #require(read(Self.path("events.txt")))
        #expect(segment.count > 1_000)
        #expect(try Self.events(segment) == String(decoding: expected, as: UTF8.self))
        #expect(try Self.events(stripped(segment)) == String(decoding: expected, as: UTF8.self))
    }

    /// What is written today stands for the same events as the fixture, whatever its bytes.
    @Test func todaysFormatKeepsTheSameEvents() throws {
        let expected = try #require(read(Self.path("events.txt")))
        #expect(try Self.events(FixtureEvents.segment()) == String(decoding: expected, as: UTF8.self))
    }

    /// Every event as a line: id, time, level, stream, message, and fields by name; bytes in hexadecimal.
    private static func events(_ segment: [UInt8]) throws -> String {
        let reader = try SegmentReader(MemoryBytes(content: segment))
        try reader.verify()
        var text = ""
        for block in reader.blocks {
            let all = RowBitmap(rowCount: block.rowCount, filled: true)
            let (ids, times, levels) = (try block.ids(), try block.times(), try block.levels())
            let (streams, messages) = (try block.streamIndexes(), try block.messages(all))
            let columns = try block.fieldNames.sorted().map { ($0, try block.column($0, all)) }
            for row in 0..<block.rowCount {
                text += "\(ids[row]) \(times[row]) \(levels[row]) \(try block.streams[Int(streams[row])].text) "
                text += hexadecimal(messages.value(at: row) ?? [])
                for (name, column) in columns {
                    guard let value = column?.value(at: row) else { continue }
                    text += " \(name)=\(hexadecimal(value))"
                }
                text += "\n"
            }
        }
        return text
    }

    /// Long values are told by length and checksum.
    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        if bytes.count > 1_000 { return "\(bytes.count)#\(String(crc32c(bytes), radix: 16))" }
        return bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    private func write(_ bytes: [UInt8], to path: String) {
        guard let file = fopen(path, "w") else {
            Issue.record("cannot write \(path)")
            return
        }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }

    private func read(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return bytes
    }
}

/// Events of every shape that the format treats in a way of its own; the same ones for ever.
enum FixtureEvents {
    static func segment() throws -> [UInt8] {
        var builder = SegmentBuilder()
        for (number, batch) in [services(), oddities(), manyFields()].enumerated() {
            let ids = (0..<batch.count).map { RowID.make(position: UInt64(number + 7), row: $0) }
            let arrival = 1_750_000_000_000_000_000 + Int64(number) * 1_000_000
            try builder.append(batch, ids: ids, ingestBounds: arrival...arrival)
        }
        _ = try builder.finish()
        var bytes: [UInt8] = []
        builder.output.withPending { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// The numbers that the fixtures were made from; they stay as they are.
    private struct FixtureNumbers {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    /// Lines of services whose fields are of all the types that values look like.
    private static func services() -> EventBatch {
        var random = FixtureNumbers(state: 41)
        var builder = EventBatchBuilder(labels: [.init("service", "cart"), .init("host", "web-1")])
        for row in 0..<400 {
            let trace = random.next()
            let values: [(String, String?)] = [
                ("trace_id", padded(trace, 16)),
                ("uuid", "\(padded(trace, 8))-\(padded(trace >> 7, 4))-4abc-8def-\(padded(random.next(), 12))"),
                ("user_id", "\(random.next() % 100_000)"),
                ("signed", "\(Int64(random.next() % 2_000) - 1_000)"),
                ("zeros", padded(UInt64(row % 77), 6)),
                ("latency_ms", "\(random.next() % 900).\(random.next() % 90 + 10)"),
                ("client", "10.\(random.next() % 4).\(random.next() % 256).\(row % 250)"),
                ("ok", row % 3 == 0 ? "true" : "false"),
                ("at", "2025-06-15T14:00:\(row % 50 + 10).\(random.next() % 900 + 100)Z"),
                ("region", ["eu", "us", "ap"][row % 3]),
                ("sparse", row % 60 == 7 ? "seen \(row)" : nil),
            ]
            for (name, value) in values {
                guard let value else { continue }
                let field = builder.name(name)
                add(value) { builder.add(field: field, value: $0) }
            }
            let message = "order=\(row * 7) took \(random.next() % 500)ms for user \(padded(trace, 16)) at /v1/items"
            let time = Timestamp(nanoseconds: 1_750_000_000_000_000_000 + Int64(row) * 1_500_000)
            let level = Level.allCases[row % Level.allCases.count]
            add(message) { builder.endEvent(time: time, level: level, message: $0) }
        }
        return builder.finish()
    }

    /// Messages and values that are hard: empty, long, invalid UTF-8, NUL, the byte that stands for variables.
    private static func oddities() -> EventBatch {
        var builder = EventBatchBuilder(labels: [.init("service", "odd"), .init("host", "")])
        let field = builder.name("v")
        let values: [[UInt8]] = [
            [], [0], [0xFF, 0xFE], Array("ünï ☃".utf8), [0x1A, 0x31, 0x1A], Array(repeating: 0x61, count: 70_000),
            Array("00".utf8), Array("18446744073709551616".utf8), Array("-0".utf8), Array("1e5".utf8),
        ]
        for (row, value) in values.enumerated() {
            value.withUnsafeBytes { builder.add(field: field, value: $0) }
            let time = Timestamp(nanoseconds: row % 2 == 0 ? .min + Int64(row) : .max - Int64(row))
            value.reversed().withUnsafeBytes { builder.endEvent(time: time, level: .unknown, message: $0) }
        }
        return builder.finish()
    }

    /// One event with more fields than get a column of their own.
    private static func manyFields() -> EventBatch {
        var builder = EventBatchBuilder(labels: [.init("service", "wide")])
        for number in 0..<600 {
            let name = builder.name("f\(number)")
            add("\(number)") { builder.add(field: name, value: $0) }
        }
        add("wide") { builder.endEvent(time: Timestamp(nanoseconds: 1), level: .info, message: $0) }
        return builder.finish()
    }

    private static func add(_ text: String, _ body: (UnsafeRawBufferPointer) -> Void) {
        Array(text.utf8).withUnsafeBytes(body)
    }

    private static func padded(_ value: UInt64, _ count: Int) -> String {
        let digits = String(value, radix: 16)
        return String((String(repeating: "0", count: count) + digits).suffix(count))
    }
}
