import ByteCoding
import CollectorIngest
import Journal
import LineFormats
import LogModel
import Synchronization
import SystemIO
import Testing
import WireProtocol
import ZstdCodec

@Suite(.timeLimit(.minutes(15)))
struct IngestGatewayTests {
    @Test func aJSONBodyBecomesEventsWithTheLabelsOfItsSource() async throws {
        let way = try Way()
        let receipt = try await way.json(
            #"""
            {"source":{"service":"cart","host":"h1","zone":7},"logs":[
             {"ts":"2025-06-15T14:23:01.123Z","level":"ERROR","msg":"a\tb","meta":{"trace_id":"x","deep":{"n":1.50}}},
             {"ts":1750000000,"msg":"other","service":"till"}]}
            """#
        ).get()
        #expect(receipt == IngestReceipt(accepted: 2, failed: 0, duplicate: false, newest: receipt.newest))
        let batch = try #require(try way.batches.first)
        #expect(batch.message(at: 0) == "a\tb")
        #expect(batch.timestamps[1] == 1_750_000_000_000_000_000)
        #expect(batch.levels[0] == Level.error.rawValue)
        #expect(batch.value(of: "trace_id", at: 0) == Array("x".utf8))
        #expect(batch.value(of: "deep.n", at: 0) == Array("1.50".utf8))
        #expect(batch.value(of: "service", at: 0) == Array("cart".utf8))
        #expect(batch.value(of: "zone", at: 0) == Array("7".utf8))
        #expect(batch.value(of: "service", at: 1) == Array("till".utf8))
    }

    @Test func logsMayStandBeforeTheirSource() async throws {
        let way = try Way()
        let receipt = try await way.json(#"{"logs":[{"msg":"a"}],"other":[1,{}],"source":{"service":"s"}}"#).get()
        #expect(receipt.accepted == 1)
        #expect(try way.batches.first?.value(of: "service", at: 0) == Array("s".utf8))
    }

    @Test func theAttachmentIsTheBatchThatWasStored() async throws {
        let way = try Way()
        _ = try await way.lines(#"{"_msg":"a","k":"v"}"#)
        let attached = try #require(way.records.first?.record.attachment as? EventBatch)
        #expect(attached.message(at: 0) == "a")
        #expect(attached.value(of: "k", at: 0) == Array("v".utf8))
    }

    struct BadBody: Sendable, CustomTestStringConvertible {
        var body: String
        var line: Int?
        var column: Int?
        var field: String?
        var testDescription: String { body }
    }

    @Test(arguments: [
        BadBody(body: "", line: 1, column: 1),
        BadBody(body: "[]", line: 1, column: 1),
        BadBody(body: "{\n  \"logs\": [ {\"a\": } ]\n}", line: 2, column: 19),
        BadBody(body: #"{"logs":[{"msg":"a"}"#, line: 1, column: 21),
        BadBody(body: #"{"logs":[{"msg":"a"}]} x"#, line: 1, column: 24),
        BadBody(body: #"{"source":{}}"#, field: "logs"),
        BadBody(body: #"{"source":{},"logs":[{"msg":"a"}],"logs":[]}"#, line: 1, column: 42, field: "logs"),
        BadBody(body: #"{"logs":[{"msg":"a"}],"source":{},"logs":[]}"#, line: 1, column: 42, field: "logs"),
        BadBody(body: #"{"source":[],"logs":[]}"#, line: 1, column: 11, field: "source"),
        BadBody(body: #"{"source":{"service":{}},"logs":[]}"#, line: 1, column: 11, field: "source.service"),
        BadBody(body: #"{"logs":{}}"#, line: 1, column: 9, field: "logs"),
    ])
    func aBodyThatCannotBeReadIsRefusedWithThePlace(_ bad: BadBody) async throws {
        let way = try Way()
        let result = await way.json(bad.body)
        guard case .failure(let problem) = result else {
            Issue.record("it was taken: \(result)")
            return
        }
        #expect(problem.kind == .malformed)
        #expect(problem.place?.line == bad.line)
        #expect(problem.place?.column == bad.column)
        #expect(problem.field == bad.field)
        #expect(way.records.isEmpty)
    }

    @Test func badEventsOfAGoodBodyGoToTheDeadLettersAndTheOthersStay() async throws {
        let way = try Way { $0.eventBytes = 200 }
        let long = String(repeating: "x", count: 300)
        let receipt = try await way.json(
            #"{"source":{"service":"s"},"logs":[{"msg":"1"},17,{"ts":"noon","msg":"2"},{"msg":"\#(long)"},{"msg":"3"}]}"#
        ).get()
        #expect(receipt.accepted == 2)
        #expect(receipt.failed == 3)
        #expect(receipt.errors.map(\.index) == [1, 2, 3])
        let letters = try way.letters()
        #expect(letters.map { $0["reason"]?.string } == ["unusable", "unusable", "too_large"])
        #expect(letters.map { $0["event"]?.string?.prefix(4) } == ["17", #"{"ts"#, #"{"ms"#])
        #expect(try way.batches.first.map { batch in (0..<batch.count).map { batch.message(at: $0) } } == ["1", "3"])
        #expect(way.gateway.statistics.counts.allRejected == 3)
    }

    @Test func aMalformedLineCostsOnlyItself() async throws {
        let way = try Way()
        let receipt = try await way.lines(
            "{\"_msg\":\"1\"}\n{\"_msg\":\"open\n\r\n   \n{\"_msg\":\"2\"} tail\n{\"_msg\":\"3\"}\r\nplain\n{\"_msg\":\"4\"}"
        )
        #expect(receipt.accepted == 3)
        #expect(receipt.failed == 3)
        #expect(
            try way.batches.first.map { batch in (0..<batch.count).map { batch.message(at: $0) } } == ["1", "3", "4"])
        #expect(
            try way.letters().map { $0["event"]?.string } == ["{\"_msg\":\"open", "{\"_msg\":\"2\"} tail", "plain"])
    }

    @Test func linesTakeTheNamesThatTheRequestGives() async throws {
        let way = try Way()
        let keys = JSONEventDecoder.Keys(time: ["at", "ts"], message: ["text", "log"], labels: ["app", "pod"])
        _ = try await way.lines(
            #"{"ts":"2025-01-01T00:00:00Z","log":"hello","app":"a","pod":"p","service":"s","_stream":"{x}"}"#, keys)
        let batch = try #require(try way.batches.first)
        #expect(batch.message(at: 0) == "hello")
        #expect(batch.streams[0].text == #"{app="a",pod="p"}"#)
        #expect(batch.fieldNames.count { $0 == "service" } == 1)
        #expect(batch.value(of: "_stream", at: 0) == nil)
        #expect(Timestamp(nanoseconds: batch.timestamps[0]).description == "2025-01-01T00:00:00Z")
    }

    @Test func aBodyWithoutAnyGoodEventIsTakenAndNothingIsStored() async throws {
        let way = try Way()
        let receipt = try await way.lines("nothing\nof this\n")
        #expect(receipt == IngestReceipt(accepted: 0, failed: 2, duplicate: false, errors: receipt.errors))
        #expect(way.records.isEmpty)
    }

    @Test func namesThatNestingRepeatsAreBounded() async throws {
        let way = try Way()
        let name = String(repeating: "n", count: 400)
        let receipt = try await way.lines(
            "{\"\(name)\":{\"\(name)\":{\"a\":1}}}\n{\"\(String(repeating: "m", count: 600))\":1}\n{\"ok\":1}")
        #expect(receipt.accepted == 1)
        #expect(receipt.failed == 2)
        #expect(try way.letters().allSatisfy { $0["reason"]?.string == "over_limit" })
    }
}
