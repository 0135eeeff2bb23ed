import AgentDelivery
import AgentPipeline
import ByteCoding
import Journal
import LogModel
import SystemIO
import TestSupport
import Testing
import WireProtocol
import ZstdCodec

/// A spool as a version without priorities has left it.
struct OldSpoolTests {
    private func writeOld(_ place: Workplace, _ texts: [String]) throws {
        let writer = JournalWriter(try JournalDirectory("\(place.path)/spool"))
        for (index, text) in texts.enumerated() {
            let assembled = try batch(text, from: index * 10, to: index * 10 + 10)
            var content = ByteWriter()
            BatchCodec.encode(assembled.events, into: &content)
            var payload = ByteWriter()
            payload.append(1)
            payload.append(varint: UInt64(assembled.events.count))
            payload.append(varint: UInt64(content.count))
            payload.append(varint: UInt64(assembled.progress.count))
            for progress in assembled.progress {
                payload.append(varint: UInt64(progress.from))
                // As it was before there were cursors.
                let state = progress.state
                for number in [state.id, state.device, state.inode, UInt64(state.offset), UInt64(state.prefixLength)] {
                    payload.append(varint: number)
                }
                payload.append(littleEndian: state.prefixHash)
                payload.append(varint: UInt64(state.parts))
                payload.append(lengthPrefixed: state.path)
            }
            var compressor = ZstdCompressor(level: 1, checksum: true)
            payload.append(contentsOf: try compressor.compress(content.array()))
            try writer.append(
                JournalRecord(
                    ingestTime: 1, agent: "old", epoch: 77, sequence: writer.nextPosition, payload: payload.array()))
            try writer.commit()
        }
    }

    @Test func whatAnEarlierVersionHasSpooledIsSentOnUnderItsNumbers() throws {
        let place = try Workplace()
        try writeOld(place, ["one", "two", "three"])
        var cursors = SpoolCursors()
        cursors.old = 1
        let spool = try place.spool(behind: cursors)
        #expect(spool.hasOld)
        var offsets: [Int] = []
        #expect(spool.forEachProgress(behind: cursors) { offsets.append($0.state.offset) })
        #expect(offsets == [20, 30])
        try SpoolWriter(spool).append(
            batch([("ERROR", "e"), ("INFO", "i")], from: 30), agent: "a", epoch: 80, now: 1)
        let queue = makeQueue(spool, behind: cursors)
        let error = try #require(try queue.first(in: .priority(.error)))
        _ = queue.begin(error)
        queue.finish(error)
        let info = try #require(try queue.first(in: .priority(.info)))
        _ = queue.begin(info)
        queue.finish(info)
        // The old lines come before these in their file.
        try queue.settle { _, progress in #expect(progress.isEmpty) }
        let old = try drain(queue)
        #expect(try old.map(messages) == [["two"], ["three"]])
        #expect(old.map(\.sequence) == [2, 3] && old.map(\.epoch) == [77, 77] && old.map(\.agent) == ["old", "old"])
        #expect(old.map { $0.progress.map(\.state.offset) } == [[20], [30]])
        #expect(!spool.hasOld)
        var settled: [Int] = []
        try queue.settle { _, progress in settled += progress.map(\.state.offset) }
        #expect(settled == [50])
        cursors.old = 3
        try spool.release(before: cursors)
        #expect(try !FileSystem.list("\(place.path)/spool").contains { $0.hasSuffix(".journal") })
    }

    @Test func theRegistryOfAnEarlierVersionIsRead() throws {
        let place = try Workplace()
        var bytes = ByteWriter()
        bytes.append(contentsOf: Array("LODGEREG".utf8))
        bytes.append(littleEndian: UInt16(1))
        bytes.append(littleEndian: UInt16(0))
        for number: UInt64 in [4, 77, 1, 9, 5] { bytes.append(littleEndian: number) }
        bytes.append(lengthPrefixed: "old")
        bytes.append(varint: 0)
        bytes.append(littleEndian: crc32c(bytes.array()))
        try FileSystem.writeAtomically("\(place.path)/registry.a", bytes.array())
        guard case .content(let content, let generation, nil) = try Registry.load(place.path) else {
            Issue.record("it is not read")
            return
        }
        #expect(content.isOld && content.cursors.old == 9 && content.cursors.lanes == [0, 0, 0, 0])
        #expect(content.epoch == 77 && content.nextSource == 5 && generation == 4)
    }
}
