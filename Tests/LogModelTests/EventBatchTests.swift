import LogModel
import Testing

@Suite struct EventBatchTests {
    private func bytes(_ text: String, _ body: (UnsafeRawBufferPointer) -> Void) {
        var copy = text
        copy.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }

    @Test func rowsComeBackAndStreamsAreShared() {
        var builder = EventBatchBuilder(labels: [.init("service", "cart"), .init("host", "h1")])
        let level = builder.name("level")
        let service = builder.name("service")
        for row in 0..<100 {
            bytes(row % 2 == 0 ? "INFO" : "ERROR") { builder.add(field: level, value: $0) }
            if row % 10 == 0 { bytes("pay") { builder.add(label: service, value: $0) } }
            bytes("message \(row)") {
                builder.endEvent(time: Timestamp(nanoseconds: Int64(row)), level: .info, message: $0)
            }
        }
        let batch = builder.finish()
        #expect(batch.count == 100)
        #expect(batch.streams.count == 2)
        #expect(batch.streams[0].text == #"{host="h1",service="pay"}"#)
        #expect(batch.message(at: 42) == "message 42")
        #expect(batch.value(of: "service", at: 20) == Array("pay".utf8))
        #expect(batch.value(of: "service", at: 21) == Array("cart".utf8))
        #expect(batch.value(of: "level", at: 21) == Array("ERROR".utf8))
        #expect(batch.value(of: "absent", at: 21) == nil)
        #expect(batch.timeBounds == Timestamp(nanoseconds: 0)...Timestamp(nanoseconds: 99))
    }

    @Test func anAbandonedEventLeavesNothing() {
        var builder = EventBatchBuilder()
        let field = builder.name("a")
        bytes("kept") { builder.endEvent(time: Timestamp(nanoseconds: 1), level: .info, message: $0) }
        bytes("gone") { builder.add(field: field, value: $0) }
        bytes("svc") { builder.add(label: field, value: $0) }
        builder.abandonEvent()
        bytes("also kept") { builder.endEvent(time: Timestamp(nanoseconds: 2), level: .info, message: $0) }
        let batch = builder.finish()
        #expect(batch.count == 2)
        #expect(batch.fields.isEmpty)
        #expect(batch.streams.count == 1)
        #expect(batch.arena == Array("keptalso kept".utf8))
    }

    @Test func manyNamesAreAllFoundAgain() {
        var builder = EventBatchBuilder()
        let numbers = (0..<1_000).map { builder.name("field-\($0)") }
        #expect(Set(numbers).count == 1_000)
        #expect((0..<1_000).map { builder.name("field-\($0)") } == numbers)
    }

    @Test func streamIdentityIsCanonical() {
        let first = StreamIdentity(labels: [.init("b", "2"), .init("a", "1"), .init("c", "")])
        let second = StreamIdentity(labels: [.init("a", "0"), .init("a", "1"), .init("b", "2")])
        #expect(first == second)
        #expect(first.id == second.id)
        #expect(StreamIdentity(labels: [.init("a", "x\"y\\\n")]).text == #"{a="x\"y\\\n"}"#)
    }
}
