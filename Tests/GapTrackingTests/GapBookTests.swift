import GapTracking
import LineFormats
import Synchronization
import SystemIO
import TestSupport
import Testing

struct GapBookTests {
    private static let second: Int64 = 1_000_000_000

    private func letters(_ time: Int64, _ reason: String = "malformed", agent: String = "a") -> Gap.Loss {
        Gap.Loss(
            .deadLetters, agent: agent, source: "/v1/ingest", reason: reason, events: 2, bytes: 30,
            times: (time * Self.second)...((time + 1) * Self.second))
    }

    private func records(_ positions: ClosedRange<UInt64>) -> Gap.Loss {
        Gap.Loss(.journal, reason: "damaged", records: positions.count, times: .min...5, positions: positions)
    }

    @Test func lossesThatAreNearAreOneGap() {
        var book = GapBook()
        for time in [0, 30, 90, 60] as [Int64] { book.note(letters(time), now: time) }
        #expect(book.gaps.count == 1 && book.gaps[0].id == "d1")
        #expect(book.gaps[0].loss.events == 8 && book.gaps[0].loss.times == 0...(91 * Self.second))
        #expect(book.gaps[0].reported == 60)
        book.note(letters(1_000), now: 1)
        book.note(letters(0, "too_large"), now: 1)
        book.note(letters(0, agent: "b"), now: 1)
        #expect(book.gaps.map(\.id) == ["d1", "d2", "d3", "d4"])
        #expect(book.gaps(within: 0...1).map(\.id) == ["d1", "d3", "d4"])
        #expect(book.gaps(within: (92 * Self.second)...(93 * Self.second)).isEmpty)
    }

    @Test func lostRecordsThatAreFoundAgainCountOnce() {
        var book = GapBook()
        let areNew = ([5...9, 5...9, 6...7, 9...12] as [ClosedRange<UInt64>]).map { book.note(records($0), now: 1) }
        #expect(areNew == [true, false, false, true])
        #expect(book.gaps.map(\.id) == ["j1", "j2"])
    }

    @Test func ofTooManyOldOnesBecomeOneAndNothingIsForgotten() {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        var book = GapBook(maximum: 12)
        var (events, lost, times) = (0, 0, [ClosedRange<Int64>]())
        for index in 0..<400 {
            let loss: Gap.Loss
            if generator.chance(30) {
                loss = records(UInt64(index * 10)...UInt64(index * 10 + generator.below(9)))
            } else {
                loss = letters(
                    Int64(generator.below(100_000)), generator.pick(["malformed", "unusable"]),
                    agent: generator.pick(["a", "b", "c"]))
            }
            let isNew = book.note(loss, now: Int64(index))
            #expect(isNew, "seed \(seed)")
            events += loss.events
            lost += loss.records
            times.append(loss.times)
            #expect(book.gaps.count <= 12, "seed \(seed)")
        }
        #expect(book.gaps.reduce(0) { $0 + $1.loss.events } == events, "seed \(seed)")
        #expect(book.gaps.reduce(0) { $0 + $1.loss.records } == lost, "seed \(seed)")
        #expect(times.allSatisfy { time in book.gaps.contains { $0.loss.times.clamped(to: time) == time } })
        #expect(Set(book.gaps.map(\.number)).count == book.gaps.count && book.joined > 0, "seed \(seed)")
    }

    @Test func aBookIsReadBackFromItsDocument() throws {
        var book = GapBook()
        book.note(letters(7), now: 70)
        book.note(records(3...4), now: 80)
        book.note(Gap.Loss(.journal, reason: "é\n\"", times: .min ... .max), now: 90)
        let copy = try GapBook(saved: try JSONValue(parsing: book.document.bytes))
        #expect(copy == book)
    }

    @Test func whatIsNoBookIsRefused() throws {
        var book = GapBook()
        book.note(letters(7), now: 70)
        book.note(records(3...4), now: 80)
        let text = String(decoding: book.document.bytes, as: UTF8.self)
        for (part, other) in [
            (#""version":1"#, #""version":9"#), (#""next":3"#, #""next":-1"#), (#""gaps":["#, #""gasp":["#),
            ("dead_letters", "dad_letters"), (#""to":8000000000"#, #""to":8"#), (#""first":3"#, #""first":5"#),
            (#""events":2"#, #""events":-2"#), (#""reported":70"#, #""reported":"70""#),
        ] {
            #expect(text.contains(part))
            let changed = try JSONValue(parsing: Array(text.replacing(part, with: other).utf8))
            #expect(throws: GapBookError.self, "\(part)") { try GapBook(saved: changed) }
        }
    }
}

@Suite(.timeLimit(.minutes(15)))
struct GapRegistryTests {
    private let loss = Gap.Loss(.deadLetters, reason: "malformed", events: 3, times: 10...20)

    @Test func whatIsNotedIsOnTheDiskSoonAndKept() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/gaps.json"
        let registry = try GapRegistry(path, clock: { 99 }) { _ in }
        #expect(registry.book.gaps.isEmpty && !FileSystem.exists(path))
        #expect(registry.note(loss))
        try eventually("it is on the disk") { FileSystem.exists(path) }
        #expect(registry.note(Gap.Loss(.journal, reason: "damaged", records: 1, times: 1...2, positions: 7...7)))
        registry.stop()
        let told = Mutex<[String]>([])
        let again = try GapRegistry(path, clock: { 100 }) { text in told.withLock { $0.append(text) } }
        #expect(again.book == registry.book && again.gaps(within: 0...30).map(\.id) == ["d1", "j2"])
        #expect(told.withLock { $0.isEmpty })
        again.stop()
    }

    @Test(arguments: ["{\"version\":1", "[]", "", "\u{0}"])
    func aDamagedFileIsSetAsideAndTold(content: String) throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/gaps.json"
        try FileSystem.writeAtomically(path, Array(content.utf8))
        let told = Mutex<[String]>([])
        let registry = try GapRegistry(path) { text in told.withLock { $0.append(text) } }
        #expect(registry.book.gaps.isEmpty && told.withLock { $0.count } == 1)
        #expect(FileSystem.exists(path + ".damaged"))
        #expect(registry.note(loss))
        registry.stop()
        #expect(FileSystem.exists(path))
    }

    @Test func textsOfALossAreBounded() throws {
        let directory = try TemporaryDirectory()
        let registry = try GapRegistry(directory.path + "/gaps.json") { _ in }
        let long = String(repeating: "é", count: 10_000)
        registry.note(Gap.Loss(.deadLetters, agent: long, source: long, reason: long, times: 1...1))
        let known = try #require(registry.book.gaps.first?.loss)
        #expect(known.reason.utf8.count <= 260 && known.source.utf8.count <= 260 && known.agent.utf8.count <= 260)
        registry.stop()
    }
}
