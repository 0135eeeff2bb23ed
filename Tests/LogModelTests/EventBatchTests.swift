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

    @Test func aBuilderGoesOnWithTheNextBatch() {
        var builder = EventBatchBuilder(labels: [.init("service", "cart")])
        func add(_ message: String, _ labels: [(String, String)]) {
            for (name, value) in labels {
                let number = builder.name(name)
                bytes(value) { builder.add(label: number, value: $0) }
            }
            let field = builder.name("f-\(message)")
            bytes(message) { builder.add(field: field, value: $0) }
            bytes(message) { builder.endEvent(time: Timestamp(nanoseconds: 1), level: .info, message: $0) }
        }
        add("a", [("host", "h1"), ("zone", "z")])
        add("b", [("host", "h2")])
        // The same stream, its labels in another order.
        add("c", [("zone", "z"), ("host", "h1")])
        let first = builder.finish()
        #expect(first.streamIndexes == [0, 1, 0])
        #expect(first.fieldNames == ["host", "zone", "f-a", "f-b", "f-c"])
        bytes("left over") { builder.add(field: builder.name("gone"), value: $0) }
        builder.begin(labels: [.init("service", "cart")])
        add("d", [("host", "h2")])
        let second = builder.finish()
        #expect(second.count == 1)
        #expect(second.fieldNames == ["host", "f-d"])
        #expect(second.streams == [first.streams[1]])
        #expect(second.arena == Array("dd".utf8))
        builder.begin(labels: [.init("service", "till")])
        add("e", [("host", "h2")])
        #expect(builder.finish().streams.map(\.text) == [#"{host="h2",service="till"}"#])
        #expect(builder.finish().count == 0)
    }

    @Test func moreStreamsThanAreRememberedAreTold() {
        var builder = EventBatchBuilder()
        let host = builder.name("host")
        // Over the limit of what is remembered in one batch, and again in the next.
        for round in 0..<3 {
            _ = builder.name("host")
            for number in 0..<20_000 {
                bytes("h\(number % 17_000)") { builder.add(label: host, value: $0) }
                bytes("") { builder.endEvent(time: Timestamp(nanoseconds: 1), level: .info, message: $0) }
            }
            let batch = builder.finish()
            #expect(batch.streams.count == 17_000, "round \(round)")
            for row in stride(from: 0, to: 20_000, by: 997) {
                #expect(batch.value(of: "host", at: row) == Array("h\(row % 17_000)".utf8))
            }
        }
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
