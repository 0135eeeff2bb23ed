internal import CPosixShims
internal import Glibc

/// A value behind a lock, with a condition to wait for changes of it.
///
/// This is for threads that block. Never wait on the cooperative pool.
package final class Monitor<State: Sendable>: @unchecked Sendable {
    // Sendable: `state` is touched only while `mutex` is held; the two pointers never change. Unchecked, because a
    // `Synchronization.Mutex` can be neither waited on nor unlocked by the wait of a condition.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var state: State

    /// Puts a value behind a lock.
    package init(_ state: State) {
        self.state = state
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        // Deadlines count on the monotonic clock, so that setting the wall clock neither hangs nor wakes anybody.
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Runs `body` with the value locked. Do not call anything slow or foreign from it.
    package func withLock<R, E: Error>(_ body: (inout State) throws(E) -> R) throws(E) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// Wakes one waiting thread.
    package func signal() {
        pthread_cond_signal(condition)
    }

    /// Wakes all waiting threads.
    package func broadcast() {
        pthread_cond_broadcast(condition)
    }

    /// Blocks until `body` gives a value: it is tried at once and after each wake-up, with the value locked.
    ///
    /// - Parameters:
    ///   - deadline: nanoseconds of the monotonic clock, nil to wait without end.
    ///   - body: looks at the value, may change it, and gives nil to wait on.
    /// - Returns: what `body` gave, or nil when the deadline passed first.
    package func wait<R>(until deadline: UInt64? = nil, _ body: (inout State) -> R?) -> R? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state) { return result }
            guard let deadline else {
                pthread_cond_wait(condition, mutex)
                continue
            }
            var time = timespec(
                tv_sec: Int(clamping: deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
            if pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT { return body(&state) }
        }
    }
}
