internal import CPosixShims

/// The C library's allocator, told what a long-running program needs.
package enum MemoryAllocator {
    /// Makes freed memory go back to the system, so that one large request or query does not cost memory for ever.
    ///
    /// Left alone, glibc keeps an arena for each of many threads, and learns from large blocks to keep them: 537 MiB were
    /// resident at the peak of ingest and queries that take 195 MiB with these bounds. With bounds below 32 MiB the kernel
    /// clears the same memory again and again, and ingest is a quarter slower. Call it before threads are started.
    package static func boundWhatIsKept() {
        lodge_bound_allocator(2, 32 << 20)
    }

    /// Gives memory back that is free between blocks in use, when there is much of it.
    ///
    /// Buffers of some megabytes that grow and go leave holes that only this gives back: 280 MiB were resident while 200
    /// were in use. With less than 64 MiB free it does nothing: at 24 MiB it cost usual logs a tenth of the speed of ingest.
    /// To be called where a lot of memory has just been freed, at most some times a second.
    package static func giveBack() {
        lodge_trim_allocator(64 << 20)
    }
}
