import Synchronization
import SystemIO

/// What one read gave.
package struct JournalReadResult: Sendable {
    /// The records, in order of their numbers; numbers may be left out (checkpoints, damage).
    package var records: [CommittedRecord]
    /// The number to go on from, and to store in a cursor once the records are dealt with.
    package var next: JournalPosition
    /// Damage met on the way, also when it has been reported before.
    package var damages: [JournalDamage]
    /// The number of the oldest record when the records asked for had been removed already.
    package var skippedTo: JournalPosition?
}

/// Reads committed records in order, across files, while a writer appends. Any thread may call it; calls take turns.
package final class JournalReader: Sendable {
    private struct Place: ~Copyable {
        var scanner: JournalScanner
        var path: String
        /// How often in a row the disk has refused to give the next bytes.
        var failures = 0
    }

    private struct State: ~Copyable {
        var position: JournalPosition
        var place: Place?
    }

    /// How often the same bytes may fail to be read before they are given up as damaged.
    private static let readAttempts = 3

    private let directory: JournalDirectory
    private let state: Mutex<State>

    /// Reads from the record with number `position` on.
    package init(_ directory: JournalDirectory, from position: JournalPosition) {
        self.directory = directory
        state = Mutex(State(position: position, place: nil))
    }

    /// The number of the next record to read.
    package var position: JournalPosition { state.withLock { $0.position } }

    /// Reads the next records, without waiting for new ones.
    ///
    /// - Parameter maxBytes: how many bytes of payload; a longer record comes alone.
    /// - Returns: the records, none when all committed ones have been read.
    /// - Throws: ``JournalError/io(_:)`` when the disk does not give the bytes; after the third time in a row they are
    ///   reported as damage and passed over.
    package func read(maxBytes: Int = 4 << 20) throws(JournalError) -> JournalReadResult {
        try state.withLock { (state) throws(JournalError) in
            var result = JournalReadResult(records: [], next: state.position, damages: [])
            var bytes = 0
            while let view = directory.view(at: state.position) {
                if state.position < view.file.first {
                    state.position = view.file.first
                    result.skippedTo = view.file.first
                }
                guard try Self.open(view, state: &state, directory) else { continue }
                let isFull = try read(view, &state, into: &result, &bytes, maxBytes: maxBytes)
                if isFull || view.bound == nil { break }
            }
            result.next = state.position
            return result
        }
    }

    /// Makes `state.place` the file of the view, at or before the position.
    ///
    /// - Returns: false when the file has been removed in the meantime.
    private static func open(
        _ view: JournalDirectory.View, state: inout State, _ directory: JournalDirectory
    ) throws(JournalError) -> Bool {
        let bound = view.bound ?? .max
        if var place = state.place.take() {
            if place.path == view.file.path, place.scanner.expected <= state.position {
                place.scanner.end = view.file.committedBytes
                place.scanner.bound = bound
                state.place = consume place
                return true
            }
        }
        do throws(IOError) {
            let scanner = JournalScanner(
                try OpenFile(view.file.path, .read), first: view.file.first, bound: bound,
                end: view.file.committedBytes, from: view.file.marks.last(upTo: state.position))
            state.place = Place(scanner: scanner, path: view.file.path)
            return true
        } catch {
            if error.isMissing, directory.oldestPosition > view.file.first { return false }
            throw .io(error)
        }
    }

    /// Reads from the open file to its end or until enough bytes are there.
    ///
    /// - Returns: true when enough bytes are there.
    private func read(
        _ view: JournalDirectory.View, _ state: inout State, into result: inout JournalReadResult,
        _ bytes: inout Int, maxBytes: Int
    ) throws(JournalError) -> Bool {
        guard var place = state.place.take() else { return false }
        let end = view.bound ?? view.next
        var marks = view.file.marks
        do throws(IOError) {
            while true {
                switch try place.scanner.next(checkBody: place.scanner.expected >= state.position) {
                case .record(let header, let offset):
                    place.failures = 0
                    if marks.wants(offset) {
                        marks.add(header.position, at: offset)
                        directory.mark(header.position, at: offset, in: view.file.first)
                    }
                    guard header.position >= state.position else { continue }
                    if header.kind != JournalRecordKind.checkpoint.rawValue {
                        let record = try place.scanner.record(header, at: offset)
                        result.records.append(CommittedRecord(position: header.position, record: record))
                        bytes += header.payloadBytes
                    }
                    state.position = header.position + 1
                    if bytes >= maxBytes {
                        state.place = consume place
                        return true
                    }
                case .gap(let gap):
                    let damage = directory.report(gap, in: place.path, bound: end)
                    result.damages.append(damage)
                    // What is appended later must not count these records as lost once more.
                    place.scanner.goOn(from: damage.lost.upperBound)
                    state.position = max(state.position, damage.lost.upperBound)
                case .end:
                    state.position = max(state.position, end)
                    state.place = consume place
                    return false
                }
            }
        } catch {
            place.failures += 1
            if place.failures < Self.readAttempts {
                state.place = consume place
                throw .io(error)
            }
            result.damages.append(directory.report(place.scanner.unreadableRest, in: place.path, bound: end))
            state.position = end
            return false
        }
    }
}

extension JournalDirectory {
    /// Reads records from number `position` on; for reading on and on, a ``JournalReader`` remembers where it is.
    ///
    /// - Complexity: O(bytes read), and of a file that nobody has read since the journal was opened, also of those
    ///   before `position`, which are passed over.
    package func read(
        from position: JournalPosition, maxBytes: Int = 4 << 20
    ) throws(JournalError) -> JournalReadResult {
        try JournalReader(self, from: position).read(maxBytes: maxBytes)
    }
}
