import CurlTransport
import Glibc
import LineFormats
import TestSupport
import Testing

@Suite("Streamed searches, with the real collector")
struct StreamedSearchTests {
    private let directory: TemporaryDirectory
    private let collector: CollectorProcess

    init() throws {
        directory = try TemporaryDirectory()
        collector = try CollectorProcess(directory)
    }

    /// The records of a stream until `isEnough`; the connection is cut then.
    private func stream(_ body: String, until isEnough: @escaping (JSONValue) -> Bool) throws -> [JSONValue] {
        final class Gathered {
            var records: [JSONValue] = []
            var line: [UInt8] = []
            var isWhole = true
        }
        let gathered = Gathered()
        let request = HTTPRequest(
            method: "POST", url: collector.url + "/v1/search",
            headers: [(name: "Content-Type", value: "application/json")], body: .bytes(Array(body.utf8)))
        let answer = try HTTPClient(userAgent: "lodge-tests").stream(
            request,
            onBytes: { bytes in
                for byte in bytes {
                    guard byte == 0x0A else {
                        gathered.line.append(byte)
                        continue
                    }
                    guard let record = try? JSONValue(parsing: gathered.line) else {
                        gathered.isWhole = false
                        return .stop
                    }
                    gathered.line = []
                    gathered.records.append(record)
                    if isEnough(record) { return .stop }
                }
                return .proceed
            })
        try #require(answer.status == 200, "\(answer.text)")
        #expect(gathered.isWhole)
        return gathered.records
    }

    private func messages(_ records: some Sequence<JSONValue>) -> [String] {
        records.compactMap { $0["log"]?["msg"]?.string }
    }

    @Test(
        "A stream that is cut in the middle, by the client or with the collector, goes on without a row lost or twice",
        .timeLimit(.minutes(15)), arguments: [SIGKILL, SIGTERM])
    func cutAndResumed(signal: Int32) throws {
        collector.settings = "head: {flush_interval: 1s}"
        try collector.start()
        for part in 0..<6 {
            let lines = (0..<1_000).map { row in
                #"{"_time":"2025-06-15T1\#(part):00:\#(10 + row % 50)Z","_msg":"\#(part)-\#(row) \#(String(repeating: "x", count: 60))"}"#
            }.joined(separator: "\n")
            #expect(try collector.post("/insert/jsonline", Array(lines.utf8)).status == 200)
        }
        let terms = #""sort":"desc","limit":5500"#
        let plain = try collector.post("/v1/search", Array("{\(terms)}".utf8))
        let whole = try JSONValue(parsing: plain.body)
        let expected = (whole["logs"]?.array ?? []).compactMap { $0["msg"]?.string }
        #expect(expected.count == 5_500 && whole["hits"]?.int == 6_000)

        var found: [String] = []
        var cursor: String?
        for cut in 0..<4 {
            let more = cursor.map { #","cursor":"\#($0)""# } ?? ""
            let wanted = found.count + 700
            let records = try stream(#"{"stream":true,\#(terms)\#(more)}"#) { record in
                // Once behind a progress record, once a row behind one.
                cut % 2 == 0 ? (record["progress"]?["rows"]?.int ?? 0) >= wanted : false
            }
            if cut == 3 {
                found += messages(records)
                let end = try #require(records.last?["end"], "\(records.last ?? .null)")
                #expect(end["hits"] == whole["hits"] && end["rows"]?.int == 5_500)
                #expect(end["complete"]?.bool == true && end["completeness"]?["complete"]?.bool == true)
                #expect(end["next_cursor"]?.string != nil)
                break
            }
            // What came behind the last progress that was looked at comes again.
            let progress = records.indices.filter { records[$0]["progress"] != nil }
            let last = try #require(cut % 2 == 0 ? progress.last : progress.dropFirst(2).first)
            found += messages(records[..<last])
            cursor = try #require(records[last]["progress"]?["resume"]?.string)
            if cut == 1 {
                #expect(collector.stop(signal) == (signal == SIGKILL ? -SIGKILL : 0))
                try collector.start()
                // Later events at the same times are no part of it.
                let later = #"{"_time":"2025-06-15T10:00:10Z","_msg":"later"}"#
                #expect(try collector.post("/insert/jsonline", Array(later.utf8)).status == 200)
            }
        }
        #expect(found == expected)
        #expect(collector.stop(SIGTERM) == 0)
    }
}
