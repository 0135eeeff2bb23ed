import ByteCoding
import LineFormats
package import LogModel
import SystemIO
import Workers

/// Events that were not taken, kept with the reason in a bounded pair of files for whoever wants to know what they
/// were: `dead-letters.ndjson`, and `dead-letters.1.ndjson` with the older ones.
///
/// Each line is `{"time","reason","detail","source","agent","event"}`. Writing happens on a thread of its own and never
/// holds up ingest: when its queue is full, more than ``lettersPerSecond`` come, or the disk refuses, letters are
/// dropped and counted.
package final class DeadLetters: Sendable {
    /// Bytes of an event that are kept.
    package static let eventBytes = 64 << 10
    /// Letters written in one second at most.
    package static let lettersPerSecond = 1_000
    private static let queueBytes = 8 << 20

    /// One event and why it was not taken.
    package struct Letter: Sendable {
        var time: Timestamp
        var reason: String
        var detail: String
        var source: String
        var agent: String?
        var event: [UInt8]

        /// Makes a letter.
        package init(
            time: Timestamp, reason: String, detail: String, source: String, agent: String?, event: [UInt8]
        ) {
            self.time = time
            self.reason = reason
            self.detail = detail
            self.source = source
            self.agent = agent
            self.event = event
        }
    }

    /// What has become of the letters.
    package struct Statistics: Sendable, Equatable {
        /// Letters in the files, rotated ones included.
        package var written = 0
        /// Letters left out: the queue, the rate or the disk did not take them.
        package var dropped = 0
        /// The last failure of the disk.
        package var lastError: String?
    }

    private struct State: Sendable {
        var queue: [Letter] = []
        var queuedBytes = 0
        var second: UInt64 = 0
        var inSecond = 0
        var stopping = false
        var busy = false
        var statistics = Statistics()
    }

    private let monitor = Monitor(State())
    private let thread: DedicatedThread

    /// Starts the thread; the directory is made when the first letter comes.
    ///
    /// - Parameters:
    ///   - directory: where the two files are.
    ///   - limit: bytes of both files together.
    /// - Throws: `WorkerError` when there is no thread to be had.
    package init(directory: String, limit: Int = 16 << 20) throws {
        let monitor = self.monitor
        thread = try DedicatedThread(name: "dead-letters") {
            var files = DeadLetterFiles(directory: directory, fileLimit: limit / 2)
            while let letters = Self.next(monitor) {
                var failure: String?
                var written = 0
                for letter in letters where failure == nil {
                    do throws(IOError) {
                        try files.write(letter)
                        written += 1
                    } catch {
                        failure = error.description
                    }
                }
                let (done, all) = (written, letters.count)
                let problem = failure
                monitor.withLock { state in
                    state.statistics.written += done
                    state.statistics.dropped += all - done
                    if let problem { state.statistics.lastError = problem }
                    state.busy = false
                }
                monitor.broadcast()
            }
        }
    }

    private static func next(_ monitor: Monitor<State>) -> [Letter]? {
        let taken: [Letter]? =
            monitor.wait { state -> [Letter]?? in
                if !state.queue.isEmpty {
                    defer { state.queue = [] }
                    state.queuedBytes = 0
                    state.busy = true
                    return .some(state.queue)
                }
                return state.stopping ? .some(nil) : nil
            } ?? nil
        return taken
    }

    /// Hands letters over; those that find no room are dropped and counted.
    package func add(_ letters: [Letter], alsoDropped unkept: Int = 0) {
        if letters.isEmpty && unkept == 0 { return }
        let second = SystemClock.monotonicNanos() / 1_000_000_000
        monitor.withLock { state in
            if state.second != second {
                state.second = second
                state.inSecond = 0
            }
            state.statistics.dropped += unkept
            for letter in letters {
                let bytes = letter.event.count + 256
                guard !state.stopping, state.inSecond < Self.lettersPerSecond,
                    state.queuedBytes + bytes <= Self.queueBytes
                else {
                    state.statistics.dropped += 1
                    continue
                }
                state.inSecond += 1
                state.queuedBytes += bytes
                state.queue.append(letter)
            }
        }
        monitor.broadcast()
    }

    /// What has become of the letters so far.
    package var statistics: Statistics { monitor.withLock { $0.statistics } }

    /// Blocks until all letters taken so far are in the files, or given up.
    package func drain() {
        monitor.wait { $0.queue.isEmpty && !$0.busy ? () : nil }
    }

    /// Writes what is queued and ends the thread.
    package func stop() {
        monitor.withLock { $0.stopping = true }
        monitor.broadcast()
        thread.join()
    }
}

/// The two files; used by one thread.
private struct DeadLetterFiles: ~Copyable {
    let directory: String
    let fileLimit: Int
    private var file: OpenFile?
    private var size = 0
    private var line = ByteWriter(capacity: 4096)

    init(directory: String, fileLimit: Int) {
        self.directory = directory
        self.fileLimit = fileLimit
    }

    private var current: String { "\(directory)/dead-letters.ndjson" }

    mutating func write(_ letter: DeadLetters.Letter) throws(IOError) {
        encode(letter)
        if file == nil {
            try FileSystem.createDirectory(directory)
            let opened = try OpenFile(current, .append)
            size = try opened.status().size
            file = consume opened
        }
        if size > 0 && size + line.count > fileLimit {
            file = nil
            try FileSystem.rename(current, to: "\(directory)/dead-letters.1.ndjson")
            file = try OpenFile(current, .append)
            size = 0
        }
        try line.withBytes { (bytes) throws(IOError) in try file?.write(bytes) }
        size += line.count
    }

    private mutating func encode(_ letter: DeadLetters.Letter) {
        line.removeAll()
        line.append(utf8: #"{"time":""#)
        letter.time.write(to: &line)
        line.append(utf8: #"","reason":"#)
        line.append(jsonString: letter.reason)
        line.append(utf8: #","detail":"#)
        line.append(jsonString: letter.detail)
        line.append(utf8: #","source":"#)
        line.append(jsonString: letter.source)
        line.append(utf8: #","agent":"#)
        if let agent = letter.agent { line.append(jsonString: agent) } else { line.append(utf8: "null") }
        line.append(utf8: #","event":"#)
        letter.event.withUnsafeBytes { line.append(jsonString: $0) }
        line.append(utf8: "}\n")
    }
}
