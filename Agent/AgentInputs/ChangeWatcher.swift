import Glibc

/// Tells that something changed in some directories, so that the follower need not wait for its next round. It only
/// wakes: what changed is found by looking, so that a lost notification costs a quarter of a second and nothing else.
package struct ChangeWatcher: ~Copyable {
    /// Directories that are watched at most; files in others are found and read by polling.
    static let watchLimit = 1024

    private let inotify: Int32
    private let wake: (read: Int32, write: Int32)
    private var watches: [String: Int32] = [:]

    /// Makes a watcher of nothing. Where the system gives no inotify, it only waits.
    package init() {
        inotify = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        var ends: [Int32] = [-1, -1]
        if pipe(&ends) == 0 {
            for end in ends {
                _ = fcntl(end, F_SETFL, O_NONBLOCK)
                _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            }
        }
        wake = (ends[0], ends[1])
    }

    deinit {
        if inotify >= 0 { close(inotify) }
        if wake.read >= 0 { close(wake.read) }
        if wake.write >= 0 { close(wake.write) }
    }

    /// Ends a ``wait(milliseconds:)`` of another thread when it is written to; -1 where there is none.
    package var wakeDescriptor: Int32 { wake.write }

    /// Watches exactly these directories.
    package mutating func watch(_ directories: Set<String>) {
        guard inotify >= 0 else { return }
        for (path, watch) in watches where !directories.contains(path) {
            inotify_rm_watch(inotify, watch)
            watches[path] = nil
        }
        let mask = UInt32(IN_MODIFY | IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_ONLYDIR)
        for path in directories where watches[path] == nil && watches.count < ChangeWatcher.watchLimit {
            let watch = inotify_add_watch(inotify, path, mask)
            if watch >= 0 { watches[path] = watch }
        }
    }

    /// Waits until something changed, another thread calls, or the time is over.
    ///
    /// - Returns: whether names changed: files came, went or were renamed.
    package borrowing func wait(milliseconds: Int) -> Bool {
        var descriptors = [
            pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0),
            pollfd(fd: inotify, events: Int16(POLLIN), revents: 0),
        ]
        if poll(&descriptors, nfds_t(descriptors.count), Int32(clamping: milliseconds)) <= 0 { return false }
        var calls: UInt64 = 0
        if descriptors[0].revents != 0 { _ = read(wake.read, &calls, 8) }
        return descriptors[1].revents != 0 && drain()
    }

    private borrowing func drain() -> Bool {
        var namesChanged = false
        // Room for many events; names within them are of no interest.
        withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 8) { buffer in
            while true {
                let count = read(inotify, buffer.baseAddress, buffer.count)
                if count <= 0 { return }
                var offset = 0
                let head = MemoryLayout<inotify_event>.size
                while offset + head <= count {
                    let mask = buffer.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
                    let length = buffer.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self)
                    if mask & ~UInt32(IN_MODIFY) != 0 { namesChanged = true }
                    offset += head + Int(length)
                }
            }
        }
        return namesChanged
    }
}

/// Ends the wait of a ``ChangeWatcher`` from another thread.
package func wakeWatcher(_ descriptor: Int32) {
    var one: UInt8 = 1
    // A full pipe wakes as well.
    if descriptor >= 0 { _ = write(descriptor, &one, 1) }
}
