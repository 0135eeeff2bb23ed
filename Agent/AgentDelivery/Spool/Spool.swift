package import AgentPipeline
import ByteCoding
package import Journal
import LogModel
import SystemIO
import WireProtocol
import ZstdCodec

/// Why the spool did not take a batch.
package enum SpoolError: Error, Sendable, Equatable, CustomStringConvertible {
    /// It holds as many bytes as it may; there is room when the collector has acknowledged some.
    case full(bytes: Int, limit: Int)
    /// The disk is full; the batch may be offered again.
    case diskFull(String)
    /// A sync has failed: nothing can be promised any more in this process.
    case broken(String)
    /// Another failure; the batch may be offered again.
    case failed(String)

    /// A sentence without a full stop.
    package var description: String {
        switch self {
        case .full(let bytes, let limit): "the spool holds \(bytes) bytes, the limit is \(limit)"
        case .diskFull(let text), .broken(let text), .failed(let text): text
        }
    }

    init(_ error: JournalError) {
        switch error {
        case .full: self = .diskFull(error.description)
        case .failed: self = .broken(error.description)
        default: self = .failed(error.description)
        }
    }
}

/// The batches that the collector has not acknowledged yet, on disk, in order.
///
/// A batch is synced before it may be sent, so that what is sent again under a number is always the same. One thread
/// appends by a ``SpoolWriter``, another reads by ``next(_:)``; both may ask for numbers.
package final class Spool: Sendable {
    /// The most bytes of files.
    package let limitBytes: Int
    package let directory: JournalDirectory

    /// Opens the spool in a directory, which is made when it is missing. Damage is reported, not an error.
    ///
    /// - Parameters:
    ///   - path: the directory.
    ///   - limitBytes: the most bytes of files; at least 8 MiB.
    ///   - onDamage: hears of each damage once.
    /// - Throws: ``JournalError`` when another process uses it, or the directory cannot be used.
    package init(
        _ path: String, limitBytes: Int, onDamage: @escaping @Sendable (JournalDamage) -> Void
    ) throws(JournalError) {
        self.limitBytes = max(limitBytes, 8 << 20)
        // Files are removed as a whole: the limit must hold several, or the last one alone would fill it.
        let options = JournalOptions(
            fileBytes: min(16 << 20, self.limitBytes / 8), verification: .allFiles, onDamage: onDamage)
        directory = try JournalDirectory(path, options: options)
    }

    /// The number the next batch will get.
    package var nextPosition: UInt64 { directory.nextPosition }

    /// Bytes of files at present.
    package var bytes: Int { directory.status.bytes }

    /// A reader of all batches from `position` on.
    package func reader(from position: UInt64) -> JournalReader { JournalReader(directory, from: position) }

    /// The next batch of a reader, nil when there is none yet. Records that cannot be understood are passed over.
    ///
    /// - Parameters:
    ///   - reader: where to go on.
    ///   - refused: hears of a record that cannot be understood.
    /// - Returns: the batch.
    /// - Throws: ``SpoolError`` when the disk does not give it.
    package func next(_ reader: JournalReader, refused: (UInt64, String) -> Void) throws(SpoolError) -> SpoolRecord? {
        while true {
            let result: JournalReadResult
            do throws(JournalError) { result = try reader.read(maxBytes: 1) } catch { throw SpoolError(error) }
            guard let record = result.records.first else {
                if result.damages.isEmpty && result.skippedTo == nil { return nil }
                if reader.position >= nextPosition { return nil }
                continue
            }
            do throws(ByteCodingError) { return try SpoolRecord(record) } catch {
                refused(record.position, error.description)
            }
        }
    }

    /// Removes files whose batches all have numbers below `position`.
    package func release(before position: UInt64) throws(SpoolError) {
        do throws(JournalError) { try directory.removeFiles(before: position) } catch { throw SpoolError(error) }
    }
}

/// Appends batches to a spool. One thread at a time.
package final class SpoolWriter {
    private let spool: Spool
    private let journal: JournalWriter
    private var compressor = ZstdCompressor(level: 1, checksum: true)
    private var content = ByteWriter(capacity: 64 << 10)

    /// Makes the writer of a spool; it must have no other.
    package init(_ spool: Spool) {
        self.spool = spool
        journal = JournalWriter(spool.directory)
    }

    /// Encodes, compresses, writes and syncs a batch.
    ///
    /// - Parameters:
    ///   - batch: the events.
    ///   - agent: who made it.
    ///   - epoch: the agent's epoch; its number in it is the number in the spool.
    ///   - now: nanoseconds since the epoch.
    /// - Returns: the number.
    /// - Throws: ``SpoolError``; the batch is not in the spool and may be offered again, except after `broken`.
    package func append(
        _ batch: AssembledBatch, agent: String, epoch: UInt64, now: Int64
    ) throws(SpoolError) -> UInt64 {
        let bytes = spool.bytes
        if bytes >= spool.limitBytes { throw .full(bytes: bytes, limit: spool.limitBytes) }
        let payload = try encode(batch)
        let position = journal.nextPosition
        let record = JournalRecord(
            ingestTime: now, agent: agent, epoch: epoch, sequence: position, payload: payload)
        do throws(JournalError) {
            try journal.append(record)
            try journal.commit()
        } catch {
            journal.discard()
            throw SpoolError(error)
        }
        return position
    }

    private func encode(_ batch: AssembledBatch) throws(SpoolError) -> [UInt8] {
        content.removeAll()
        BatchCodec.encode(batch.events, into: &content)
        var payload = ByteWriter(capacity: 256 + content.count / 4)
        SpoolRecord.writeHead(
            events: batch.events.count, contentBytes: content.count, progress: batch.progress, to: &payload)
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
}
