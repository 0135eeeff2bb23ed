package import AgentPipeline
import ByteCoding
import Journal
import LogModel
import SystemIO
import WireProtocol
import ZstdCodec

/// Appends batches to a spool, and drops what matters least when there is no room. One thread at a time.
package final class SpoolWriter {
    /// A batch that is not in the spool as a whole yet.
    private struct Pending {
        var parts: [Part]
        var progress: [SourceProgress]
        var drops: [DropNote] = []
    }

    /// What goes into one lane.
    private struct Part {
        var priority: Priority
        var payload: [UInt8]
        var levels: [LevelSummary]
        var shares: [SourceShare]
        var isAppended = false
    }

    private let spool: Spool
    private let writers: [JournalWriter]
    private let onDrop: ([DropNote]) -> Void
    private var compressor: ZstdCompressor
    private var content = ByteWriter(capacity: 64 << 10)
    private var pending: Pending?
    private var summarizedBytes = 0

    /// What is counted as dropped because there was no room.
    package static let full = "spool_full"
    /// What is counted as dropped because the collector is behind.
    package static let shed = "collector_behind"

    /// Makes the writer of a spool; it must have no other.
    ///
    /// - Parameters:
    ///   - spool: the spool.
    ///   - onDrop: hears of what was dropped, once it is in the ledger.
    package init(_ spool: Spool, onDrop: @escaping ([DropNote]) -> Void = { _ in }) {
        self.spool = spool
        self.onDrop = onDrop
        writers = spool.lanes.map { JournalWriter($0) }
        compressor = ZstdCompressor(level: Int32(spool.options.compressionLevel), checksum: true)
    }

    /// Takes a batch apart by priority, compresses, writes and syncs it.
    ///
    /// - Parameters:
    ///   - batch: the events.
    ///   - runs: which of them are of which file; see ``SourceRun``.
    ///   - agent: who made it.
    ///   - epoch: the agent's epoch; the last two bits are the priority's, and the number in it is that in the lane.
    ///   - now: nanoseconds since the epoch.
    ///   - shedding: events of this priority and below are counted as dropped instead.
    /// - Returns: the number of the ledger's entry.
    /// - Throws: ``SpoolError``; except after `broken`, the same batch must be offered again before another.
    @discardableResult
    package func append(
        _ batch: AssembledBatch, runs: [SourceRun] = [], agent: String, epoch: UInt64, now: Int64,
        shedding: Priority? = nil
    ) throws(SpoolError) -> UInt64 {
        if pending == nil { pending = try prepare(batch, runs, shedding) }
        let number: UInt64
        do throws(SpoolError) {
            try makeRoom(now)
            try appendParts(agent, epoch, now)
            number = try enter(now)
        } catch {
            if case .diskFull = error { spool.removeLastFiles(writers) }
            throw error
        }
        let drops = pending?.drops ?? []
        pending = nil
        if !drops.isEmpty { onDrop(drops) }
        return number
    }

    private func appendParts(_ agent: String, _ epoch: UInt64, _ now: Int64) throws(SpoolError) {
        // Without any entry, an agent that starts again could not tell what counts.
        if spool.ledger.directory.status.files == 0 {
            try spool.ledger.append(now: now) { LedgerEntry(ends: spool.withState { $0.ends }) }
        }
        for index in pending?.parts.indices ?? 0..<0 {
            guard let part = pending?.parts[index], !part.isAppended else { continue }
            let writer = writers[part.priority.rawValue]
            let record = JournalRecord(
                ingestTime: now, agent: agent, epoch: Self.epoch(epoch, part.priority),
                sequence: writer.nextPosition, payload: part.payload)
            do throws(JournalError) {
                try writer.append(record)
                try writer.commit()
            } catch {
                writer.discard()
                throw SpoolError(error)
            }
            pending?.parts[index].isAppended = true
        }
    }

    /// The epoch under which batches of a priority are sent.
    package static func epoch(_ epoch: UInt64, _ priority: Priority) -> UInt64 {
        epoch & ~3 | UInt64(priority.rawValue)
    }

    // MARK: Encoding

    private func prepare(
        _ batch: AssembledBatch, _ runs: [SourceRun], _ shedding: Priority?
    ) throws(SpoolError) -> Pending {
        var pending = Pending(parts: [], progress: batch.progress)
        var shed = DropTally(reason: Self.shed)
        for part in split(batch, runs) {
            if let shedding, part.priority <= shedding {
                shed.add(levels: part.levels, shares: part.shares)
                continue
            }
            pending.parts.append(
                Part(
                    priority: part.priority, payload: try encode(part), levels: part.levels, shares: part.shares))
        }
        pending.drops = shed.sorted()
        return pending
    }

    private func encode(_ part: BatchPart) throws(SpoolError) -> [UInt8] {
        content.removeAll()
        BatchCodec.encode(part.events, into: &content)
        var payload = ByteWriter(capacity: 256 + content.count / 4)
        SpoolRecord.writeHead(
            events: part.events.count, contentBytes: content.count, levels: part.levels, shares: part.shares,
            to: &payload)
        do throws(ZstdError) {
            try content.withBytes { (bytes) throws(ZstdError) in
                try payload.append(room: zstdBound(bytes.count)) { (room) throws(ZstdError) in
                    try compressor.compress(bytes, into: room)
                }
            }
        } catch {
            throw .failed("a batch cannot be compressed: \(error)")
        }
        // One huge batch must not hold its memory for ever.
        if content.count > 8 << 20 { content = ByteWriter(capacity: 64 << 10) }
        return payload.array()
    }

    // MARK: The ledger

    private func enter(_ now: Int64) throws(SpoolError) -> UInt64 {
        try spool.ledger.append(now: now) {
            var entry = LedgerEntry(ends: writers.map { $0.nextPosition - 1 })
            entry.progress = pending?.progress ?? []
            entry.drops = pending?.drops ?? []
            return entry
        } appended: { _ in
            spool.withState { state in
                for (index, writer) in writers.enumerated() { state.lanes[index].end = writer.nextPosition - 1 }
            }
        }
    }

    // MARK: Room

    /// A sixteenth of the limit is for the ledger, before it is written anew.
    private var ledgerLimit: Int { max(1 << 20, spool.limitBytes / 16) }

    private func makeRoom(_ now: Int64) throws(SpoolError) {
        try summarizeIfLong(now)
        while let parts = pending?.parts, !parts.contains(where: \.isAppended) {
            let wanted = parts.reduce(0) { $0 + $1.payload.count + 128 }
            let bytes = spool.bytes
            if bytes + wanted <= spool.limitBytes || wanted == 0 { return }
            if spool.options.whenFull == .wait || spool.hasReleasable(wanted) {
                throw .full(bytes: bytes, limit: spool.limitBytes)
            }
            let incoming = parts.map(\.priority)
            switch spool.withState({ $0.victim(incoming: incoming) }) {
            case nil: throw .full(bytes: bytes, limit: spool.limitBytes)
            case .waiting(let priority): try drop(priority, now)
            case .incoming(let priority):
                var tally = DropTally(reason: Self.full)
                for part in parts where part.priority == priority {
                    tally.add(levels: part.levels, shares: part.shares)
                }
                pending?.parts.removeAll { $0.priority == priority }
                pending?.drops.append(contentsOf: tally.sorted())
            }
        }
    }

    /// Drops the oldest file of a lane: its events are counted in the ledger, then it goes.
    private func drop(_ priority: Priority, _ now: Int64) throws(SpoolError) {
        let directory = spool.lanes[priority.rawValue]
        let begun = spool.withState { state in state.beginDrop(priority) { directory.boundOfFile(at: $0) } }
        guard let begun else { throw .full(bytes: spool.bytes, limit: spool.limitBytes) }
        var tally = DropTally(reason: Self.full)
        var kept: [SpoolState.Held] = []
        do throws(SpoolError) {
            try count(begun, directory, &tally)
            if let keeps = begun.keeps { try keep(keeps, of: priority, &kept) }
            try spool.ledger.append(now: now) {
                var entry = LedgerEntry(ends: spool.withState { $0.ends })
                entry.floors = [LedgerEntry.Floor(priority: priority, through: begun.numbers.upperBound)]
                entry.drops = tally.sorted()
                return entry
            }
        } catch {
            spool.withState { $0.cancelDrop(begun) }
            for held in kept { HeldBatch.remove(held.number, in: directory.path) }
            throw error
        }
        let (needless, isAll) = spool.withState { state in
            (state.finishDrop(begun, kept: kept), state.lanes[priority.rawValue].first == nil)
        }
        for held in needless { HeldBatch.remove(held.number, in: directory.path) }
        onDrop(tally.sorted())
        try spool.remove(begun, isAll: isAll, writers[priority.rawValue])
    }

    private func count(
        _ drop: SpoolState.Drop, _ directory: JournalDirectory, _ tally: inout DropTally
    ) throws(SpoolError) {
        let voids = spool.withState { $0.lanes[drop.priority.rawValue].voids }
        let reader = JournalReader(directory, from: drop.numbers.lowerBound)
        while reader.position <= drop.numbers.upperBound {
            let before = reader.position
            let result: JournalReadResult
            do throws(JournalError) { result = try reader.read(maxBytes: 1 << 20) } catch { throw SpoolError(error) }
            for record in result.records where drop.numbers.contains(record.position) {
                if voids.contains(where: { $0.contains(record.position) }) { continue }
                // One that cannot be understood could not have been sent either; the journal reports damage.
                if let batch = try? SpoolRecord(record) {
                    tally.add(levels: batch.levels, shares: batch.shares)
                } else {
                    let time = record.record.ingestTime
                    tally.add(DropNote(damaged: record.record.payload.count, from: time, to: time))
                }
            }
            if reader.position <= before { break }
        }
    }

    /// Copies batches to files of their own. A damaged one cannot be sent again, here or there.
    private func keep(
        _ numbers: ClosedRange<UInt64>, of priority: Priority, _ kept: inout [SpoolState.Held]
    ) throws(SpoolError) {
        let directory = spool.lanes[priority.rawValue]
        let reader = JournalReader(directory, from: numbers.lowerBound)
        while reader.position <= numbers.upperBound {
            let before = reader.position
            let result: JournalReadResult
            do throws(JournalError) { result = try reader.read(maxBytes: 1) } catch { throw SpoolError(error) }
            for record in result.records where numbers.contains(record.position) {
                let needsNone = spool.withState { state in
                    let lane = state.lanes[priority.rawValue]
                    return record.position <= lane.acknowledged || lane.isVoid(record.position)
                }
                if needsNone { continue }
                do throws(IOError) { kept.append(try HeldBatch.write(record, in: directory.path)) } catch {
                    throw SpoolError(error)
                }
            }
            if reader.position <= before { break }
        }
    }

    private func summarizeIfLong(_ now: Int64) throws(SpoolError) {
        let bytes = spool.ledger.directory.status.bytes
        // Bytes that only wait for their release are counted too: it must have grown by as much again.
        guard bytes > ledgerLimit, bytes > summarizedBytes + ledgerLimit / 2 else {
            if bytes < summarizedBytes { summarizedBytes = bytes }
            return
        }
        do throws(SpoolError) { try spool.summarize(now) } catch {
            // A ledger that cannot be read just now takes entries all the same.
            if case .failed = error { return }
            throw error
        }
        summarizedBytes = spool.ledger.directory.status.bytes
    }
}
