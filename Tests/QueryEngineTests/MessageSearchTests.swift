import LogModel
import QueryEngine
import StoreFormat
import TestSupport
import Testing

/// Messages in segments are found by templates and columns, messages in memory by reading them: both find the same.
@Suite struct MessageSearchTests {
    private static func message(_ generator: inout SeededGenerator) -> String {
        func digits(_ count: Int) -> String { (0..<count).map { _ in "\(generator.below(10))" }.joined() }
        func hex(_ count: Int) -> String {
            (0..<count).map { _ in String("0123456789abcdef".randomElement(using: &generator) ?? "0") }.joined()
        }
        switch generator.below(13) {
        case 0: return "GET /api/v\(generator.below(3)) \(200 + generator.below(5)) took=\(generator.below(120))ms"
        case 1: return "blk_\(digits(1 + generator.below(3))) is 0x\(hex(2)) ok"
        case 2: return "user=\(generator.pick(["anna", "Bert", "céline", "42", "a→b", "x y"])) id \(hex(2))"
        case 3: return "at 20\(digits(2))-\(digits(2)) level=\(generator.pick(["error", "warn"])) error \(digits(3))"
        case 4: return "upper \(generator.pick(["DEADBEEF", "deadbeef", "DeadBeef", "cafe"])) pad \(digits(2))"
        case 5: return "session \(digits(1))_\(digits(1 + generator.below(2))) user_\(generator.below(50))x"
        case 6: return "é\(generator.below(30)) naïve\(generator.below(3)) über été"
        case 7: return "counter \(1_000_000 + generator.below(50)) of \(generator.below(20))"
        case 8: return "timeout=\(generator.below(30)) timeouts \(generator.below(9))"
        case 9: return "a\u{1A}b\(generator.below(30)) GET \(digits(2))"
        case 10:
            return
                "rare \(String(repeating: "x", count: generator.below(200))) \(generator.below(9)) user=u\(digits(1))"
        case 11: return "cell n\(generator.below(90))→c\(digits(2))x \(generator.below(3))"
        default: return generator.pick(["", "GET", "42", "0x", "=", "user=", "error error", "timeout"])
        }
    }

    private static func bytes(_ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = Array(message(&generator).utf8)
        if generator.chance(3) { bytes.insert(UInt8(generator.below(256)), at: generator.below(bytes.count + 1)) }
        return bytes
    }

    /// A filter of messages, made of pieces of one of them or of something similar.
    private static func filter(_ generator: inout SeededGenerator, _ messages: [[UInt8]]) -> String {
        func piece() -> String {
            let source = generator.chance(85) ? generator.pick(messages) : Array(message(&generator).utf8)
            let text = String(decoding: source, as: UTF8.self)
            let words = text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
            switch generator.below(5) {
            case 0, 1, 2: return words.isEmpty ? "none" : generator.pick(words)
            case 3:
                let all = Array(text)
                let start = generator.below(all.count + 1)
                return String(all[start..<min(all.count, start + generator.below(25))])
            default: return text
            }
        }
        func quoted(_ text: String) -> String {
            var result = "\""
            for scalar in text.unicodeScalars {
                switch scalar {
                case "\"", "\\": result += "\\" + String(scalar)
                case "\u{0}"..<" ": result += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
                default: result.unicodeScalars.append(scalar)
                }
            }
            return result + "\""
        }
        let text = quoted(piece())
        switch generator.below(9) {
        case 0, 1, 2: return text
        case 3: return "\(text)*"
        case 4: return "i(\(text))"
        case 5: return "_msg:=\(text)"
        case 6: return "_msg:=\(text)*"
        case 7: return "_msg:in(\(text), \(quoted(piece())))"
        default: return "\(text) \(quoted(piece())) or !\(quoted(piece()))"
        }
    }

    @Test func templatesFindWhatMessagesHave() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        var matches = 0
        for size in [40, 700, 3_000] {
            let messages = (0..<size).map { _ in Self.bytes(&generator) }
            let events = messages.enumerated().map { index, message in
                var event = PlainEvent(Int64(index), "")
                event.message = message
                return event
            }
            let plain = [try memoryBlock(events)]
            let stored = try segmentBlocks(events)
            if size == 3_000 {
                let none = MessageSearch(alternatives: [], isOneWord: false, passes: nil)
                let all = RowBitmap(rowCount: size, filled: true)
                #expect(try stored[0].messageCandidates(none, among: all) != nil, "not split, seed \(seed)")
            }
            for _ in 0..<400 {
                let filter = Self.filter(&generator, messages)
                let expected = try run(filter, on: plain)
                let found = try run(filter, on: stored)
                matches += expected.rows.count
                guard canonical(found.rows) == canonical(expected.rows), found.summary.isComplete else {
                    Issue.record("\(filter): \(found.rows.count) rows, not \(expected.rows.count); seed \(seed)")
                    return
                }
            }
        }
        #expect(matches > 1_000, "seed \(seed)")
    }

    @Test func wordsOfTemplatesAreFoundWithoutReadingMessages() throws {
        let events = (0..<3_000).map { PlainEvent(Int64($0), "request \($0) of user_\($0 % 50) took=\($0 % 7)ms") }
        let block = SpyBlock(try segmentBlocks(events)[0])
        for (filter, count) in [
            ("request", 3_000), ("absent", 0), ("req*", 3_000), ("i(REQUEST)", 3_000), ("\"of user\"", 0),
            ("user_17", 60), ("17", 1), ("6ms", 428), ("5m*", 428), ("took", 3_000), ("\"request 17\"", 1),
        ] {
            let answer = try run(filter + " | stats count() n", on: [block])
            #expect(values("n", of: answer) == ["\(count)"], "\(filter)")
            if filter != "\"request 17\"" { #expect(!block.reads.contains("_msg"), "\(filter)") }
        }
        #expect(block.reads.contains("_msg"))
    }
}
