import CollectorIngest
import CollectorRuntime
import LineFormats
import SystemIO
import Testing
import ZstdCodec

@Suite(.timeLimit(.minutes(15)))
struct CollectorAPITests {
    private let lines =
        "/insert/jsonline?_time_field=ts&_msg_field=msg,message&_stream_fields=service,host"

    private func with(
        _ change: (inout CollectorSettings) -> Void = { _ in }, _ body: (TestServer) async throws -> Void
    ) async throws {
        let server = try await TestServer(change)
        do { try await body(server) } catch {
            await server.end()
            throw error
        }
        await server.end()
    }

    @Test func whatIsTakenIsFoundByAllWaysOfAsking() async throws {
        try await with { server in
            let taken = try await server.json(
                "/v1/ingest",
                #"""
                {"source":{"service":"cart","host":"h1"},"logs":[
                 {"ts":"2025-06-15T14:00:00.5Z","level":"ERROR","msg":"Card declined","meta":{"trace_id":"t1","n":1}},
                 {"ts":"2025-06-15T14:00:01Z","level":"info","msg":"all well","meta":{"trace_id":"t2"}}]}
                """#)
            #expect(taken.status == 202)
            #expect(taken.text == #"{"accepted":2,"failed":0,"duplicate":false,"lag_hint":"normal","errors":[]}"#)
            #expect(taken.headers["server"]?.hasPrefix("lodge/") == true)
            #expect(taken.headers["date"]?.hasSuffix("GMT") == true)

            let rows = try await server.query("declined")
            #expect(rows.count == 1)
            #expect(rows.first?["_time"]?.string == "2025-06-15T14:00:00.500Z")
            #expect(rows.first?["_stream"]?.string == #"{host="h1",service="cart"}"#)
            #expect(rows.first?["trace_id"]?.string == "t1")

            let found = try await server.json(
                "/v1/search",
                #"{"query":"DECLINED","filters":{"service":["cart","x"],"level":"error","meta.trace_id":"t1"}}"#)
            #expect(found.status == 200)
            #expect(found.json?["hits"]?.int == 1)
            let log = try #require(found.json?["logs"]?.array?.first)
            #expect(log["msg"]?.string == "Card declined")
            #expect(log["service"]?.string == "cart")
            #expect(log["meta"]?["trace_id"]?.string == "t1")
            #expect(found.json?["complete"]?.bool == true)

            let declined = try await server.json("/v1/aggregate", #"{"query":"DECLINED","group_by":["meta.trace_id"]}"#)
            #expect(declined.json?["buckets"] == [["group": ["meta.trace_id": "t1"], "count": 1]])

            let counted = try await server.json(
                "/v1/aggregate", #"{"group_by":["service","level"],"interval":"1s"}"#)
            #expect(
                counted.json?["buckets"] == [
                    ["ts": "2025-06-15T14:00:00Z", "group": ["service": "cart", "level": "ERROR"], "count": 1],
                    ["ts": "2025-06-15T14:00:01Z", "group": ["service": "cart", "level": "info"], "count": 1],
                ])
        }
    }

    @Test func pagesOfASearchFollowEachOtherWithoutGapOrRepeat() async throws {
        try await with { server in
            // Several events share each second, so that a cursor of time alone would lose some.
            let text = (0..<50).map { #"{"ts":\#(1_750_000_000 + $0 / 7),"msg":"m\#($0)","service":"s"}"# }
                .joined(separator: "\n")
            #expect(try await server.send("POST", lines, [], Array(text.utf8)).status == 200)
            for (sort, expected) in [("desc", Array((0..<50).reversed())), ("asc", Array(0..<50))] {
                var seen: [String] = []
                var cursor = "null"
                while true {
                    let page = try await server.json(
                        "/v1/search", #"{"limit":8,"sort":"\#(sort)","cursor":\#(cursor)}"#)
                    let logs = try #require(page.json?["logs"]?.array)
                    seen += logs.compactMap { $0["msg"]?.string }
                    guard let next = page.json?["next_cursor"]?.string else { break }
                    cursor = "\"\(next)\""
                }
                #expect(seen == expected.map { "m\($0)" }, "\(sort)")
            }
        }
    }

    @Test func startEndAndLimitBoundAQuery() async throws {
        try await with { server in
            let text = (0..<10).map { #"{"ts":\#(1_750_000_000 + $0),"msg":"m\#($0)"}"# }.joined(separator: "\n")
            _ = try await server.send("POST", lines, [], Array(text.utf8))
            func messages(_ parameters: String) async throws -> [String] {
                let answer = try await server.send("GET", "/select/logsql/query?query=*&\(parameters)")
                return try answer.text.split(separator: "\n").compactMap {
                    try JSONValue(parsing: String($0))["_msg"]?.string
                }
            }
            #expect(try await messages("limit=2") == ["m9", "m8"])
            #expect(try await messages("start=1750000008").sorted() == ["m8", "m9"])
            #expect(try await messages("end=1750000001").sorted() == ["m0", "m1"])
            #expect(try await messages("start=2025-06-15T15:06:43Z&end=2025-06-15T15:06:44Z").sorted() == ["m3", "m4"])
            #expect(try await messages("start=5m").isEmpty)
        }
    }

    @Test func aQueryIsExplainedInsteadOfAnswered() async throws {
        try await with { server in
            let text = (0..<10).map { #"{"ts":\#(1_750_000_000 + $0),"msg":"m\#($0)"}"# }.joined(separator: "\n")
            _ = try await server.send("POST", lines, [], Array(text.utf8))
            let answer = try await server.send("GET", "/select/logsql/query?query=m3+or+m4&limit=5&explain=1")
            #expect(answer.status == 200 && answer.json?["query"]?.string == "m3 or m4")
            #expect(answer.json?["plan"]?["limit"]?.int == 5)
            #expect(answer.json?["plan"]?["order"]?.string == "newest first")
            #expect(answer.json?["estimated"]?["rows"]?.int == 10)
            #expect(answer.json?["measured"]?["rows_matched"]?.int == 2)
            let plain = try await server.send("GET", "/select/logsql/query?query=m3+or+m4&explain=0")
            #expect(plain.text.split(separator: "\n").count == 2)
            let wrong = try await server.send("GET", "/select/logsql/query?query=*&explain=maybe")
            #expect(wrong.status == 400)
        }
    }

    @Test func queryErrorsPointAtThePlace() async throws {
        try await with { server in
            let answer = try await server.send("GET", "/select/logsql/query?query=error+and+%7C+limit+5")
            #expect(answer.json?["detail"]?.string?.hasSuffix("\n  error and | limit 5\n            ^") == true)
            #expect(answer.json?["column"]?.int == 11)
        }
    }

    @Test func bodiesOverTheLimitAreRefusedWithoutBeingRead() async throws {
        try await with({ $0.limits.bodyBytes = 10_000 }) { server in
            // The length is announced: the answer comes before the body, and instead of "100 Continue".
            let announced = try await offPool {
                let client = try server.client()
                try client.write(
                    Array(
                        "POST /insert/jsonline HTTP/1.1\r\nHost: t\r\nContent-Length: 10001\r\nExpect: 100-continue\r\n\r\n"
                            .utf8))
                return try client.answer()
            }
            #expect(announced.status == 413)
            #expect(announced.json?["limit"]?.int == 10_000)
            #expect(announced.headers["connection"] == "close")
            // The length is not announced: the answer comes when the limit is passed, though the body goes on.
            let (chunked, ended) = try await offPool {
                let client = try server.client()
                try client.write(
                    Array("POST /insert/jsonline HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n".utf8))
                let piece = Array("1000\r\n".utf8) + [UInt8](repeating: 0x20, count: 0x1000) + Array("\r\n".utf8)
                for _ in 0..<4 { try client.write(piece) }
                let answer = try client.answer()
                return (answer, try client.isAtEnd())
            }
            #expect(chunked.status == 413)
            #expect(ended)
            #expect(try await server.send("GET", "/health").status == 200)
        }
    }

    @Test func aClientThatAsksFirstIsToldToGoOn() async throws {
        try await with { server in
            let (first, second) = try await offPool {
                let client = try server.client()
                let body = Array(#"{"msg":"a"}"#.utf8)
                try client.write(
                    Array(
                        "POST /insert/jsonline HTTP/1.1\r\nHost: t\r\nContent-Length: \(body.count)\r\nExpect: 100-continue\r\n\r\n"
                            .utf8))
                let first = try client.head()
                try client.write(body)
                return (first, try client.answer())
            }
            #expect(first.status == 100)
            #expect(second.status == 200)
        }
    }

    @Test func oneConnectionServesManyRequests() async throws {
        try await with { server in
            let statuses = try await offPool {
                let client = try server.client()
                var statuses: [Int] = []
                for target in ["/health", "/nothing", "/v1/ingest", "/ready"] {
                    try client.send("GET", target)
                    statuses.append(try client.answer().status)
                }
                try client.send("POST", "/insert/jsonline", [], Array("bad\n".utf8))
                statuses.append(try client.answer().status)
                try client.send("HEAD", "/health")
                statuses.append(try client.answer(to: "HEAD").status)
                try client.send("GET", "/select/logsql/query?query=*")
                statuses.append(try client.answer().status)
                return statuses
            }
            #expect(statuses == [200, 404, 405, 200, 200, 200, 200])
        }
    }

    @Test func decompressionBombsAreRefused() async throws {
        try await with({ $0.limits.contentBytes = 1 << 20 }) { server in
            var compressor = ZstdCompressor()
            let bomb = try compressor.compress([UInt8](repeating: 0x20, count: 32 << 20))
            let answer = try await server.send("POST", "/insert/jsonline", ["Content-Encoding: zstd"], bomb)
            #expect(answer.status == 413)
            #expect(answer.json?["limit"]?.int == 1 << 20)
        }
    }

    @Test func aNumberedBatchIsStoredOnce() async throws {
        try await with { server in
            let headers =
                ["Content-Type: application/json"] + ["Lodge-Agent: a1", "Lodge-Epoch: 7", "Lodge-Sequence: 1"]
            let body = Array(#"{"source":{"service":"s"},"logs":[{"msg":"once"}]}"#.utf8)
            let first = try await server.send("POST", "/v1/ingest", headers, body)
            let second = try await server.send("POST", "/v1/ingest", headers, body)
            #expect(first.json?["duplicate"]?.bool == false)
            #expect(second.status == 202)
            #expect(second.json?["duplicate"]?.bool == true)
            #expect(second.json?["accepted"]?.int == 0)
            #expect(try await server.query("once").count == 1)
        }
    }

    @Test func metricsAndHealthCountWhatHappened() async throws {
        try await with { server in
            _ = try await server.send("POST", "/insert/jsonline", [], Array("{\"_msg\":\"a\"}\nbad\n".utf8))
            _ = try await server.query("*")
            let health = try await server.send("GET", "/health")
            #expect(health.json?["status"]?.string == "ok")
            #expect(health.json?["ingest"]?["events"]?.int == 1)
            #expect(health.json?["ingest"]?["rejected"]?.int == 1)
            #expect(health.json?["store"]?["rows"]?.int == 1)
            let metrics = try await server.send("GET", "/metrics")
            #expect(metrics.headers["content-type"]?.hasPrefix("text/plain") == true)
            #expect(metrics.text.contains("\nlodge_collector_ingest_events_total 1\n"))
            #expect(metrics.text.contains("lodge_collector_ingest_rejected_total{reason=\"malformed\"} 1\n"))
            #expect(metrics.text.contains("lodge_collector_store_degraded_total{what=\"packed_fields\"} 0\n"))
            #expect(metrics.text.contains("\nlodge_collector_block_cache_hits_total "))
            #expect(metrics.text.contains("lodge_collector_queries_total{outcome=\"complete\"} 1\n"))
            #expect(metrics.text.contains("lodge_collector_http_responses_total{code=\"200\"} 3\n"))
        }
    }
}
