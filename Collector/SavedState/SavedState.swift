import LineFormats
import Synchronization
package import SystemIO
package import Workers

/// A value that the threads of a running collector share, kept in one small file that is written as a whole: as soon as
/// something has changed, but not again before some time has passed, and at the end. A crash may forget the changes of that
/// time, unless ``save()`` was called after them.
package final class SavedState<Value: SavedDocument>: Sendable {
    private struct State: Sendable {
        var value: Value
        /// Counts changes; the file has all up to `saved`.
        var changes: UInt64 = 0
        var saved: UInt64 = 0
        /// Whether the thread sleeps until there is a change.
        var isIdle = false
        var isStopping = false
    }

    /// After a failure of the disk, and at most while there is nothing to do; nanoseconds.
    private static var retryInterval: UInt64 { 30_000_000_000 }
    /// Bytes of the file that are read back: more than what is bounded may take.
    private static var maximumFileBytes: Int { 64 << 20 }

    private let path: String
    private let name: String
    private let interval: UInt64
    private let report: @Sendable (String) -> Void
    private let state: Monitor<State>
    /// One writer of the file at a time.
    private let writing = Mutex<Void>(())
    private let thread = Mutex<DedicatedThread?>(nil)

    /// Reads the file back, and starts the thread that writes it. A file that is damaged or cannot be read is set aside and
    /// reported: it is never a reason not to start.
    ///
    /// - Parameters:
    ///   - path: of the file.
    ///   - name: what is kept, of the thread and in reports: `agents`.
    ///   - interval: nanoseconds between two writes, at least.
    ///   - report: hears of what people should know.
    /// - Throws: `WorkerError` when there is no thread.
    package init(
        _ path: String, name: String, interval: UInt64, report: @escaping @Sendable (String) -> Void
    ) throws(WorkerError) {
        self.path = path
        self.name = name
        self.interval = interval
        self.report = report
        state = Monitor(State(value: Self.load(path, name, report)))
        let started = try DedicatedThread(name: name) { [weak self] in
            while let self, self.waitAndSave() {}
        }
        thread.withLock { $0 = started }
    }

    /// The value now. A copy that is kept costs the next change one of its own.
    package var value: Value { state.withLock { $0.value } }

    /// Looks at the value, locked: for what would be a large copy.
    package func read<R>(_ body: (Value) -> R) -> R { state.withLock { body($0.value) } }

    /// Changes the value, locked; does not wait for the disk.
    ///
    /// - Parameter body: changes it; says whether it did.
    /// - Returns: what `body` gave.
    @discardableResult
    package func change<R>(_ body: (inout Value) -> (R, isChanged: Bool)) -> R {
        let (result, wakes) = state.withLock { state -> (R, Bool) in
            let (result, isChanged) = body(&state.value)
            guard isChanged else { return (result, false) }
            state.changes += 1
            defer { state.isIdle = false }
            return (result, state.isIdle)
        }
        if wakes { state.broadcast() }
        return result
    }

    /// Writes the file, if it does not say already what is known. Blocks for the disk.
    ///
    /// - Throws: `IOError`.
    package func save() throws(IOError) {
        try writing.withLock { (_) throws(IOError) in
            let (value, changes, saved) = state.withLock { ($0.value, $0.changes, $0.saved) }
            guard changes > saved else { return }
            try FileSystem.writeAtomically(path, value.document.bytes)
            state.withLock { $0.saved = changes }
        }
    }

    /// Ends the thread, which writes the file a last time. Blocks until it has ended.
    package func stop() {
        state.withLock { $0.isStopping = true }
        state.broadcast()
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
    }

    /// - Returns: false when it is time to end.
    private func waitAndSave() -> Bool {
        // Not for ever: one that nobody has stopped goes when its owner has.
        let found = state.wait(until: SystemClock.monotonicNanos() + Self.retryInterval) { state -> Bool? in
            state.isIdle = !state.isStopping && state.changes == state.saved
            return state.isIdle ? nil : state.isStopping
        }
        guard let isStopping = found else { return true }
        var pause = interval
        do throws(IOError) { try save() } catch {
            report("the \(name) cannot be written, it is tried again: \(error)")
            pause = max(pause, Self.retryInterval)
        }
        if isStopping { return false }
        // What comes soon after is written together.
        _ = state.wait(until: SystemClock.monotonicNanos() + pause) { $0.isStopping ? true : nil }
        return true
    }

    private static func load(_ path: String, _ name: String, _ report: (String) -> Void) -> Value {
        guard FileSystem.exists(path) else { return Value() }
        do {
            return try Value(
                saved: try JSONValue(parsing: try FileSystem.contents(path, limit: maximumFileBytes)))
        } catch {
            var fate = "set aside"
            // Where it cannot be renamed, the next one takes its place if it can.
            do throws(IOError) { try FileSystem.rename(path, to: path + ".damaged") } catch let failure {
                fate = "not set aside either (\(failure))"
            }
            report("\(path) cannot be read (\(error)) and is \(fate): the \(name) of before are forgotten")
            return Value()
        }
    }
}
