import LogModel
import QueryEngine
import StoreFormat
import TestSupport
import Testing

@Suite struct PatternsTests {
    /// The pattern of a message, slowly: tokens are runs of ASCII word bytes and of all bytes from 0x80.
    private func pattern(of message: [UInt8]) -> String {
        if message.contains(0x1A) { return "<*>" }
        func isToken(_ byte: UInt8) -> Bool {
            byte >= 0x80 || byte == 0x5F || Character(Unicode.Scalar(byte)).isLetter
                || Character(Unicode.Scalar(byte)).isNumber
        }
        var parts: [String] = []
        var index = 0
        while index < message.count {
            var end = index
            while end < message.count, isToken(message[end]) == isToken(message[index]) { end += 1 }
            let text = message[index..<end]
            let hasDigit = text.contains { (0x30...0x39).contains($0) }
            let isHexadecimal = text.count >= 4 && text.allSatisfy { Array("0123456789abcdefABCDEF".utf8).contains($0) }
            let isBehindEquals = index > 0 && message[index - 1] == 0x3D
            if isToken(message[index]), hasDigit || isHexadecimal || isBehindEquals {
                parts.append("<*>")
            } else {
                parts.append(String(decoding: text, as: UTF8.self))
            }
            index = end
        }
        // Three variables with slashes between them, and no more, look like a date.
        var result: [String] = []
        while !parts.isEmpty {
            var count = 0
            while count < parts.count, parts[count] == (count % 2 == 0 ? "<*>" : "/") { count += 1 }
            if count % 2 == 0, count > 0 { count -= 1 }
            result += count == 5 ? ["<date>"] : parts.prefix(max(1, count))
            parts.removeFirst(max(1, count))
        }
        return result.joined()
    }

    @Test func theFirstRowsOfALongBlockHavePatterns() throws {
        let events = (0..<200).map { PlainEvent(Int64($0), "request \($0) done") }
        for blocks in [[try memoryBlock(events)], try segmentBlocks(events)] {
            let answer = try run("* | limit 3 | patterns", on: blocks)
            #expect(values("pattern", of: answer) == ["request <*> done"])
            #expect(values("hits", of: answer) == ["3"])
        }
    }

    private struct Expected: Equatable {
        var hits = 0
        var first = Int64.max
        var last: (time: Int64, id: UInt64) = (.min, 0)
        var example: [UInt8] = []

        static func == (left: Expected, right: Expected) -> Bool {
            left.hits == right.hits && left.first == right.first && left.last == right.last
                && left.example == right.example
        }
    }

    @Test(arguments: ["*", "error", "service:cart"])
    func patternsAreThoseOfEachMessageByItself(filter: String) throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let corpus = try Corpus(&generator, batches: 8, wide: false)
            var expected: [String: Expected] = [:]
            for event in corpus.events {
                let row = event.row
                if filter == "error", !naive.matches(row, labels: event.labels) { continue }
                if filter == "service:cart", row["service"] != Array("cart".utf8) { continue }
                let service = String(decoding: row["service"] ?? [], as: UTF8.self)
                var group = expected[pattern(of: event.message) + "|" + service] ?? Expected()
                group.hits += 1
                group.first = min(group.first, event.time)
                if (event.time, event.id) >= group.last {
                    group.last = (event.time, event.id)
                    group.example = event.message
                }
                expected[pattern(of: event.message) + "|" + service] = group
            }
            let answer = try run("\(filter) | patterns by (service)", on: corpus.blocks.shuffled(using: &generator))
            #expect(answer.rows.count == expected.count, "seed \(seed)")
            var last = Int.max
            for row in answer.rows {
                func text(_ name: String) -> String { String(decoding: row[name] ?? [], as: UTF8.self) }
                let group = try #require(expected[text("pattern") + "|" + text("service")], "seed \(seed)")
                #expect(text("hits") == "\(group.hits)", "seed \(seed)")
                #expect(text("first_seen") == Timestamp(nanoseconds: group.first).description, "seed \(seed)")
                #expect(text("last_seen") == Timestamp(nanoseconds: group.last.time).description, "seed \(seed)")
                #expect(row["example"] ?? [] == group.example, "seed \(seed)")
                #expect(group.hits <= last, "the most frequent first; seed \(seed)")
                last = group.hits
            }
        }
    }

    private let naive = NaiveFilter.phrase("_msg", Array("error".utf8), isPrefix: false, ignoringCase: false)

    private func spies(broken: Set<String> = []) throws -> [SpyBlock] {
        try (0..<3).map { number in
            let events = (0..<40).map { PlainEvent(Int64(number * 100 + $0), "request \($0) failed") }
            return SpyBlock(try segmentBlocks(events, position: UInt64(number + 1))[0], broken: broken)
        }
    }

    @Test func messagesAreReadForExamplesOnly() throws {
        let blocks = try spies()
        let answer = try run("* | patterns", on: blocks)
        #expect(values("example", of: answer) == ["request 39 failed"])
        #expect(values("hits", of: answer) == ["120"])
        #expect(blocks.map { $0.reads.filter { $0 == "_msg" }.count } == [0, 0, 1])
        #expect(blocks.allSatisfy { Set($0.reads).isSubset(of: ["templates", "times", "_msg"]) })
    }

    @Test func anExampleThatCannotBeReadIsNamedAsMissing() throws {
        let answer = try run("* | patterns", on: spies(broken: ["_msg"]))
        #expect(values("hits", of: answer) == ["120"])
        #expect(values("example", of: answer).allSatisfy { ($0 ?? "").isEmpty })
        #expect(!answer.summary.isComplete && answer.summary.gaps.count == 1)
    }

    @Test func aBlockThatCannotBeReadIsNamedAsMissing() throws {
        var blocks: [any BlockSource] = try spies()
        blocks[1] = SpyBlock(blocks[1], broken: ["templates"])
        let answer = try run("* | patterns", on: blocks)
        #expect(values("hits", of: answer) == ["80"])
        #expect(!answer.summary.isComplete && answer.summary.unreadable.count == 1)
    }

    @Test func longMessagesAndSuchOfManyVariablesAreOneVariable() throws {
        let long = String(repeating: "x ", count: 40_000)
        let many = (0..<300).map { "\($0)" }.joined(separator: " ")
        let answer = try run(
            "* | patterns",
            on: try segmentBlocks([PlainEvent(1, long), PlainEvent(2, many), PlainEvent(3, "a\u{1A}b")]))
        #expect(values("pattern", of: answer) == ["<*>"])
        #expect(values("hits", of: answer) == ["3"])
    }
}
