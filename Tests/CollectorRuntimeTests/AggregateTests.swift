import CollectorHTTP
import LineFormats
import Testing

@Suite(.timeLimit(.minutes(15)))
struct AggregateTests {
    private func with(_ body: (TestServer) async throws -> Void) async throws {
        let server = try await TestServer()
        let events = [
            #"{"ts":"2025-06-15T14:00:10Z","level":"INFO","msg":"a","meta":{"latency_ms":10,"user":"u1"}}"#,
            #"{"ts":"2025-06-15T14:01:10Z","level":"INFO","msg":"b","meta":{"latency_ms":30,"user":"u1"}}"#,
            #"{"ts":"2025-06-15T14:04:00Z","level":"ERROR","msg":"c","meta":{"latency_ms":"slow","user":"u2"}}"#,
            #"{"ts":"2025-06-15T14:04:59Z","level":"ERROR","msg":"d"}"#,
        ]
        let text = #"{"source":{"service":"cart"},"logs":["# + events.joined(separator: ",") + "]}"
        let taken = try await server.json("/v1/ingest", text)
        #expect(taken.status == 202)
        try await body(server)
        await server.end()
    }

    private func buckets(_ server: TestServer, _ body: String) async throws -> JSONValue? {
        let answer = try await server.json("/v1/aggregate", body)
        #expect(answer.status == 200, "\(answer)")
        #expect(answer.json?["complete"]?.bool == true)
        return answer.json?["buckets"]
    }

    @Test func metricsAreNumbersWhereTheyCanBe() async throws {
        try await with { server in
            let all =
                #"["count","sum(meta.latency_ms)","avg(latency_ms)","min(meta.latency_ms)","max(meta.latency_ms)","#
                + #""quantile(0.5, meta.latency_ms)","uniq(meta.user)","sum(meta.none)","max(msg)"]"#
            let found = try await buckets(server, #"{"filters":{"level":"info"},"metric":\#(all)}"#)
            #expect(
                found == [
                    [
                        "group": [:], "count": 2,
                        "values": [
                            "sum(meta.latency_ms)": 40, "avg(latency_ms)": 20, "min(meta.latency_ms)": 10,
                            "max(meta.latency_ms)": 30, "quantile(0.5, meta.latency_ms)": 30, "uniq(meta.user)": 1,
                            "sum(meta.none)": nil, "max(msg)": "b",
                        ],
                    ]
                ])
            let texts = try await buckets(server, #"{"metric":"max(meta.latency_ms)","group_by":["level"]}"#)
            #expect(
                texts == [
                    ["group": ["level": "ERROR"], "count": 2, "values": ["max(meta.latency_ms)": "slow"]],
                    ["group": ["level": "INFO"], "count": 2, "values": ["max(meta.latency_ms)": 30]],
                ])
        }
    }

    @Test func emptyBucketsComeOnRequest() async throws {
        try await with { server in
            func bucket(_ time: String, _ level: String, _ count: Int) -> JSONValue {
                ["ts": .string("2025-06-15T14:\(time)Z"), "group": ["level": .string(level)], "count": .integer(count)]
            }
            let body = #""group_by":["level"],"interval":"2m""#
            let found = try await buckets(server, "{\(body)}")
            #expect(
                found == [
                    bucket("00:00", "INFO", 2), bucket("04:00", "ERROR", 2),
                ])
            let filled = try await buckets(server, "{\(body),\"empty_buckets\":true}")
            #expect(
                filled == [
                    bucket("00:00", "INFO", 2), bucket("00:00", "ERROR", 0), bucket("02:00", "ERROR", 0),
                    bucket("02:00", "INFO", 0), bucket("04:00", "ERROR", 2), bucket("04:00", "INFO", 0),
                ])
            // The time that was asked for, also where there is nothing at all.
            let range = #""time_range":{"from":"2025-06-15T13:59:00Z","to":"2025-06-15T14:02:00Z"}"#
            let nothing = try await buckets(
                server, #"{"query":"nothing","interval":"1m","empty_buckets":true,\#(range)}"#)
            #expect(
                nothing == [
                    ["ts": "2025-06-15T13:59:00Z", "group": [:], "count": 0],
                    ["ts": "2025-06-15T14:00:00Z", "group": [:], "count": 0],
                    ["ts": "2025-06-15T14:01:00Z", "group": [:], "count": 0],
                ])
        }
    }

    @Test func anAnswerThatIsTooLargeIsRefused() async throws {
        var limits = QueryLimits()
        limits.answerBytes = 4_000
        let server = try await TestServer(queries: limits)
        let lines = (0..<200).map { #"{"_msg":"m","user":"u\#($0)"}"# }.joined(separator: "\n")
        _ = try await server.send("POST", "/insert/jsonline", [], Array(lines.utf8))
        let answer = try await server.json("/v1/aggregate", #"{"group_by":["user"]}"#)
        #expect(answer.status == 400)
        #expect(answer.json?["type"]?.string == "/problems/answer-too-large")
        #expect(answer.json?["limit"]?.int == 4_000)
        let values = try await server.send("GET", "/select/logsql/field_values?query=*&field=user")
        #expect(values.json?["limit"]?.int == 4_000)
        await server.end()
    }
}
