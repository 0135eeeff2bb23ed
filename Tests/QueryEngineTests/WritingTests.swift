import ByteCoding
import LineFormats
import LogModel
import QueryEngine
import StoreFormat
import TestSupport
import Testing

@Suite struct WritingTests {
    private func events(_ generator: inout SeededGenerator) -> [PlainEvent] {
        let bytes: [[UInt8]] = [
            Array("plain".utf8), [], Array("\"quoted\" \\ back".utf8),
            [0, 1, 0x1F, 0x7F, 0x0A, 0x0D, 0x09, 0x08, 0x0C],
            [0xFF, 0x41, 0xC3], [0xED, 0xA0, 0x80], Array("é 漢字 \u{1F600} \u{2028}".utf8), [0xF0, 0x9F, 0x98],
        ]
        return (0..<60).map { number in
            var event = PlainEvent(Int64(bitPattern: generator.next()) >> 3, "")
            event.message = generator.pick(bytes)
            if generator.chance(70) { event.labels["service"] = "a\"b" }
            if generator.chance(50) { event.labels["team"] = "t" }
            for name in ["level", "host", "service", "team", "x y", "\"", "ts", "msg", "é", "twice"]
            where generator.chance(40) {
                event.fields.append((name, generator.pick(bytes)))
            }
            if generator.chance(20) { event.fields += [("twice", [0x31]), ("twice", [0x32])] }
            return event
        }
    }

    /// Bytes as text. How many U+FFFD stand for a run of invalid bytes does not matter.
    private func repaired(_ bytes: [UInt8]) -> String { collapsed(String(decoding: bytes, as: UTF8.self)) }

    private func collapsed(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where scalar != "\u{FFFD}" || result.last != scalar { result.append(scalar) }
        return String(result)
    }

    private func collapsed(_ value: JSONValue) -> JSONValue { value.string.map { .string(collapsed($0)) } ?? value }

    private func object(_ bytes: [UInt8]) throws -> [String: JSONValue] {
        let members = try #require(try JSONValue(parsing: bytes).members)
        #expect(Set(members.map(\.key)).count == members.count, "a key comes twice")
        return Dictionary(members.map { ($0.key, collapsed($0.value)) }) { $1 }
    }

    private func normalised(_ bytes: [UInt8]) throws -> [String: [String: JSONValue]] {
        var top = try object(bytes)
        let meta = try #require(top["meta"]?.members)
        #expect(Set(meta.map(\.key)).count == meta.count, "a key of meta comes twice")
        top["meta"] = nil
        return ["top": top, "meta": Dictionary(meta.map { ($0.key, collapsed($0.value)) }) { $1 }]
    }

    @Test func linesHoldEachValueRepaired() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let events = events(&generator)
        for block in [try memoryBlock(events)] + (try segmentBlocks(events)) {
            for result in try run("*", on: [block]).blocks {
                var writer = ByteWriter()
                result.writeLines(to: &writer)
                let lines = writer.array().split(separator: 0x0A)
                #expect(lines.count == events.count)
                for (line, event) in zip(lines, events) {
                    let expected = event.row.mapValues { JSONValue.string(repaired($0)) }
                    #expect(try object(Array(line)) == expected, "seed \(seed)")
                }
            }
        }
    }

    @Test func anEventOfABatchAndOfAResultIsTheSameLog() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let events = events(&generator)
        let batch = batch(of: events)
        for blocks in [[try memoryBlock(events)], try segmentBlocks(events)] {
            let result = try #require(try run("*", on: blocks).blocks.first)
            for index in events.indices {
                var fromBatch = ByteWriter()
                batch.writeLog(index, to: &fromBatch)
                var fromResult = ByteWriter()
                result.writeLog(index, to: &fromResult)
                let log = try normalised(fromBatch.array())
                #expect(try normalised(fromResult.array()) == log, "event \(index), seed \(seed)")
                let row = events[index].row
                #expect(log["top"]?["msg"]?.string == repaired(events[index].message))
                #expect(log["top"]?["service"]?.string == row["service"].map { repaired($0) })
                #expect(log["meta"]?["team"]?.string == row["team"].map { repaired($0) })
                #expect(log["meta"]?["ts"]?.string == row["ts"].map { repaired($0) })
                #expect(log["top"]?["ts"]?.string == Timestamp(nanoseconds: events[index].time).description)
            }
        }
    }

    @Test func aFieldCannotTakeThePlaceOfAPartOfTheEvent() throws {
        let events = [
            PlainEvent(1, "real", fields: [("_msg", "false"), ("_time", "never"), ("_stream", "{}"), ("ok", "1")])
        ]
        for blocks in [[try memoryBlock(events)], try segmentBlocks(events)] {
            let answer = try run("*", on: blocks)
            #expect(answer.rows.map(describe) == ["_msg=real; _stream={}; _time=1970-01-01T00:00:00.000000001Z; ok=1"])
        }
        var writer = ByteWriter()
        batch(of: events).writeLog(0, to: &writer)
        #expect(
            String(decoding: writer.array(), as: UTF8.self)
                == "{\"ts\":\"1970-01-01T00:00:00.000000001Z\",\"msg\":\"real\",\"meta\":{\"ok\":\"1\"}}")
    }

    @Test func aRowWithoutFieldsIsAnEmptyObject() throws {
        let result = try #require(
            try run("* | fields nosuch", on: [try memoryBlock([PlainEvent(1, "m")])]).blocks.first)
        var writer = ByteWriter()
        result.writeLines(to: &writer)
        result.writeLog(0, to: &writer)
        #expect(String(decoding: writer.array(), as: UTF8.self) == "{}\n{\"meta\":{}}")
    }
}
