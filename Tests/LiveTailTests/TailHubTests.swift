import ByteCoding
import LiveTail
import LogModel
import Synchronization
import SystemIO
import Testing

@Suite(.timeLimit(.minutes(15)))
struct TailHubTests {
    private func batch(_ messages: [String]) -> EventBatch {
        var builder = EventBatchBuilder()
        for message in messages {
            Array(message.utf8).withUnsafeBytes {
                builder.endEvent(time: Timestamp(nanoseconds: 1), level: .info, message: $0)
            }
        }
        return builder.finish()
    }

    private func hub(_ change: (inout TailOptions) -> Void = { _ in }) throws -> TailHub {
        var options = TailOptions()
        change(&options)
        return try TailHub(options: options) { batch, row, id, writer in
            writer.append(utf8: "\(id >> 20):\(id & 0xFFFFF) \(batch.message(at: row))\n")
        }
    }

    private static let everything: TailFilter = { Array(0..<$0.count) }

    private func text(_ piece: TailPiece?) -> (text: String, dropped: Int) {
        guard case .events(let bytes, let dropped) = piece else { return ("", 0) }
        return (String(decoding: bytes, as: UTF8.self), dropped)
    }

    /// Reads until the client has got, or been told of, so many events.
    private func read(_ client: TailClient, events wanted: Int) async -> (text: String, dropped: Int) {
        var (all, dropped) = ("", 0)
        while all.split(separator: "\n").count + dropped < wanted, let piece = await client.next() {
            let (more, left) = text(piece)
            all += more
            dropped += left
        }
        return (all, dropped)
    }

    @Test func aClientGetsWhatItsFilterWantsInTheOrderOfCommit() async throws {
        let hub = try hub()
        defer { hub.stop() }
        let client = try hub.subscribe(maximumRate: 1_000) { batch in
            (0..<batch.count).filter { batch.message(at: $0).hasPrefix("yes") }
        }
        hub.publish(batch(["yes 1", "no", "yes 2"]), position: 7)
        hub.publish(batch(["no", "yes 3"]), position: 8)
        let got = await read(client, events: 3)
        #expect(got.text == "7:0 yes 1\n7:2 yes 2\n8:1 yes 3\n")
        #expect(got.dropped == 0)
    }

    @Test func aClientGetsNothingFromBeforeItCame() async throws {
        let hub = try hub()
        defer { hub.stop() }
        hub.begin(after: 4)
        hub.publish(batch(["before"]), position: 5)
        let client = try hub.subscribe(maximumRate: 1_000, filter: Self.everything)
        #expect(client.joinedAfter == 5)
        hub.publish(batch(["after"]), position: 6)
        #expect(await read(client, events: 1).text == "6:0 after\n")
    }

    @Test func aClientThatDoesNotReadLosesEventsAndIsToldHowMany() async throws {
        let hub = try hub { $0.clientBytes = 100 }
        defer { hub.stop() }
        let slow = try hub.subscribe(maximumRate: 1_000_000, filter: Self.everything)
        let quick = try hub.subscribe(maximumRate: 1_000_000, filter: Self.everything)
        let count = 1_000
        var seenByQuick = 0
        for position in 1...UInt64(count) {
            hub.publish(batch(["event"]), position: position)
            let got = await read(quick, events: 1)
            seenByQuick += got.text.split(separator: "\n").count
        }
        // The quick client has seen the last event, so the hub has offered all of them to the slow one, or is about to.
        let got = await read(slow, events: count)
        #expect(seenByQuick == count)
        #expect(got.dropped > 0)
        #expect(got.text.utf8.count < 100 + 20)
        #expect(got.text.split(separator: "\n").count + got.dropped == count)
        #expect(hub.statistics.dropped == got.dropped)
    }

    @Test func eventsOverTheRateAreLeftOutAndCounted() async throws {
        let hub = try hub()
        defer { hub.stop() }
        let client = try hub.subscribe(maximumRate: 10, filter: Self.everything)
        hub.publish(batch((0..<500).map { "\($0)" }), position: 1)
        let got = await read(client, events: 500)
        #expect(got.text.split(separator: "\n").count == 10)
        #expect(got.dropped == 490)
    }

    @Test func batchesThatFindTheInputFullAreCountedAsDropped() async throws {
        let hub = try hub { $0.inputBytes = 1 }
        defer { hub.stop() }
        let client = try hub.subscribe(maximumRate: 1_000, filter: Self.everything)
        hub.publish(batch(["a", "b", "c"]), position: 1)
        let got = await read(client, events: 3)
        #expect(got.text.isEmpty)
        #expect(got.dropped == 3)
    }

    @Test func thereAreOnlySoManyClients() throws {
        let hub = try hub { $0.maximumClients = 2 }
        defer { hub.stop() }
        let first = try hub.subscribe(maximumRate: 1, filter: Self.everything)
        _ = try hub.subscribe(maximumRate: 1, filter: Self.everything)
        #expect(throws: TailError.tooManyClients(limit: 2)) {
            _ = try hub.subscribe(maximumRate: 1, filter: Self.everything)
        }
        hub.unsubscribe(first)
        _ = try hub.subscribe(maximumRate: 1, filter: Self.everything)
        #expect(hub.statistics.clients == 2)
    }

    @Test func aQuietClientGetsHeartbeats() async throws {
        let hub = try hub { $0.heartbeatNanos = 1_000_000 }
        defer { hub.stop() }
        let client = try hub.subscribe(maximumRate: 1, filter: Self.everything)
        #expect(await client.next() == .heartbeat)
        #expect(await client.next() == .heartbeat)
    }

    @Test func stoppingEndsClientsAndRefusesNewOnes() async throws {
        let hub = try hub()
        let client = try hub.subscribe(maximumRate: 1, filter: Self.everything)
        async let piece = client.next()
        hub.stop()
        #expect(await piece == nil)
        #expect(throws: TailError.stopped) { _ = try hub.subscribe(maximumRate: 1, filter: Self.everything) }
    }

    @Test func cancellingAReaderEndsItsClient() async throws {
        let hub = try hub()
        defer { hub.stop() }
        let client = try hub.subscribe(maximumRate: 1, filter: Self.everything)
        let reader = Task { await client.next() }
        reader.cancel()
        #expect(await reader.value == nil)
    }
}
