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
}
