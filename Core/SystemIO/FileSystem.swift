internal import Glibc

/// The space of a file system, in bytes.
package struct FreeSpace: Sendable, Equatable {
    /// Bytes an ordinary user may still write.
    package var available: Int
    /// The size of the file system.
    package var total: Int
    /// Bytes in use, by anybody.
    package var used: Int
    /// Files that it can hold; 0 where that is not limited.
    package var inodes: Int
    /// Files that it holds.
    package var usedInodes: Int

    /// Describes a file system.
    package init(available: Int, total: Int, used: Int, inodes: Int = 0, usedInodes: Int = 0) {
        self.available = available
        self.total = total
        self.used = used
        self.inodes = inodes
        self.usedInodes = usedInodes
    }
}

/// Directories and whole files. Names are durable after the call only where the description says so.
package enum FileSystem {
    /// The names in a directory, sorted by their bytes, without `.` and `..`; what is not UTF-8 is repaired.
    package static func list(_ path: String) throws(IOError) -> [String] {
        if let fault = SystemFaults.next(.list, path) { throw IOError(.list, path, fault.code) }
        guard let stream = unsafe opendir(path) else { throw IOError(.list, path, errno) }
        defer { unsafe _ = closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
                // SAFETY: d_name is an array of bytes that ends with NUL.
                unsafe String(cString: UnsafeRawPointer(field).assumingMemoryBound(to: CChar.self))
            }
            if name != "." && name != ".." { names.append(name) }
        }
        if errno != 0 { throw IOError(.list, path, errno) }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Makes a directory and its missing parents, mode 0750, and records them in their parents. No error if it exists.
    package static func createDirectory(_ path: String) throws(IOError) {
        if let found = try status(path) {
            if found.kind == .directory { return }
            throw IOError(.create, path, ENOTDIR)
        }
        if let fault = SystemFaults.next(.create, path) { throw IOError(.create, path, fault.code) }
        let above = parent(of: path)
        if above != path { try createDirectory(above) }
        if unsafe mkdir(path, 0o750) != 0 && errno != EEXIST { throw IOError(.create, path, errno) }
        try syncDirectory(above)
    }

    /// The directory that holds `path`.
    package static func parent(of path: String) -> String {
        // By bytes: this is done for many paths.
        var trimmed = path.utf8[...]
        while trimmed.count > 1 && trimmed.last == 0x2F { trimmed.removeLast() }
        guard let slash = trimmed.lastIndex(of: 0x2F) else { return "." }
        return slash == trimmed.startIndex ? "/" : String(decoding: trimmed[..<slash], as: UTF8.self)
    }

    /// Makes the names in a directory durable: call it after creating, renaming or removing files in it.
    package static func syncDirectory(_ path: String) throws(IOError) {
        let directory = try OpenFile(path, .directory)
        try directory.syncAll()
    }

    /// Renames a file, replacing what had the new name; a crash leaves either the old or the new.
    ///
    /// Durable only after ``syncDirectory(_:)`` of the directory.
    package static func rename(_ old: String, to new: String) throws(IOError) {
        if let fault = SystemFaults.next(.rename, new) { throw IOError(.rename, new, fault.code) }
        if unsafe Glibc.rename(old, new) != 0 { throw IOError(.rename, new, errno) }
    }

    /// Removes a file, or an empty directory.
    package static func remove(_ path: String) throws(IOError) {
        if let fault = SystemFaults.next(.remove, path) { throw IOError(.remove, path, fault.code) }
        if unsafe Glibc.remove(path) != 0 { throw IOError(.remove, path, errno) }
    }

    /// Removes a directory with everything in it; symbolic links are removed, not followed.
    package static func removeTree(_ path: String) throws(IOError) {
        var raw = stat()
        if unsafe lstat(path, &raw) != 0 {
            if errno == ENOENT { return }
            throw IOError(.stat, path, errno)
        }
        if FileStatus(raw).kind == .directory {
            for name in try list(path) { try removeTree("\(path)/\(name)") }
        }
        try remove(path)
    }

    /// What the file system knows about `path`, or nil when it does not exist.
    package static func status(_ path: String) throws(IOError) -> FileStatus? {
        var raw = stat()
        if unsafe stat(path, &raw) == 0 { return FileStatus(raw) }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw IOError(.stat, path, errno)
    }

    /// Whether something has this name; false also when it cannot be looked up.
    package static func exists(_ path: String) -> Bool {
        unsafe access(path, F_OK) == 0
    }

    /// The space of the file system that holds `path`. The corresponding C function is `statvfs`.
    package static func freeSpace(_ path: String) throws(IOError) -> FreeSpace {
        var raw = statvfs()
        if unsafe statvfs(path, &raw) != 0 { throw IOError(.measure, path, errno) }
        // A file system may claim any numbers, such as those of the network that it stands for.
        func bytes(_ blocks: UInt) -> Int {
            let (product, overflow) = blocks.multipliedReportingOverflow(by: raw.f_frsize)
            return overflow ? .max : Int(clamping: product)
        }
        return FreeSpace(
            available: bytes(raw.f_bavail), total: bytes(raw.f_blocks),
            used: bytes(raw.f_blocks - min(raw.f_bfree, raw.f_blocks)),
            inodes: Int(clamping: raw.f_files), usedInodes: Int(clamping: raw.f_files - min(raw.f_ffree, raw.f_files)))
    }

    /// Replaces the content of a file so that a crash at any point leaves the whole old or the whole new one.
    ///
    /// Writes `<path>.tmp`, syncs it, renames it and syncs the directory: durable when it returns. One caller a path.
    package static func writeAtomically(_ path: String, _ bytes: [UInt8]) throws(IOError) {
        let temporary = path + ".tmp"
        do throws(IOError) {
            let file = try OpenFile(temporary, .create)
            try file.truncate(to: 0)
            try file.write(bytes, at: 0)
            try file.sync()
            try rename(temporary, to: path)
        } catch {
            // The half-written file only takes space: the error that matters is the first one.
            try? remove(temporary)
            throw error
        }
        try syncDirectory(parent(of: path))
    }

    /// The content of a file of at most `limit` bytes.
    ///
    /// - Throws: `EFBIG` when the file is longer than `limit`.
    package static func contents(_ path: String, limit: Int) throws(IOError) -> [UInt8] {
        let file = try OpenFile(path, .read)
        let size = try file.status().size
        if size > limit { throw IOError(.read, path, EFBIG) }
        return try file.bytes(at: 0, count: size)
    }
}

extension OpenFile {
    /// Writes all bytes at `offset`; see ``write(_:at:)-(UnsafeRawBufferPointer,_)``.
    package borrowing func write(_ bytes: [UInt8], at offset: Int) throws(IOError) {
        unsafe try bytes.span.bytes.withUnsafeBytes { (raw) throws(IOError) in unsafe try write(raw, at: offset) }
    }

    /// Up to `count` bytes at `offset`; fewer at the end of the file.
    package borrowing func bytes(at offset: Int, count: Int) throws(IOError) -> [UInt8] {
        var failure: IOError?
        let result = unsafe [UInt8](unsafeUninitializedCapacity: max(0, count)) { room, filled in
            do throws(IOError) {
                let target = unsafe UnsafeMutableRawBufferPointer(start: room.baseAddress, count: max(0, count))
                filled = unsafe try read(into: target, at: offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return result
    }
}
