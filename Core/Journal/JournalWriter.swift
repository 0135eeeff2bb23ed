import ByteCoding
import Synchronization
import SystemIO

/// Appends records to a journal: one owner, one thread at a time, and one writer for a ``JournalDirectory``.
///
/// Records gather in memory until ``commit(sync:)`` writes them with one call and makes them durable. When anything
/// throws, the whole group since the last commit is gone from memory and not in the journal: append it again.
package final class JournalWriter {
    /// The file that is appended to.
    private final class Active {
        let file: OpenFile
        /// Committed bytes: where the next group goes.
        var bytes: Int
        /// Whether it holds nothing but what a new file begins with.
        var isFresh: Bool
        /// Whether a commit without sync has written to it since the last sync.
        var needsSync = false

        init(_ file: consuming OpenFile, bytes: Int, isFresh: Bool) {
            self.file = file
            self.bytes = bytes
            self.isFresh = isFresh
        }
    }

    /// The journal it appends to.
    package let directory: JournalDirectory
    private let checkpoint: () -> [UInt8]?
    private var active: Active?
    private var mayContinue: Bool
    private var buffer = ByteWriter(capacity: 64 << 10)
    private var pending: UInt64 = 0
    private var next: JournalPosition
    private var failure: IOError?

    /// Makes the writer of a journal. No file is touched before the first record.
    ///
    /// - Parameters:
    ///   - directory: the journal; it must have no other writer.
    ///   - checkpoint: gives the payload of the checkpoint with which a new file begins, nil for none.
    package init(_ directory: JournalDirectory, checkpoint: @escaping () -> [UInt8]? = { nil }) {
        self.directory = directory
        self.checkpoint = checkpoint
        let (tail, next) = directory.state.withLock { ($0.tail, $0.next) }
        self.next = next
        mayContinue = tail.continuesLastFile
        failure = tail.failure
    }

    /// The number that the next appended record will get, unless a new file begins with a checkpoint.
    package var nextPosition: JournalPosition { next }

    /// Bytes appended and not committed.
    package var pendingBytes: Int { buffer.count }

    /// Adds a record to the group that the next commit writes.
    ///
    /// - Returns: its number, valid when the commit succeeds.
    /// - Throws: ``JournalError/tooLarge(what:bytes:limit:)`` and ``JournalError/overloaded(waitingBytes:limit:)`` (the
    ///   group has ``JournalLimits/maxGroupBytes``: commit first) leave the group as it was. Others, from beginning a
    ///   new file, only occur with the first record of a group.
    @discardableResult
    package func append(_ record: JournalRecord) throws(JournalError) -> JournalPosition {
        try record.checkLimits()
        return try append(record, bodyChecksum: record.bodyChecksum())
    }

    /// Adds a record within the limits whose checksum is known.
    func append(_ record: JournalRecord, bodyChecksum: UInt32) throws(JournalError) -> JournalPosition {
        if let failure { throw .failed(failure) }
        // A new file may begin with a checkpoint, which takes a number too.
        guard next < JournalLimits.positions - 1 else { throw .exhausted(directory: directory.path) }
        let bytes = record.encodedBytes
        if pending == 0 {
            try prepareFile(for: bytes)
        } else if buffer.count + bytes > JournalLimits.maxGroupBytes {
            throw .overloaded(waitingBytes: buffer.count, limit: JournalLimits.maxGroupBytes)
        }
        record.encode(position: next, bodyChecksum: bodyChecksum, into: &buffer)
        pending += 1
        next += 1
        return next - 1
    }

    /// Forgets the records appended since the last commit.
    package func discard() {
        next -= pending
        pending = 0
        // One huge group must not hold its memory for ever.
        if buffer.count > 4 << 20 { buffer = ByteWriter(capacity: 64 << 10) } else { buffer.removeAll() }
    }

    /// Writes the group, makes it durable and visible to readers. Without pending records it does nothing.
    ///
    /// - Parameter sync: false to leave it to the operating system when the bytes reach the disk.
    /// - Returns: the number after the last committed record.
    /// - Throws: ``JournalError/full(_:)`` and ``JournalError/io(_:)``: the file is as it was before, try again later.
    ///   ``JournalError/failed(_:)``: a sync failed, now or earlier; nothing works until the journal is opened again.
    @discardableResult
    package func commit(sync: Bool = true) throws(JournalError) -> JournalPosition {
        if let failure {
            discard()
            throw .failed(failure)
        }
        guard pending > 0, let active else { return next }
        do throws(IOError) {
            unsafe try buffer.withBytes { (bytes) throws(IOError) in
                unsafe try active.file.write(bytes, at: active.bytes)
            }
        } catch {
            discard()
            undo(active)
            throw .writing(error)
        }
        if sync {
            do throws(IOError) { try active.file.sync() } catch {
                discard()
                undo(active)
                failure = error
                throw .failed(error)
            }
        }
        active.needsSync = !sync
        active.bytes += buffer.count
        active.isFresh = false
        directory.publish(bytes: active.bytes, next: next)
        pending = 0
        discard()
        return next
    }

    /// Makes durable what was committed without sync.
    ///
    /// - Throws: ``JournalError/failed(_:)``; nothing works until the journal is opened again.
    package func sync() throws(JournalError) {
        if let failure { throw .failed(failure) }
        guard let active, active.needsSync else { return }
        do throws(IOError) { try active.file.sync() } catch {
            failure = error
            throw .failed(error)
        }
        active.needsSync = false
    }

    /// Removes all files with what is in them; the next record begins a new file, and its number goes on.
    ///
    /// Until then nothing on disk tells that number: whoever opens the journal must know it and say so by
    /// ``JournalOptions/leastNext``.
    /// - Precondition: nothing is appended and not committed.
    /// - Throws: when a file cannot be removed; those before it are gone.
    package func removeAllFiles() throws(JournalError) {
        precondition(pending == 0, "records that are not committed would lose their file")
        active = nil
        mayContinue = false
        try directory.removeAllFiles()
    }

    /// Takes back what a failed commit may have left behind the committed bytes.
    private func undo(_ active: Active) {
        do throws(IOError) { try active.file.truncate(to: active.bytes) } catch {
            // The left-over bytes stay; the name of the next file tells readers that they do not count.
            self.active = nil
            mayContinue = false
        }
    }

    private func prepareFile(for bytes: Int) throws(JournalError) {
        if active == nil, mayContinue { continueLastFile() }
        if let active, active.isFresh || active.bytes + bytes <= directory.options.fileBytes { return }
        try sync()
        try beginFile()
    }

    /// Opens the last file to append to it; when that does not work, a new one will be begun.
    private func continueLastFile() {
        mayContinue = false
        guard let last = directory.state.withLock({ $0.files.last }) else { return }
        guard let file = try? OpenFile(last.path, .readWrite) else { return }
        active = Active(file, bytes: last.committedBytes, isFresh: false)
    }

    /// Begins a file named after the next number, with a header and, if there is one, a checkpoint.
    private func beginFile() throws(JournalError) {
        var start = ByteWriter()
        let now = SystemClock.wallNanos()
        JournalFileHeader(firstPosition: next, createdTime: now).encode(into: &start)
        var following = next
        if let payload = checkpoint() {
            let record = JournalRecord(kind: .checkpoint, tenant: "", ingestTime: now, payload: payload)
            try record.checkLimits()
            record.encode(position: next, bodyChecksum: record.bodyChecksum(), into: &start)
            following += 1
        }
        let path = "\(directory.path)/\(JournalFormat.fileName(first: next))"
        do throws(IOError) {
            // A file of this name holds no record: beginning it was interrupted.
            let file = try OpenFile(path, .create)
            try file.truncate(to: 0)
            unsafe try start.withBytes { (bytes) throws(IOError) in unsafe try file.write(bytes, at: 0) }
            try file.sync()
            try FileSystem.syncDirectory(directory.path)
            active = Active(file, bytes: start.count, isFresh: true)
        } catch {
            active = nil
            // If it cannot be removed, recovery or the next attempt deals with it.
            try? FileSystem.remove(path)
            if error.operation == .sync {
                failure = error
                throw .failed(error)
            }
            throw .writing(error)
        }
        directory.publish(
            newFile: JournalDirectory.File(
                first: next, path: path, committedBytes: start.count, begunTime: now), next: following)
        next = following
    }
}
