import CollectorIngest
import Diagnostics
import GapTracking
import Journal
import LogModel
import StoreEngine
import Synchronization
import SystemIO
import Workers

/// Reads back what the journal holds and no segment does, on a thread of its own, once at the start.
final class Replay: Sendable {
    private struct State {
        var position: JournalPosition
        var isDone = false
    }

    private let end: JournalPosition
    private let state: Mutex<State>
    private let stopping: Atomic<Bool>
    private let thread: Mutex<DedicatedThread?>

    /// Starts reading.
    ///
    /// - Parameters:
    ///   - reader: stands where the indexer had got.
    ///   - end: the first record that comes another way.
    ///   - store: gets the batches.
    ///   - gaps: is told what could not be decoded.
    ///   - log: is told what could not be read.
    /// - Throws: when there is no thread to be had.
    init(
        _ reader: JournalReader, upTo end: JournalPosition, into store: Store, gaps: GapRegistry,
        log: DiagnosticLog
    ) throws(WorkerError) {
        self.end = end
        state = Mutex(State(position: reader.position))
        stopping = Atomic(false)
        thread = Mutex(nil)
        let started = try DedicatedThread(name: "replay") { [self] in
            run(reader, store, gaps, log)
        }
        thread.withLock { $0 = started }
    }

    /// Whether everything has been read back.
    var isDone: Bool { state.withLock { $0.isDone } }

    /// How far it has got, for people.
    var progress: String { state.withLock { "record \($0.position) of \(end - 1)" } }

    /// Ends reading early and waits for the thread. The next start begins again.
    func stop() {
        stopping.store(true, ordering: .relaxed)
        let started = thread.withLock { thread -> DedicatedThread? in
            defer { thread = nil }
            return thread
        }
        started?.join()
    }

    private func run(_ reader: JournalReader, _ store: Store, _ gaps: GapRegistry, _ log: DiagnosticLog) {
        let start = SystemClock.monotonicNanos()
        let decoder = RecordReader()
        var events = 0
        while !stopping.load(ordering: .relaxed), reader.position < end {
            do throws(JournalError) {
                let read = try reader.read()
                if read.records.isEmpty && read.next >= end { break }
                for record in read.records where record.position < end {
                    if stopping.load(ordering: .relaxed) { return }
                    events += take(record, decoder, store, gaps, log)
                    state.withLock { $0.position = record.position }
                }
                if read.records.isEmpty && read.damages.isEmpty { break }
            } catch {
                // The journal passes over what the disk does not give after a few attempts.
                log.warn("the journal cannot be read, trying again", ("error", error))
            }
        }
        if stopping.load(ordering: .relaxed) { return }
        store.finishReplay()
        state.withLock { $0.isDone = true }
        if events > 0 {
            let milliseconds = (SystemClock.monotonicNanos() - start) / 1_000_000
            log.info("events were read back from the journal", ("events", events), ("ms", milliseconds))
        }
    }

    /// - Returns: how many events went to the store.
    private func take(
        _ record: CommittedRecord, _ decoder: RecordReader, _ store: Store, _ gaps: GapRegistry, _ log: DiagnosticLog
    ) -> Int {
        guard !store.isStored(position: record.position) else { return 0 }
        do {
            guard let batch = try decoder.batch(of: record.record) else { return 0 }
            store.waitForRoom()
            store.append(
                batch, position: record.position, ingestTime: Timestamp(nanoseconds: record.record.ingestTime),
                isReplay: true)
            return batch.count
        } catch {
            log.error(
                "a record of the journal cannot be decoded, its events are lost", ("position", record.position),
                ("error", "\(error)"))
            gaps.noteUndecodable(record)
            return 0
        }
    }
}
