internal import CPosixShims
internal import Glibc

/// How a file is opened. All descriptors are close-on-exec.
package enum OpenMode: Sendable {
    /// For reading only.
    case read
    /// For reading only, of what may turn out to be something else than a file: does not wait for the other end of a
    /// FIFO, and makes no terminal the process's own.
    case readUnknown
    /// For reading and writing; the file must exist.
    case readWrite
    /// For reading and writing; made when it does not exist, mode 0640.
    case create
    /// For reading and writing; it must not exist yet, mode 0640.
    case createNew
    /// For writing at the end; made when it does not exist, mode 0640.
    case append
    /// A directory, to sync or lock it.
    case directory

    var flags: Int32 {
        switch self {
        case .read: O_RDONLY | O_CLOEXEC
        case .readUnknown: O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
        case .readWrite: O_RDWR | O_CLOEXEC
        case .create: O_RDWR | O_CREAT | O_CLOEXEC
        case .createNew: O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC
        case .append: O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC
        case .directory: O_RDONLY | O_DIRECTORY | O_CLOEXEC
        }
    }
}

/// What the file system knows about a file.
package struct FileStatus: Sendable, Equatable {
    /// What kind of thing it is.
    package enum Kind: Sendable { case file, directory, other }
    /// The kind, after following symbolic links.
    package var kind: Kind
    /// The device that holds it; with ``inode`` it identifies the file.
    package var device: UInt64
    /// The number of the file on its device.
    package var inode: UInt64
    /// The length in bytes.
    package var size: Int
    /// The time of the last change of content, nanoseconds since the epoch.
    package var modifiedNanos: Int64
    /// How many names it has; 0 for an open file that was deleted.
    package var links: Int

    init(_ raw: stat) {
        switch raw.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .directory
        default: kind = .other
        }
        device = UInt64(raw.st_dev)
        inode = UInt64(raw.st_ino)
        size = Int(raw.st_size)
        modifiedNanos = Int64(raw.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(raw.st_mtim.tv_nsec)
        links = Int(clamping: raw.st_nlink)
    }
}

/// An open file that closes itself. Interrupted calls are made again, short reads and writes completed.
///
/// Positional reads may be made from several threads at once; everything else belongs to one thread at a time.
package struct OpenFile: ~Copyable, Sendable {
    /// The path it was opened with, for messages.
    package let path: String
    /// The descriptor, for callers that wait on it; it is closed with this value.
    package let descriptor: Int32

    /// Opens a file. The corresponding C function is `open`.
    package init(_ path: String, _ mode: OpenMode) throws(IOError) {
        if let fault = SystemFaults.next(.open, path) { throw IOError(.open, path, fault.code) }
        var result: Int32
        repeat { result = unsafe lodge_open(path, mode.flags, 0o640) } while result == -EINTR
        if result < 0 { throw IOError(.open, path, -result) }
        self.path = path
        descriptor = result
    }

    deinit {
        // The result is of no use here: whoever needs durability has called sync().
        _ = Glibc.close(descriptor)
    }

    /// Reads up to `target.count` bytes at the file's own offset: fewer only when that is all there is at present.
    ///
    /// - Returns: the number of bytes read; 0 at the end.
    package borrowing func read(into target: UnsafeMutableRawBufferPointer) throws(IOError) -> Int {
        if let fault = SystemFaults.next(.read, path) { throw IOError(.read, path, fault.code) }
        let fd = descriptor
        return try withoutInterruption(.read, path) { unsafe Glibc.read(fd, target.baseAddress, target.count) }
    }

    /// Reads at `offset` until `target` is full or the file ends. The corresponding C function is `pread`.
    ///
    /// - Returns: the number of bytes read; fewer than asked for only at the end of the file.
    package borrowing func read(into target: UnsafeMutableRawBufferPointer, at offset: Int) throws(IOError) -> Int {
        if let fault = SystemFaults.next(.read, path) { throw IOError(.read, path, fault.code) }
        var done = 0
        let fd = descriptor
        while done < target.count {
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: target[done...])
            let place = off_t(offset + done)
            let count = try withoutInterruption(.read, path) {
                unsafe pread(fd, rest.baseAddress, rest.count, place)
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Writes all bytes at the file's own offset (at the end in ``OpenMode/append``).
    ///
    /// - Throws: after an error an unknown part of the bytes may have been written.
    package borrowing func write(_ bytes: UnsafeRawBufferPointer) throws(IOError) {
        unsafe try writeAll(bytes, at: nil)
    }

    /// Writes all bytes at `offset`. The corresponding C function is `pwrite`.
    ///
    /// - Throws: after an error an unknown part of the bytes may have been written.
    package borrowing func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(IOError) {
        unsafe try writeAll(bytes, at: offset)
    }

    private borrowing func writeAll(_ all: UnsafeRawBufferPointer, at offset: Int?) throws(IOError) {
        let fault = SystemFaults.next(.write, path)
        let count = min(all.count, fault?.tornBytes ?? all.count)
        var done = 0
        let fd = descriptor
        while done < count {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: all[done..<count])
            let place = offset.map { off_t($0 + done) }
            let written = try withoutInterruption(.write, path) {
                if let place { return unsafe pwrite(fd, rest.baseAddress, rest.count, place) }
                return unsafe Glibc.write(fd, rest.baseAddress, rest.count)
            }
            // No progress without an error would loop for ever; no file system should do it.
            if written == 0 { throw IOError(.write, path, EIO) }
            done += written
        }
        if let fault { throw IOError(.write, path, fault.code) }
    }

    /// Makes what was written durable, with the metadata needed to read it back. The C function is `fdatasync`.
    ///
    /// - Throws: after an error nobody knows what is on disk, and a second call may wrongly succeed: do not trust
    ///   anything written since the last successful call.
    package borrowing func sync() throws(IOError) {
        if let fault = SystemFaults.next(.sync, path) { throw IOError(.sync, path, fault.code) }
        let fd = descriptor
        _ = try withoutInterruption(.sync, path) { Int(fdatasync(fd)) }
    }

    /// Makes content and all metadata durable; for directories this is what records new and removed names.
    package borrowing func syncAll() throws(IOError) {
        if let fault = SystemFaults.next(.sync, path) { throw IOError(.sync, path, fault.code) }
        let fd = descriptor
        _ = try withoutInterruption(.sync, path) { Int(fsync(fd)) }
    }

    /// Cuts or extends (with zeros) the file to `length` bytes.
    package borrowing func truncate(to length: Int) throws(IOError) {
        if let fault = SystemFaults.next(.truncate, path) { throw IOError(.truncate, path, fault.code) }
        let fd = descriptor
        _ = try withoutInterruption(.truncate, path) { Int(ftruncate(fd, off_t(length))) }
    }

    /// Reserves blocks for the first `length` bytes and leaves the file's length as it is.
    ///
    /// - Throws: `EOPNOTSUPP` where the file system cannot; the file works without.
    package borrowing func allocate(_ length: Int) throws(IOError) {
        if let fault = SystemFaults.next(.allocate, path) { throw IOError(.allocate, path, fault.code) }
        var result: Int32
        repeat { result = lodge_allocate(descriptor, 1, 0, Int64(length)) } while result == -EINTR
        if result < 0 { throw IOError(.allocate, path, -result) }
    }

    /// Size, identity and times of the open file, whatever its name has become.
    package borrowing func status() throws(IOError) -> FileStatus {
        var raw = stat()
        if unsafe fstat(descriptor, &raw) != 0 { throw IOError(.stat, path, errno) }
        return FileStatus(raw)
    }

    /// Takes an exclusive lock that lasts until this value is gone, or the process. The C function is `flock`.
    ///
    /// - Throws: ``IOError/isBusy`` when another process, or another opening in this one, holds it.
    package borrowing func lockExclusively() throws(IOError) {
        if let fault = SystemFaults.next(.lock, path) { throw IOError(.lock, path, fault.code) }
        let fd = descriptor
        _ = try withoutInterruption(.lock, path) { Int(flock(fd, LOCK_EX | LOCK_NB)) }
    }

    /// Gives the lock back now, also when a child process that is being started still has a copy of the descriptor.
    package borrowing func unlock() {
        _ = flock(descriptor, LOCK_UN)
    }
}
