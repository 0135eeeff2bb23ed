import LineFormats
import Testing

/// `/api/v1/logs`, as the examples of its description have it.
@Suite(.timeLimit(.minutes(15)))
struct PlainRoutesTests {
    @Test func whatIsPostedIsFoundAndCounted() async throws {
        let server = try await TestServer()
        let one = try await server.json(
            "/api/v1/logs",
            #"{"message":"My first log event!","level":"INFO","source":"learning-system","#
                + #""timestamp":"2025-06-15T14:00:00Z","metadata":{"student":"s1","n":6},"extra":true}"#)
        #expect(one.status == 202)
        #expect(one.json?["accepted"]?.int == 1)
        let batch = try await server.json(
            "/api/v1/logs/batch",
            #"""
            [{"message":"User logged in","level":"INFO","source":"auth","timestamp":"2025-06-15T14:00:01Z"},
             {"message":"Failed to connect","level":"error","source":"db","timestamp":"2025-06-15T14:00:02Z"},
             {"message":"Payment processed","source":"pay","timestamp":"2025-06-15T14:00:03Z"},
             7, {"message":"when?","timestamp":"noon"}]
            """#)
        #expect(batch.status == 202)
        #expect(batch.json?["accepted"]?.int == 3)
        #expect(batch.json?["failed"]?.int == 2)
        #expect(batch.json?["errors"]?.array?.map { $0["index"]?.int } == [3, 4])

        let all = try await server.send("GET", "/api/v1/logs?size=10")
        #expect(all.json?["total"]?.int == 4)
        #expect(
            all.json?["logs"]?.array?.compactMap { $0["source"]?.string } == ["pay", "db", "auth", "learning-system"])
        let first = all.json?["logs"]?.array?.last
        #expect(
            first == [
                "timestamp": "2025-06-15T14:00:00Z", "message": "My first log event!", "source": "learning-system",
                "level": "INFO", "metadata": ["extra": "true", "n": "6", "student": "s1"],
            ])
        func messages(_ parameters: String) async throws -> [String] {
            let answer = try await server.send("GET", "/api/v1/logs?\(parameters)")
            #expect(answer.status == 200, "\(answer)")
            return (answer.json?["logs"]?.array ?? []).compactMap { $0["message"]?.string }
        }
        #expect(try await messages("logLevel=ERROR") == ["Failed to connect"])
        #expect(try await messages("keyword=FIRST+log") == ["My first log event!"])
        #expect(try await messages("source=auth") == ["User logged in"])
        #expect(try await messages("startTime=2025-06-15T14:00:01Z&endTime=2025-06-15T14:00:02Z") == ["User logged in"])
        // What looks like LogsQL is a text to look for.
        #expect(try await messages("keyword=*").isEmpty)

        var cursor = ""
        var seen: [String] = []
        repeat {
            let page = try await server.send("GET", "/api/v1/logs?size=3&sort=asc&cursor=\(cursor)")
            seen += (page.json?["logs"]?.array ?? []).compactMap { $0["source"]?.string }
            cursor = page.json?["next_cursor"]?.string ?? ""
        } while !cursor.isEmpty
        #expect(seen == ["learning-system", "auth", "db", "pay"])

        let counted = try await server.send("GET", "/api/v1/logs/stats")
        #expect(counted.json?["total"]?.int == 4)
        #expect(counted.json?["levels"] == ["INFO": 2, "ERROR": 1, "UNKNOWN": 1])
        #expect(counted.json?["sources"]?.array?.count == 4)
        #expect(counted.json?["sources"]?.array?.first == ["source": "auth", "count": 1])
        // The other ways of asking see the same events.
        #expect(try await server.query("{service=\"db\"} | fields _msg").first?["_msg"]?.string == "Failed to connect")
        await server.end()
    }

    @Test func whatIsBrokenIsRefusedWithItsPlace() async throws {
        let server = try await TestServer()
        let broken = try await server.json("/api/v1/logs/batch", "[{\"message\":\"a\"},\n {\"message\":}]")
        #expect(broken.status == 400)
        #expect(broken.json?["line"]?.int == 2)
        #expect(broken.json?["column"]?.int == 13)
        let packed = try await server.send("POST", "/api/v1/logs", ["Content-Encoding: zstd"], Array("{}".utf8))
        #expect(packed.status == 415)
        #expect(packed.json?["field"]?.string == "Content-Encoding")
        #expect(try await server.query("*").isEmpty)
        await server.end()
    }
}
