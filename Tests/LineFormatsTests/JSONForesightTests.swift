import LineFormats
import LogModel
import TestSupport
import Testing

/// The short cuts of reading JSON give what the long way gives.
@Suite struct JSONForesightTests {
    /// What became of a line: its columns by name, or the error.
    private struct Outcome: Equatable {
        var time: Int64 = 0
        var level: UInt8 = 0
        var message: [UInt8] = []
        var stream = ""
        var fields: [String: [UInt8]] = [:]
        var error: JSONError?
    }

    private static let keys = JSONEventDecoder.Keys(
        time: ["ts"], message: ["msg"], labels: ["service", "a.b"], unwrapping: "meta")

    private func outcome(
        _ line: [UInt8], _ decoder: inout JSONEventDecoder, _ builder: inout EventBatchBuilder
    ) -> JSONError? {
        line.withUnsafeBytes { raw in
            var scanner = JSONScanner(raw)
            do throws(JSONError) {
                try decoder.decode(
                    &scanner, into: &builder, arrival: Timestamp(nanoseconds: 42), isWholeText: true)
                return nil
            } catch {
                return error
            }
        }
    }

    private func row(_ row: Int, of batch: EventBatch) -> Outcome {
        var result = Outcome()
        result.time = batch.timestamps[row]
        result.level = batch.levels[row]
        result.message = batch.bytes(of: batch.messages[row])
        result.stream = batch.streams[Int(batch.streamIndexes[row])].text
        for field in batch.fields[Int(batch.fieldStarts[row])..<Int(batch.fieldStarts[row + 1])] {
            result.fields[batch.fieldNames[Int(field.name)]] = batch.bytes(of: field.value)
        }
        return result
    }

    private func line(_ random: inout SeededGenerator) -> [UInt8] {
        let keys = [
            "ts", "msg", "level", "service", "a", "ab", "abc", "a.b", "meta", "quite_a_long_name_of_a_field", "",
        ]
        let values = [
            "1", "\"x\"", "\"\"", "null", "[1,\"]\"]", "{\"b\":\"c\"}", "\"2025-06-15T14:00:00Z\"", "\"q\\\"\\u00e4\"",
            "\"a value that is longer than sixteen bytes\"", "{\"ts\":\"7\",\"k\":{}}", "-0.5e-3", "01", "\"\\x\"",
            "tru",
        ]
        let blank = Int.random(in: 0..<4, using: &random) == 0 ? " " : ""
        // Mostly in one order, so that there is something to foresee.
        var members: [String] = []
        for key in keys where Int.random(in: 0..<4, using: &random) > 0 {
            let bound = Int.random(in: 0..<8, using: &random) == 0 ? values.count : 9
            let value = values[Int.random(in: 0..<bound, using: &random)]
            members.append("\(blank)\"\(key)\"\(blank):\(blank)\(value)\(blank)")
        }
        if Int.random(in: 0..<5, using: &random) == 0 { members.shuffle(using: &random) }
        var bytes = Array("{\(members.joined(separator: ","))}".utf8)
        switch Int.random(in: 0..<12, using: &random) {
        case 0: bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
        case 1: bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        default: break
        }
        return bytes
    }

    @Test func aLineIsReadAlikeWhateverStoodBeforeIt() {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        var builder = EventBatchBuilder()
        var decoder = JSONEventDecoder(keys: Self.keys)
        var expected: [Outcome] = []
        for _ in 0..<5_000 {
            let line = line(&random)
            let error = outcome(line, &decoder, &builder)
            var aloneBuilder = EventBatchBuilder()
            var alone = JSONEventDecoder(keys: Self.keys)
            let errorAlone = outcome(line, &alone, &aloneBuilder)
            #expect(error == errorAlone, "seed \(seed): \(String(decoding: line, as: UTF8.self))")
            if errorAlone == nil { expected.append(row(0, of: aloneBuilder.finish())) }
        }
        let batch = builder.finish()
        #expect(batch.count == expected.count)
        #expect(expected.count > 1_000, "seed \(seed)")
        for (index, outcome) in expected.enumerated() where index < batch.count {
            #expect(row(index, of: batch) == outcome, "seed \(seed), row \(index)")
        }
    }

    @Test func stringsEndWhereALookAtEachByteSaysTheyEnd() {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        let special: [UInt8] = [0x22, 0x5C, 0x00, 0x1F, 0x20, 0x21, 0x23, 0x5B, 0x5D, 0x7F, 0x80, 0xA2, 0xDC, 0xFF]
        for round in 0..<20_000 {
            var text: [UInt8] = [0x22]
            for _ in 0..<Int.random(in: 0...70, using: &random) {
                let isSpecial = Int.random(in: 0..<20, using: &random) == 0
                text.append(
                    isSpecial ? special[Int.random(in: 0..<special.count, using: &random)] : 0x61 + UInt8(round % 26))
            }
            if round % 3 > 0 { text.append(0x22) }
            var end = 1
            var hasEscapes = false
            while end < text.count, text[end] != 0x22, text[end] >= 0x20 {
                if text[end] == 0x5C { hasEscapes = true }
                end += text[end] == 0x5C ? 2 : 1
            }
            text.withUnsafeBytes { raw in
                var scanner = JSONScanner(raw)
                do {
                    let token = try scanner.string()
                    #expect(end < raw.count && raw[end] == 0x22, "seed \(seed)")
                    #expect(token.raw.count == end - 1 && token.hasEscapes == hasEscapes, "seed \(seed)")
                    #expect(scanner.offset == end + 1)
                } catch {
                    #expect(end >= raw.count || raw[end] < 0x20, "seed \(seed)")
                }
            }
        }
    }
}
