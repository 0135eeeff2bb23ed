import NIOCore
import Testing

@testable import CollectorHTTP

@Suite(.timeLimit(.minutes(15)))
struct ChunkChannelTests {
    private struct Failure: Error {}

    private func piece(_ count: Int) -> ByteBuffer { ByteBuffer(repeating: 0x61, count: count) }

    @Test func whatIsSentArrivesInOrderAndThenTheEnd() async throws {
        let channel = ChunkChannel()
        #expect(channel.send(ByteBuffer(string: "a")))
        #expect(channel.send(ByteBuffer(string: "b")))
        channel.finish()
        #expect(try await channel.next() == ByteBuffer(string: "ab"))
        #expect(try await channel.next() == nil)
        #expect(!channel.send(ByteBuffer(string: "c")))
    }

    @Test func aFailureComesAfterWhatWasSentBefore() async throws {
        let channel = ChunkChannel()
        #expect(channel.send(ByteBuffer(string: "a")))
        channel.finish(Failure())
        #expect(try await channel.next() == ByteBuffer(string: "a"))
        await #expect(throws: Failure.self) { _ = try await channel.next() }
    }

    @Test func aSlowReaderMakesTheSenderWaitInsteadOfMemoryGrow() async throws {
        let channel = ChunkChannel(patience: 3_600_000_000_000)
        let size = ChunkChannel.waitingBytes / 4
        let count = 64
        let sender = Task.detached {
            for _ in 0..<count where !channel.send(ByteBuffer(repeating: 0x61, count: size)) { return false }
            channel.finish()
            return true
        }
        var received = 0
        var largest = 0
        while let bytes = try await channel.next() {
            received += bytes.readableBytes
            largest = max(largest, bytes.readableBytes)
        }
        #expect(await sender.value)
        #expect(received == count * size)
        #expect(largest <= ChunkChannel.waitingBytes + size)
    }

    @Test func whatIsOfferedIsTakenWhenNothingElseWaits() async throws {
        let channel = ChunkChannel()
        channel.offer(ByteBuffer(string: "a"))
        channel.offer(ByteBuffer(string: "b"))
        #expect(channel.send(ByteBuffer(string: "c")))
        #expect(try await channel.next() == ByteBuffer(string: "ac"))
        channel.finish()
        channel.offer(ByteBuffer(string: "d"))
        #expect(try await channel.next() == nil)
    }

    @Test func cancellingWakesASenderThatWaits() async throws {
        let channel = ChunkChannel()
        let sender = Task.detached {
            while channel.send(ByteBuffer(repeating: 0x61, count: ChunkChannel.waitingBytes)) {}
            return true
        }
        channel.cancel()
        #expect(await sender.value)
        #expect(channel.isCancelled)
        await #expect(throws: CancellationError.self) { _ = try await channel.next() }
    }

    @Test func cancellingTheReadersTaskCancelsTheChannel() async throws {
        let channel = ChunkChannel()
        let reader = Task { try await channel.next() }
        reader.cancel()
        await #expect(throws: CancellationError.self) { _ = try await reader.value }
        #expect(channel.isCancelled)
    }

    @Test func datesAreWrittenAsHTTPWantsThem() {
        #expect(HTTPDate.text(second: 784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(HTTPDate.text(second: 0) == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(HTTPDate.text(second: -1) == "Wed, 31 Dec 1969 23:59:59 GMT")
        #expect(HTTPDate.text(second: 1_709_208_000) == "Thu, 29 Feb 2024 12:00:00 GMT")
    }
}
