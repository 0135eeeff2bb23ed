import CollectorAPI
import LogModel
import Testing

@Suite struct TailDecoderTests {
    private let stream = """
        : connected

        id: 17
        data: {"ts":"2026-01-01T00:00:00Z","level":"ERROR","msg":"a \\"level\\":\\"info\\" b"}

        event: dropped
        data: {"count":1284}

        : heartbeat

        id: 18
        data: {"ts":"2026-01-01T00:00:01Z","msg":"no level"}


        """

    private func decode(_ text: String, pieces: Int, into batch: inout TailBatch) {
        var decoder = TailDecoder()
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + pieces)
            Array(bytes[start..<end]).withUnsafeBytes { decoder.feed($0, into: &batch) }
            start = end
        }
    }

    @Test(arguments: [1, 2, 3, 7, 64, 10_000])
    func eventsComeOutWholeWhateverPiecesTheyComeIn(pieces: Int) {
        for text in [stream, stream.replacingLineEnds("\r\n"), stream.replacingLineEnds("\r")] {
            var batch = TailBatch()
            decode(text, pieces: pieces, into: &batch)
            #expect(batch.entries.map(\.kind) == [.line, .gap, .line])
            #expect(batch.entries.map(\.level) == [.error, .unknown, .unknown])
            #expect(batch.entries.map(\.count) == [0, 1284, 0])
            #expect(batch.lastID == "18")
            #expect(batch.lines == 2)
            let entry = batch.entries[2]
            let row = batch.bytes[entry.offset..<entry.offset + entry.length]
            #expect(String(decoding: row, as: UTF8.self) == #"{"ts":"2026-01-01T00:00:01Z","msg":"no level"}"#)
        }
    }

    @Test func anEventOverTheLimitIsCountedAsLost() {
        var batch = TailBatch()
        let long = "data: " + String(repeating: "x", count: TailDecoder.maxEventBytes + 10) + "\n\nid: 2\ndata: {}\n\n"
        decode(long, pieces: 1 << 20, into: &batch)
        #expect(batch.entries.map(\.kind) == [.gap, .line])
        #expect(batch.entries.first?.count == 1)
    }

    @Test func batchesJoin() {
        var first = TailBatch()
        decode("data: {\"msg\":\"one\"}\n\n", pieces: 100, into: &first)
        var second = TailBatch()
        decode("id: 9\ndata: {\"msg\":\"two\"}\n\n", pieces: 100, into: &second)
        first.append(second)
        #expect(first.lastID == "9")
        let entry = first.entries[1]
        #expect(String(decoding: first.bytes[entry.offset...], as: UTF8.self) == #"{"msg":"two"}"#)
    }

    @Test func waitsGrowToFifteenSecondsAndStayWithinTheirRange() {
        var backoff = Backoff()
        for expected: Int64 in [500, 1000, 2000, 4000, 8000, 15000, 15000] {
            var low = backoff
            let shortest = low.failed(random: 0)
            let longest = backoff.failed(random: UInt64(expected) * 500_000)
            #expect(shortest >= Backoff.shortest && shortest <= longest)
            #expect(longest <= expected * 1_000_000)
        }
        backoff.succeeded()
        #expect(backoff.failed(random: 7) <= Backoff.shortest)
    }
}

extension String {
    fileprivate func replacingLineEnds(_ end: String) -> String {
        split(separator: "\n", omittingEmptySubsequences: false).joined(separator: end)
    }
}
