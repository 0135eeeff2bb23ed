internal import Glibc

/// The clocks of the system.
package enum SystemClock {
    /// Nanoseconds since some fixed moment; never goes back. For measuring and for deadlines.
    package static func monotonicNanos() -> UInt64 {
        UInt64(bitPattern: nanos(CLOCK_MONOTONIC))
    }

    /// Nanoseconds since 1970 UTC; may jump when the clock is set.
    package static func wallNanos() -> Int64 {
        nanos(CLOCK_REALTIME)
    }

    /// Processor time of all threads of this process so far, nanoseconds.
    package static func processorNanos() -> UInt64 {
        UInt64(clamping: nanos(CLOCK_PROCESS_CPUTIME_ID))
    }

    private static func nanos(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        unsafe _ = clock_gettime(clock, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
