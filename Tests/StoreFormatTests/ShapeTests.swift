import ByteCoding
import LogModel
import StoreTestSupport
import TestSupport
import Testing

@testable import StoreFormat

/// Nothing is refused for its shape: what is too much for one form is kept in a plainer one, and that is counted.
@Suite struct ShapeTests {
    /// An event as a test makes it.
    private struct Event {
        var stream = "s"
        var message: [UInt8] = Array("m".utf8)
        var fields: [(name: String, value: [UInt8])] = []
    }

    /// Writes events, checks that all come back byte for byte, and says what was degraded.
    private func roundTrip(
        _ events: [Event], sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> (DegradedColumns, SegmentReader) {
        var builder = SegmentBuilder()
        var position: UInt64 = 0
        for first in stride(from: 0, to: events.count, by: 10_000) {
            var batch = EventBatchBuilder(labels: [])
            let label = batch.name("stream")
            for event in events[first..<min(events.count, first + 10_000)] {
                for field in event.fields {
                    let name = batch.name(field.name)
                    field.value.withUnsafeBytes { batch.add(field: name, value: $0) }
                }
                Array(event.stream.utf8).withUnsafeBytes { batch.add(label: label, value: $0) }
                event.message.withUnsafeBytes {
                    batch.endEvent(time: Timestamp(nanoseconds: 1), level: .info, message: $0)
                }
            }
            let finished = batch.finish()
            position += 1
            let ids = (0..<finished.count).map { RowID.make(position: position, row: $0) }
            try builder.append(finished, ids: ids, ingestBounds: 0...0)
        }
        _ = try builder.finish()
        var bytes: [UInt8] = []
        builder.output.withPending { bytes.append(contentsOf: $0) }
        let reader = try SegmentReader(MemoryBytes(content: bytes))
        try reader.verify()
        var first = 0
        for block in reader.blocks {
            let all = RowBitmap(rowCount: block.rowCount, filled: true)
            let messages = try block.messages(all)
            let streams = try block.streamIndexes()
            let known = try block.streams
            var expected: [String: [[UInt8]?]] = [:]
            for row in 0..<block.rowCount {
                let event = events[first + row]
                #expect(messages.value(at: row) == event.message, "row \(first + row)", sourceLocation: sourceLocation)
                #expect(known[Int(streams[row])].value(of: "stream") == Array(event.stream.utf8))
                for field in event.fields {
                    expected[field.name, default: Array(repeating: nil, count: block.rowCount)][row] = field.value
                }
            }
            #expect(Set(block.fieldNames) == Set(expected.keys), sourceLocation: sourceLocation)
            for (name, values) in expected {
                let column = try #require(try block.column(name, all), sourceLocation: sourceLocation)
                #expect((0..<block.rowCount).map { column.value(at: $0) } == values, sourceLocation: sourceLocation)
            }
            first += block.rowCount
        }
        #expect(first == events.count, sourceLocation: sourceLocation)
        return (builder.degraded, reader)
    }

    @Test func aThousandFields() throws {
        let events = (0..<30).map { row in
            Event(fields: (0..<1_000).map { ("field \($0)", Array("\(row * $0)".utf8)) })
        }
        let (degraded, _) = try roundTrip(events)
        #expect(degraded == DegradedColumns(packedFields: 488, packedValues: 488 * 30))
    }

    @Test func valuesThatAreAllDifferent() throws {
        var maker = MessageMaker(generator: SeededGenerator(seed: drawSeed()))
        let events = (0..<9_000).map { row in
            Event(fields: [("id", Array("\(row * 7_919)".utf8)), ("noise", maker.noise() + Array(" \(row)".utf8))])
        }
        #expect(try roundTrip(events).0 == DegradedColumns())
    }

    @Test func aTemplateForEachRow() throws {
        let letters = Array("ghijklmnopqrstuvwxyz".utf8)
        var maker = MessageMaker(generator: SeededGenerator(seed: drawSeed()))
        let events = (0..<5_000).map { _ in Event(message: maker.bytes(40) { letters[$0.number(letters.count)] }) }
        #expect(try roundTrip(events).0 == DegradedColumns(textMessages: 5_000))
    }

    @Test func linesOfAMegabyte() throws {
        var maker = MessageMaker(generator: SeededGenerator(seed: drawSeed()))
        let events = (0..<20).map { row in
            let long = [UInt8](repeating: UInt8(maker.number(256)), count: 1 << 20) + maker.noise()
            return row % 2 == 0 ? Event(message: long) : Event(fields: [("stack", long)])
        }
        _ = try roundTrip(events)
    }

    @Test func aHundredThousandStreams() throws {
        let events = (0..<100_000).map { row in
            Event(stream: "stream \(row * 31)", fields: row % 10 == 0 ? [("v", Array("\(row)".utf8))] : [])
        }
        let (degraded, reader) = try roundTrip(events)
        #expect(try reader.streams.count == 100_000)
        // They are not held by the reader: whoever holds it pays for the footer alone.
        #expect(reader.streamCount == 100_000 && reader.streamBytes > 10 << 20 && reader.memoryBytes < 1 << 20)
        #expect(degraded.missingRollups == 1)
        #expect(try reader.rollup() == nil)
    }

    @Test func emptyAndDoubleNames() throws {
        let events = (0..<200).map { row in
            Event(fields: [
                ("", Array("\(row)".utf8)), ("twice", Array("first".utf8)), ("twice", Array("\(row) again".utf8)),
                ("empty", []),
            ])
        }
        #expect(try roundTrip(events).0 == DegradedColumns())
    }

    @Test func anyBytes() throws {
        let seed = drawSeed()
        var maker = MessageMaker(generator: SeededGenerator(seed: seed))
        for _ in 0..<6 {
            let events = (0..<(1 + maker.number(1_500))).map { _ in
                var event = Event(message: maker.noise())
                for field in 0..<maker.number(6) { event.fields.append(("f\(field)", maker.noise())) }
                event.stream = "s\(maker.number(20))"
                return event
            }
            _ = try roundTrip(events)
        }
    }
}
