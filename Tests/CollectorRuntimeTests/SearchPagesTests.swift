import CollectorHTTP
import CollectorRuntime
import LineFormats
import LogModel
import TestSupport
import Testing

/// Pages of `/v1/search`: nothing twice, nothing left out, all of them bounded.
@Suite(.timeLimit(.minutes(15)))
struct SearchPagesTests {
    private static let lines = "/insert/jsonline?_time_field=ts&_msg_field=msg&_stream_fields=service"

    private func add(_ server: TestServer, _ events: [String]) async throws {
        let body = Array(events.joined(separator: "\n").utf8)
        // A slow disk may ask for a moment, as it asks every client.
        try await eventually("the collector has time") {
            let answer = try await server.send("POST", Self.lines, [], body)
            guard answer.status != 429 else { return false }
            try #require(answer.status == 200, "\(answer)")
            return true
        }
    }

    private func page(_ server: TestServer, _ members: String, _ cursor: String?) async throws -> JSONValue {
        let text = cursor.map { "\"\($0)\"" } ?? "null"
        let answer = try await server.json("/v1/search", "{\(members),\"cursor\":\(text)}")
        try #require(answer.status == 200, "\(answer)")
        return try #require(answer.json)
    }

    /// Many events share a moment, arrive late, and move to segments, which are merged, while pages are read.
    @Test func pagesAreTheSnapshotOfTheFirstWhileEventsArrive() async throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let server = try await TestServer { $0.headBytes = 12_000 }
        var number = 0
        var stored: [(time: Int, number: Int, isWanted: Bool)] = []
        func more(_ count: Int) async throws {
            var events: [String] = []
            for _ in 0..<count {
                let time = 1_750_000_000 + generator.below(40)
                let isWanted = generator.chance(70)
                let word = isWanted ? "wanted" : "other"
                events.append(
                    #"{"ts":\#(time),"msg":"\#(word) n\#(number) padding padding","service":"s\#(number % 5)"}"#)
                stored.append((time, number, isWanted))
                number += 1
            }
            try await add(server, events)
        }
        for _ in 0..<12 { try await more(1 + generator.below(60)) }
        for sort in ["desc", "asc"] {
            let snapshot = stored.filter(\.isWanted).sorted { ($0.time, $0.number) < ($1.time, $1.number) }
            let expected = (sort == "asc" ? snapshot : snapshot.reversed()).map(\.number)
            let members = #""query":"WANTED","sort":"\#(sort)","limit":\#(1 + generator.below(40))"#
            var seen: [Int] = []
            var cursor: String?
            repeat {
                let answer = try await page(server, members, cursor)
                #expect(answer["hits"]?.int == expected.count, "\(sort), seed \(seed)")
                #expect(answer["complete"]?.bool == true)
                for log in answer["logs"]?.array ?? [] {
                    let word = log["msg"]?.string?.split(separator: " ")[1].dropFirst() ?? ""
                    seen.append(try #require(Int(word)))
                }
                cursor = answer["next_cursor"]?.string
                // Newer, older, and at the moments of events that were shown.
                try await more(1 + generator.below(50))
            } while cursor != nil && seen.count <= expected.count
            #expect(seen == expected, "\(sort), seed \(seed)")
        }
        try await eventually("some events are in segments") {
            try await server.send("GET", "/health").json?["store"]?["segments"]?.int ?? 0 > 0
        }
        await server.end()
    }

    @Test func aPageEndsWhereItsBytesDoAndTheNextGoesOn() async throws {
        var limits = QueryLimits()
        limits.pageBytes = 20_000
        let server = try await TestServer(queries: limits)
        let text = String(repeating: "x", count: 3_000)
        try await add(server, (0..<40).map { #"{"ts":\#(1_750_000_000 + $0),"msg":"\#($0) \#(text)"}"# })
        // One event that is longer than a page comes all the same.
        let long = String(repeating: "y", count: 50_000)
        try await add(server, [#"{"ts":1750000100,"msg":"40 \#(long)"}"#])
        var seen: [String] = []
        var cursor: String?
        var pages = 0
        repeat {
            let answer = try await page(server, #""limit":1000"#, cursor)
            #expect(answer.bytes.count < 60_000)
            #expect(answer["hits"]?.int == 41)
            seen += (answer["logs"]?.array ?? []).compactMap {
                $0["msg"]?.string?.split(separator: " ").first.map(String.init)
            }
            cursor = answer["next_cursor"]?.string
            pages += 1
        } while cursor != nil
        #expect(seen == (0...40).reversed().map { "\($0)" })
        #expect(pages > 5)
        await server.end()
    }

    /// A page that ends early because of a limit: the cursor passes over nothing that was not reached, and nothing comes
    /// twice.
    @Test(arguments: ["desc", "asc"], [300, 3_000])
    func aPageThatIsCutShortIsGoneOnFromWithoutALoss(sort: String, limit: Int) async throws {
        for rows in [800, 1_600] {
            var limits = QueryLimits()
            limits.rows = rows
            let server = try await TestServer(queries: limits)
            // Too many events for two blocks to become one, each block half over the times of the next.
            for block in 0..<5 {
                try await add(
                    server,
                    (0..<800).map { #"{"ts":\#(1_750_000_000 + block * 500 + $0),"msg":"\#(block)-\#($0)"}"# })
            }
            let all = (0..<5).flatMap { block in
                (0..<800).map { (time: block * 500 + $0, block: block, text: "\(block)-\($0)") }
            }
            let ascending = all.sorted { ($0.time, $0.block) < ($1.time, $1.block) }.map(\.text)
            let expected = sort == "asc" ? ascending : ascending.reversed()
            var seen: [String] = []
            var cursor: String?
            var cut = 0
            repeat {
                // Less than the usual time, so that nobody takes it for a query that does harm.
                let members = #""sort":"\#(sort)","limit":\#(limit),"timeout":"20s""#
                let answer = try await page(server, members, cursor)
                let found = (answer["logs"]?.array ?? []).compactMap { $0["msg"]?.string }
                #expect(!found.isEmpty && answer["complete"]?.bool == false)
                cursor = answer["next_cursor"]?.string
                if cursor != nil, found.count < limit { cut += 1 }
                let isLast = cursor == nil && rows == 800
                // What is behind a page without a cursor is left out, and may have to come before.
                if !isLast { seen += found }
                #expect(seen.elementsEqual(expected.prefix(seen.count)), "\(sort), \(limit), \(rows)")
                if isLast {
                    let reasons = (answer["incomplete"]?.array ?? []).compactMap(\.string)
                    #expect(reasons.contains { $0.contains("no next page") })
                }
            } while cursor != nil && seen.count <= expected.count
            // One block at a time is too little to come past where two of them meet.
            #expect(seen.count == (rows == 800 ? 500 : expected.count))
            if rows == 800 || limit == 3_000 { #expect(cut > 0) }
            await server.end()
        }
    }

    @Test func relativeTimesCountFromTheFirstPage() async throws {
        let server = try await TestServer()
        try await add(server, (0..<5).map { #"{"msg":"m\#($0)"}"# })
        let members = #""time_range":{"from":"5m","to":"now"},"limit":2"#
        let first = try await page(server, members, nil)
        let cursor = try #require(first["next_cursor"]?.string)
        let kept = try SearchCursor(text: cursor)
        // As if the first page had been asked for an hour ago: its five minutes were others.
        var old = kept
        old.now = kept.now.adding(nanoseconds: -3_600_000_000_000)
        #expect(try await page(server, members, cursor)["logs"]?.array?.count == 2)
        #expect(try await page(server, members, old.text)["logs"]?.array?.isEmpty == true)
        await server.end()
    }

    @Test func aCursorThatIsDamagedOrOfAnotherSearchIsRefused() async throws {
        let server = try await TestServer()
        try await add(server, (0..<5).map { #"{"ts":\#(1_750_000_000 + $0),"msg":"m\#($0)"}"# })
        let cursor = try #require(try await page(server, #""limit":2"#, nil)["next_cursor"]?.string)
        func refusal(_ members: String, _ cursor: String) async throws -> String {
            let answer = try await server.json("/v1/search", "{\(members),\"cursor\":\"\(cursor)\"}")
            #expect(answer.status == 400, "\(answer)")
            #expect(answer.json?["field"]?.string == "cursor")
            return answer.json?["detail"]?.string ?? ""
        }
        #expect(try await refusal(#""limit":2"#, String(cursor.dropLast())).contains("damaged"))
        #expect(try await refusal(#""limit":2"#, cursor + "00").contains("damaged"))
        #expect(try await refusal(#""limit":2,"query":"m1""#, cursor).contains("another search"))
        #expect(try await refusal(#""limit":2,"sort":"asc""#, cursor).contains("another search"))
        #expect(try await refusal(#""filters":{"a":"b"}"#, cursor).contains("another search"))
        #expect(try await refusal(#""time_range":{"to":"now"}"#, cursor).contains("another search"))
        // The size of pages may change.
        #expect(try await page(server, #""limit":3"#, cursor)["next_cursor"] == .null)
        await server.end()
    }

    /// Bodies made of good ones by chance: each is answered, and none ends the collector.
    @Test func noBodyOfASearchIsTooOdd() async throws {
        let seed = drawSeed()
        let server = try await TestServer()
        try await add(server, ["{\"msg\":\"a\"}"])
        let bodies = [
            #"{"query":"card (declined or \"x y\")","filters":{"service":["a","b"],"level":"ERROR","meta.t":1},"limit":5}"#,
            #"{"time_range":{"from":"2025-06-15T14:00:00Z","to":"now-5m"},"sort":"asc","limit":100,"cursor":null}"#,
            #"{"group_by":["service","meta.a"],"interval":"5m","metric":["count","quantile(0.5, a)","uniq(b)"]}"#,
            #"{"interval":"1h","empty_buckets":true,"time_range":{"from":1750000000,"to":1750100000},"timeout":"1s"}"#,
        ]
        let values = [
            "null", "true", "-1", "1e400", "\"\"", "[]", "{}", "[[[]]]", "\"\\ud800\"", "\"\\u0000\"", "0.5",
            "99999999999999999999", "\"9999y\"", "\"-1ns\"", "\"now-999999y\"", "{\"a\":{\"b\":[]}}", "\"| stats\"",
            "\"a:in(* | fields a)\"", "\"((((((((((\"",
        ]
        try await offPool {
            var generator = SeededGenerator(seed: seed)
            var client = try server.client()
            for _ in 0..<800 {
                var body = Array(generator.pick(bodies).utf8)
                for _ in 0...generator.below(3) {
                    let place = generator.below(body.count)
                    switch generator.below(4) {
                    case 0: body[place] = generator.bytes(1)[0]
                    case 1: body.removeSubrange(place..<min(body.count, place + 1 + generator.below(9)))
                    case 2: body.insert(contentsOf: generator.pick(values).utf8, at: place)
                    default:
                        // Another value in the place of one.
                        guard let colon = body[place...].firstIndex(of: 0x3A) else { continue }
                        let end = body[colon...].firstIndex { $0 == 0x2C || $0 == 0x7D } ?? body.count
                        body.replaceSubrange(body.index(after: colon)..<end, with: generator.pick(values).utf8)
                    }
                    if body.isEmpty { body = [0x7B] }
                }
                let target = generator.pick(["/v1/search", "/v1/aggregate"])
                try client.send("POST", target, ["Content-Type: application/json"], body)
                let answer = try client.answer()
                guard answer.status == 200 || answer.status == 400 else {
                    throw TestFailure("\(target) \(String(decoding: body, as: UTF8.self)): \(answer), seed \(seed)")
                }
                guard answer.json != nil else { throw TestFailure("no JSON: \(answer), seed \(seed)") }
                if answer.headers["connection"] == "close" { client = try server.client() }
            }
        }
        await server.end()
    }
}
