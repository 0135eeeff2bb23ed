internal import CPosixShims
import Synchronization

/// The C library's allocator, told what a long-running program needs.
package enum MemoryAllocator {
    /// Makes freed memory go back to the system, so that one large request or query does not cost memory for ever.
    ///
    /// Left alone, glibc keeps an arena for each of many threads, and learns from large blocks to keep them: 537 MiB were
    /// resident at the peak of ingest and queries that take 195 MiB with these bounds. With bounds below 32 MiB the kernel
    /// clears the same memory again and again, and ingest is a quarter slower. Call it before threads are started.
    package static func boundWhatIsKept() {
        lodge_bound_allocator(Machine.processors <= 4 ? 1 : 2, 32 << 20)
    }

    /// Gives the code back that is resident and was only needed to start; what is used comes back from the cache of files.
    /// Six of an idle agent's twenty megabytes are such code.
    package static func giveBackCode() { lodge_give_back_code() }

    /// Bytes of memory above which ``giveBack()`` does something: more than usual logs need.
    private static let tolerated: Int64 = 140 << 20
    /// The least time between two trims.
    private static let pause: UInt64 = 50_000_000
    private static let lastTrim = Atomic<UInt64>(0)

    /// Gives memory back that is free between blocks in use, when the process has much.
    ///
    /// Buffers of some megabytes that grow and go leave holes that only this gives back: 280 MiB were resident while 200
    /// were in use. Below ``tolerated`` it does nothing, for usual logs would be taken a tenth slower. To be called where
    /// a lot of memory has just been freed.
    package static func giveBack() {
        guard lodge_resident_bytes() > tolerated else { return }
        let now = SystemClock.monotonicNanos()
        let last = lastTrim.load(ordering: .relaxed)
        guard now &- last >= pause,
            lastTrim.compareExchange(expected: last, desired: now, ordering: .relaxed).exchanged
        else { return }
        lodge_trim_allocator()
    }

    /// Gives all free memory back, however little: for a program that has just become idle. Takes milliseconds.
    package static func giveAllBack() { lodge_trim_allocator() }
}
