import Glibc
import SystemIO

/// Tells what changed in some directories, so that the follower need not look at all files all the time. What it tells
/// is a hint where to look: the follower looks at everything now and then, for what no notification comes of.
package struct ChangeWatcher: ~Copyable {
    private let inotify: Int32
    private let wake: (read: Int32, write: Int32)
    private let watchLimit: Int
    private var plan = WatchPlan()
    private var watches: [String: Int32] = [:]
    /// The paths of each watched directory: several where symbolic links lead to it.
    private var places: [Int32: [String]] = [:]
    /// Of those among `watches` that are on file systems whose changes others can make as well.
    private var shared: Set<String> = []

    /// Makes a watcher of nothing. Where the system gives no inotify, it only waits.
    ///
    /// - Parameter watchLimit: directories that are watched at most: each costs the kernel a KiB.
    package init(watchLimit: Int = 65_536) {
        self.watchLimit = watchLimit
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

    /// Watches exactly these directories, as they are now: those that have been made anew are watched anew.
    package mutating func watch(_ plan: WatchPlan) -> WatchResult {
        var result = WatchResult()
        guard inotify >= 0 else {
            result.unwatched = plan.directories
            return result
        }
        self.plan = plan
        for path in Array(watches.keys) where !plan.directories.contains(path) && plan.names[path] == nil {
            forget(path)
        }
        let names = UInt32(
            IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR
                | IN_MASK_ADD)
        for path in plan.directories { add(path, names | UInt32(IN_MODIFY), &result) }
        for path in plan.names.keys where !plan.directories.contains(path) { add(path, names, &result) }
        return result
    }

    private mutating func add(_ path: String, _ mask: UInt32, _ result: inout WatchResult) {
        let known = watches[path]
        if known == nil, watches.count >= watchLimit {
            result.isExhausted = true
            result.unwatched.insert(path)
            return
        }
        let watch = inotify_add_watch(inotify, path, mask)
        guard watch >= 0 else {
            // One that is not there has no files either; its parent tells when it comes.
            let code = errno
            if known != nil { forget(path) }
            if code == ENOENT || code == ENOTDIR { return }
            if code == ENOSPC { result.isExhausted = true }
            result.unwatched.insert(path)
            return
        }
        if known != watch {
            if known != nil { forget(path) }
            watches[path] = watch
            places[watch, default: []].append(path)
            result.hasNew = true
            if FileSystem.isShared(path) { shared.insert(path) }
        }
        if shared.contains(path) { result.unwatched.insert(path) }
    }

    private mutating func forget(_ path: String) {
        guard let watch = watches.removeValue(forKey: path) else { return }
        shared.remove(path)
        places[watch]?.removeAll { $0 == path }
        if places[watch]?.isEmpty ?? false {
            places[watch] = nil
            inotify_rm_watch(inotify, watch)
        }
    }

    /// Waits until something changed, another thread calls, or the time is over.
    ///
    /// - Returns: what changed.
    package mutating func wait(milliseconds: Int) -> FileChanges {
        var changes = FileChanges()
        var descriptors = [
            pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0),
            pollfd(fd: inotify, events: Int16(POLLIN), revents: 0),
        ]
        if poll(&descriptors, nfds_t(descriptors.count), Int32(clamping: milliseconds)) <= 0 { return changes }
        var calls: UInt64 = 0
        if descriptors[0].revents != 0 { _ = read(wake.read, &calls, 8) }
        if descriptors[1].revents != 0 { drain(&changes) }
        return changes
    }

    private mutating func drain(_ changes: inout FileChanges) {
        let descriptor = inotify
        withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 8) { buffer in
            while true {
                let count = read(descriptor, buffer.baseAddress, buffer.count)
                if count <= 0 { return }
                var offset = 0
                let head = MemoryLayout<inotify_event>.size
                while offset + head <= count {
                    let watch = buffer.loadUnaligned(fromByteOffset: offset, as: Int32.self)
                    let mask = buffer.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
                    let length = Int(buffer.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
                    // The kernel hands out whole events only.
                    let end = min(offset + head + length, count)
                    let name = buffer[(offset + head)..<end].prefix { $0 != 0 }
                    note(watch, mask, name.isEmpty ? nil : String(decoding: name, as: UTF8.self), &changes)
                    offset += head + length
                }
            }
        }
    }

    private mutating func note(_ watch: Int32, _ mask: UInt32, _ name: String?, _ changes: inout FileChanges) {
        func has(_ bits: Int32) -> Bool { mask & UInt32(bits) != 0 }
        if has(Int32(IN_Q_OVERFLOW)) { return changes.isUnclear = true }
        guard let paths = places[watch] else { return }
        guard let name, !has(Int32(IN_IGNORED | IN_MOVE_SELF | IN_DELETE_SELF | IN_UNMOUNT)) else {
            // What it was the name of is elsewhere or gone; what has the name now is watched by the next plan.
            changes.isUnclear = true
            for path in paths { forget(path) }
            return
        }
        for path in paths {
            let isWhole = plan.directories.contains(path)
            if has(Int32(IN_ISDIR)) || !isWhole {
                if isWhole || plan.names[path]?.contains(name) ?? false { changes.isUnclear = true }
                continue
            }
            let place = path == "/" ? "/\(name)" : "\(path)/\(name)"
            if has(Int32(IN_MODIFY)) { changes.written.insert(place) } else { changes.named.insert(place) }
        }
    }
}

/// Ends the wait of a ``ChangeWatcher`` from another thread.
package func wakeWatcher(_ descriptor: Int32) {
    var one: UInt8 = 1
    // A full pipe wakes as well.
    if descriptor >= 0 { _ = write(descriptor, &one, 1) }
}
