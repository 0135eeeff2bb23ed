internal import CPosixShims
internal import Glibc
internal import Synchronization

/// Why a thread or a pool refused.
package enum WorkerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The queue holds as many jobs as it may.
    case full(name: String, limit: Int)
    /// The pool is stopping or has stopped.
    case stopped(name: String)
    /// The system gave no thread; the errno.
    case noThread(name: String, code: Int32)

    /// A sentence without a full stop.
    package var description: String {
        switch self {
        case .full(let name, let limit): "the queue of \(name) is full (\(limit) jobs): try again later"
        case .stopped(let name): "\(name) has stopped"
        case .noThread(let name, let code):
            "cannot start a thread for \(name) (errno \(code)): raise the limit of threads or free memory"
        }
    }
}

/// One OS thread with a name that runs one closure to its end. All signals are blocked in it.
package final class DedicatedThread: Sendable {
    private final class Start {
        let niceness: Int
        let body: () -> Void
        init(niceness: Int, _ body: @escaping () -> Void) {
            self.niceness = niceness
            self.body = body
        }

        func run() {
            if niceness > 0 { lodge_nice_thread(Int32(clamping: niceness)) }
            body()
        }
    }

    /// The thread to join, or nil when it has been joined.
    private let thread: Mutex<pthread_t?>

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - name: shown by `ps` and debuggers; its first 15 bytes.
    ///   - niceness: how nice it is to other threads, 0 to 19; see nice(1).
    ///   - body: what the thread does; the thread ends with it.
    /// - Throws: ``WorkerError/noThread(name:code:)``.
    package init(
        name: String, niceness: Int = 0, _ body: sending @escaping () -> Void
    ) throws(WorkerError) {
        let start = Unmanaged.passRetained(Start(niceness: niceness, body))
        var made = pthread_t()
        let result = lodge_thread_start(
            &made, name,
            { context in
                guard let context else { return nil }
                Unmanaged<Start>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, start.toOpaque())
        if result != 0 {
            start.release()
            throw .noThread(name: name, code: -result)
        }
        thread = Mutex(made)
    }

    deinit {
        // Nobody can join any more: let the system free the thread when it ends.
        thread.withLock { if let left = $0 { pthread_detach(left) } }
    }

    /// Blocks until the thread has ended. Only the first call waits; never call it from the thread itself.
    package func join() {
        let left = thread.withLock { held -> pthread_t? in
            defer { held = nil }
            return held
        }
        if let left { pthread_join(left, nil) }
    }
}
