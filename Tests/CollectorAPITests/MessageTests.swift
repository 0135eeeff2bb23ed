import CollectorAPI
import LogModel
import Testing

@Suite struct MessageTests {
    @Test func aRowOfEitherShapeIsRead() throws {
        let search =
            #"{"ts":"2026-01-01T00:00:00.5Z","level":"warning","msg":"a\n\u00e9","service":"cart","meta":{"ht"#
            + #"tp":{"status":504},"tags":["x"]}}"#
        let query =
            #"{"_time":"2026-01-01T00:00:00.5Z","_stream":"{}","_msg":"a\né","service":"cart","level":"warnin"#
            + #"g"}"#
        for text in [search, query] {
            let row = try #require(LogRow(parsing: Array(text.utf8), withFields: true))
            #expect(row.level == .warn)
            #expect(row.service == Array("cart".utf8))
            #expect(row.message == Array("a\né".utf8))
            #expect(row.timestamp?.description == "2026-01-01T00:00:00.500Z")
        }
        let row = try #require(LogRow(parsing: Array(search.utf8), withFields: true))
        #expect(row.fields.map(\.name) == ["ts", "level", "msg", "service", "http.status", "tags"])
        #expect(row.fields[4].value == Array("504".utf8))
    }

    @Test(arguments: ["", "[]", "{", #"{"msg":"x"#, "null"])
    func whatIsNoObjectIsNoRow(text: String) {
        #expect(LogRow(parsing: Array(text.utf8), withFields: true) == nil)
    }

    @Test func aPageKeepsItsRowsByteForByte() throws {
        let body =
            #"{"hits":847,"scanned":1240000,"took_ms":12.4,"complete":false,"logs":[ {"ts":"x", "msg":"ü"} ,{"#
            + #""msg":"2"}],"next_cursor":"c1"}"#
        let page = try SearchPage(parsing: Array(body.utf8))
        let rows = page.rows.map { String(decoding: $0, as: UTF8.self) }
        #expect(rows == [#"{"ts":"x", "msg":"ü"}"#, #"{"msg":"2"}"#])
        #expect(page.hits == 847)
        #expect(page.tookMilliseconds == 12)
        #expect(!page.isComplete)
        #expect(page.nextCursor == "c1")
        #expect(throws: RequestFailure.self) { try SearchPage(parsing: Array("<html>".utf8)) }
    }

    @Test func countsAreReadByLevel() throws {
        let body =
            #"{"buckets":[{"ts":"2026-01-01T00:00:00Z","group":{"level":"ERROR"},"count":12},{"group":{},"cou"#
            + #"nt":1}]}"#
        let counts = try LevelCounts(parsing: Array(body.utf8))
        #expect(counts.entries.map(\.count) == [12])
        #expect(counts.entries.map(\.level) == [.error])
    }

    /// Whatever answers on the port may be no collector.
    @Test(arguments: ["-1", "1e300", "-1e300", "9223372036854775807", "1e999", "0.4"])
    func numbersThatNoCollectorSendsAreSurvived(number: String) throws {
        let health = try Health(parsing: Array(#"{"status":"ok","uptime_s":\#(number)}"#.utf8))
        #expect(health.uptimeSeconds >= 0 && health.uptimeSeconds <= 1 << 32)
        let page = try SearchPage(parsing: Array(#"{"logs":[],"took_ms":\#(number)}"#.utf8))
        #expect(page.tookMilliseconds >= 0)
        let bucket = #"{"ts":"2026-01-01T00:00:00Z","count":\#(number)}"#
        let counts = try LevelCounts(parsing: Array(#"{"buckets":[\#(bucket),\#(bucket)]}"#.utf8))
        #expect(counts.entries.allSatisfy { (0...LevelCounts.mostEvents).contains($0.count) })
        var decoder = TailDecoder()
        var batch = TailBatch()
        Array("event: dropped\ndata: {\"count\":\(number)}\n\n".utf8).withUnsafeBytes { decoder.feed($0, into: &batch) }
        #expect(batch.entries.allSatisfy { (1...TailDecoder.largestGap).contains($0.count) })
    }

    @Test func runningQueriesAreRead() throws {
        let body =
            #"{"queries":[{"id":"q3","state":"running","user":"10.0.0.9","query":"a | b","running_ms":12,"#
            + #""blocks":4,"blocks_done":1,"rows":7,"bytes":9,"memory_bytes":11}],"#
            + #""shapes":[{"id":"ab","shape":"?","state":"open","seconds_left":5}]}"#
        let list = try QueryList(parsing: Array(body.utf8))
        let query = try #require(list.queries.first)
        #expect(query.id == "q3" && query.user == "10.0.0.9" && query.text == "a | b" && query.running == 12)
        #expect(query.blocks == 4 && query.blocksDone == 1 && query.rows == 7 && query.memoryBytes == 11)
        #expect(list.shapes.first?.id == "ab" && list.shapes.first?.secondsLeft == 5)
        #expect(try QueryList(parsing: Array("{}".utf8)).queries.isEmpty)
        #expect(throws: RequestFailure.self) { try QueryList(parsing: Array("[]".utf8)) }
    }

    @Test func aProblemPointsIntoTheQuery() {
        let body =
            #"{"title":"The query cannot be read","detail":"column 9: expected a value\n  level:=","line":1,""#
            + #"column":8,"status":400}"#
        let problem = Problem(status: 400, body: Array(body.utf8))
        #expect(problem.detail == "column 9: expected a value")
        #expect(problem.caret(in: "level:=")?.caret == "       ^")
        #expect(problem.caret(in: "")?.caret == "^")
        #expect(Problem(status: 502, body: Array("<html>bad\ngateway".utf8)).summary == "<html>bad")
    }

    @Test func requestsAreTheJSONTheContractAsksFor() throws {
        let range = TimeRange(from: Timestamp(nanoseconds: 0), to: Timestamp(nanoseconds: 1_500_000_000))
        let search = SearchRequest(query: "a \"b\"", range: range, limit: 200)
        #expect(
            String(decoding: search.body, as: UTF8.self)
                == #"{"query":"a \"b\"","time_range":{"from":"1970-01-01T00:00:00Z","to":"1970-01-01T00:00:01.500Z"},"#
                + #""sort":"desc","limit":200,"cursor":null}"#)
        let counts = LevelCountRequest(query: "*", range: range, interval: 900_000_000_000)
        #expect(String(decoding: counts.body, as: UTF8.self).contains(#""group_by":["level"],"interval":"15m""#))
    }

    @Test func bucketsAreRoundAndNoMoreThanThereAreColumns() {
        let hour: Int64 = 3_600_000_000_000
        #expect(LevelCountRequest.interval(for: hour, columns: 90) == 60_000_000_000)
        #expect(LevelCountRequest.interval(for: 15 * 60_000_000_000, columns: 90) == 10_000_000_000)
        #expect(LevelCountRequest.interval(for: 400 * 24 * hour, columns: 20) >= 20 * 24 * hour)
    }
}
