internal import CPosixShims
internal import Glibc

/// A system call that failed: what was tried, on which path, and the errno.
package struct IOError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was tried; the raw value is the verb of the sentence.
    package enum Operation: String, Sendable, CaseIterable {
        /// Opening or creating a file.
        case open
        /// Reading bytes.
        case read
        /// Writing bytes.
        case write
        /// Making written bytes durable: fdatasync or fsync.
        case sync
        /// Cutting a file to a length.
        case truncate
        /// Reading a file's size, times and identity.
        case stat
        /// Reserving disk blocks.
        case allocate
        /// Reading the names in a directory.
        case list
        /// Making a directory.
        case create
        /// Renaming; the path is the new name.
        case rename
        /// Removing a file or a directory.
        case remove
        /// Taking a lock.
        case lock
        /// Mapping a file into memory.
        case map
        /// Asking for the free space of a file system.
        case measure
    }

    /// What was tried.
    package var operation: Operation
    /// On which file or directory.
    package var path: String
    /// The errno of the system call.
    package var code: Int32

    /// Makes an error.
    package init(_ operation: Operation, _ path: String, _ code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// Whether the disk, the quota or the largest file size is used up: trying again after freeing space may work.
    package var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT || code == EFBIG }

    /// Whether the file or directory does not exist.
    package var isMissing: Bool { code == ENOENT }

    /// Whether the device could not read or write the data: trying again will hardly help.
    package var isDamage: Bool { code == EIO }

    /// Whether somebody else holds the lock.
    package var isBusy: Bool { code == EWOULDBLOCK }

    /// Whether the file exists already.
    package var isExisting: Bool { code == EEXIST }

    /// A sentence without a full stop: what failed, on what, why, and what to do about it.
    package var description: String {
        let sentence = "cannot \(operation.rawValue) \(path): \(Self.text(of: code))"
        guard let advice else { return sentence }
        return "\(sentence): \(advice)"
    }

    private var advice: String? {
        switch code {
        case EWOULDBLOCK where operation == .lock:
            "another process uses it: stop that process or choose another directory"
        case ENOSPC, EDQUOT: "free space or move the data directory"
        case EACCES, EPERM: "check the owner and the mode of the file and of its directory"
        case EMFILE, ENFILE: "raise the limit of open files"
        case EROFS: "the file system is mounted read-only: look for disk errors in the kernel log"
        case EIO: "look for disk errors in the kernel log"
        default: nil
        }
    }

    private static func text(of code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        return unsafe buffer.withUnsafeMutableBufferPointer { room in
            // SAFETY: the shim writes at most `count` bytes and ends them with NUL.
            unsafe lodge_error_text(code, room.baseAddress, room.count)
            let bytes = unsafe room.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}

/// Calls `call` until it is not interrupted by a signal; a negative result becomes an ``IOError`` with errno.
@inline(never)
func withoutInterruption(
    _ operation: IOError.Operation, _ path: String, _ call: () -> Int
) throws(IOError) -> Int {
    while true {
        let result = call()
        if result >= 0 { return result }
        let code = errno
        if code != EINTR { throw IOError(operation, path, code) }
    }
}
