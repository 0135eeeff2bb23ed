import CollectorIngest
import LineFormats
import LogModel
import SystemIO
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(15)))
struct DeadLettersTests {
    private func letter(_ event: [UInt8]) -> DeadLetters.Letter {
        DeadLetters.Letter(
            time: Timestamp(nanoseconds: 0), reason: "malformed", detail: "d", source: "/s", agent: "a", event: event)
    }

    @Test func aLetterIsALineOfJSONWithRepairedText() throws {
        let directory = try TemporaryDirectory()
        let letters = try DeadLetters(directory: directory.path)
        letters.add([letter([0x61, 0xFF, 0x0A, 0x00])])
        letters.stop()
        let line = try directory.text("dead-letters.ndjson")
        #expect(line.last == "\n")
        let value = try JSONValue(parsing: line)
        #expect(value["event"]?.string == "a\u{FFFD}\n\0")
        #expect(value["time"]?.string == "1970-01-01T00:00:00Z")
        #expect(value["agent"]?.string == "a")
        #expect(letters.statistics.written == 1)
    }

    @Test func theFilesNeverGrowOverTheirLimit() throws {
        let directory = try TemporaryDirectory()
        let limit = 64 << 10
        let letters = try DeadLetters(directory: directory.path, limit: limit)
        let count = 400
        for _ in 0..<count {
            letters.add([letter([UInt8](repeating: 0x78, count: 1_000))])
            letters.drain()
        }
        letters.stop()
        let sizes = try ["dead-letters.ndjson", "dead-letters.1.ndjson"].map { name in
            try FileSystem.status("\(directory.path)/\(name)")?.size ?? 0
        }
        #expect(sizes.reduce(0, +) <= limit)
        #expect(sizes.allSatisfy { $0 > 0 })
        let statistics = letters.statistics
        #expect(statistics.written + statistics.dropped == count)
        #expect(statistics.written > 64)
    }

    @Test func moreThanTheRateAndTheQueueTakeIsDroppedAndCounted() throws {
        let directory = try TemporaryDirectory()
        let letters = try DeadLetters(directory: directory.path)
        let count = 3 * DeadLetters.lettersPerSecond + 100
        letters.add((0..<count).map { _ in letter([0x61]) }, alsoDropped: 5)
        letters.stop()
        #expect(letters.statistics.written == DeadLetters.lettersPerSecond)
        #expect(letters.statistics.dropped == count - DeadLetters.lettersPerSecond + 5)
    }

    @Test func aFullDiskCostsLettersAndNothingElse() throws {
        let directory = try TemporaryDirectory()
        let token = SystemFaults.add(.init(.write, path: directory.path, code: 28, times: .max))
        defer { SystemFaults.remove(token) }
        let letters = try DeadLetters(directory: directory.path)
        letters.add([letter([0x61]), letter([0x62])])
        letters.stop()
        #expect(letters.statistics.written == 0)
        #expect(letters.statistics.dropped == 2)
        #expect(letters.statistics.lastError?.contains("write") == true)
    }

    struct Headers: Sendable {
        var agent: String?
        var epoch: String?
        var sequence: String?
        var field: String?
    }

    @Test(arguments: [
        Headers(agent: "a", epoch: "1", field: "Lodge-Sequence"),
        Headers(epoch: "1", sequence: "1", field: "Lodge-Agent"),
        Headers(agent: "a", sequence: "1", field: "Lodge-Epoch"),
        Headers(agent: "", epoch: "1", sequence: "1", field: "Lodge-Agent"),
        Headers(agent: "a b", epoch: "1", sequence: "1", field: "Lodge-Agent"),
        Headers(agent: String(repeating: "a", count: 65), epoch: "1", sequence: "1", field: "Lodge-Agent"),
        Headers(agent: "a", epoch: "-1", sequence: "1", field: "Lodge-Epoch"),
        Headers(agent: "a", epoch: "1", sequence: "0", field: "Lodge-Sequence"),
        Headers(agent: "a", epoch: "1", sequence: "x", field: "Lodge-Sequence"),
    ])
    func headersThatDoNotNumberABatchAreRefused(_ headers: Headers) {
        let refusal = #expect(throws: IngestProblem.self) {
            _ = try SenderIdentity.parse(agent: headers.agent, epoch: headers.epoch, sequence: headers.sequence)
        }
        #expect(refusal?.field == headers.field)
    }

    @Test func allThreeHeadersOrNoneAreTaken() throws {
        #expect(try SenderIdentity.parse(agent: nil, epoch: nil, sequence: nil) == nil)
        let found = try SenderIdentity.parse(agent: "A-z_0.9", epoch: "0", sequence: "18446744073709551615")
        #expect(found == SenderIdentity(agent: "A-z_0.9", epoch: 0, sequence: .max))
    }
}
