internal import CPosixShims
internal import Glibc

/// What following the files of other programs needs to know.
extension FileSystem {
    /// Where a symbolic link leads, as an absolute path; nil for anything else. The corresponding C function is
    /// `readlink`.
    package static func linkTarget(_ path: String) -> String? {
        let target = unsafe withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { room -> String? in
            guard let start = room.baseAddress else { return nil }
            let count = unsafe readlink(path, start, room.count)
            if count <= 0 || count >= room.count { return nil }
            return unsafe String(decoding: room[..<count], as: UTF8.self)
        }
        guard let target else { return nil }
        if target.hasPrefix("/") { return withoutDots(target) }
        let above = parent(of: path)
        return withoutDots(above == "/" ? "/\(target)" : "\(above)/\(target)")
    }

    /// An absolute path without `.` and `..`; a `..` behind a symbolic link may lead elsewhere than the system's.
    private static func withoutDots(_ path: String) -> String {
        if !path.contains("/.") { return path }
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// Whether others than this system's processes may change the files of a directory, of which no notification
    /// comes: network file systems, and those in user space. The corresponding C function is `statfs`.
    package static func isShared(_ directory: String) -> Bool {
        // NFS, SMB, CIFS, SMB 2, FUSE, 9P, Ceph, AFS, GFS2, OCFS2, vboxsf: the numbers of `man 2 statfs`.
        let kinds: Set<Int64> = [
            0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x6573_5546, 0x0102_1997, 0x00C3_6400, 0x5346_414F, 0x0116_1970,
            0x7461_636F, 0x786F_4256,
        ]
        return unsafe kinds.contains(lodge_file_system_kind(directory))
    }
}

extension OpenFile {
    /// Whether any process has the file open for writing; nil when the system does not tell: only the owner of a file,
    /// and who may take leases of any, gets an answer. The corresponding C function is `fcntl` with `F_SETLEASE`.
    ///
    /// For files that nobody can open any more: another's opening would have to wait for the moment this takes.
    package borrowing func hasWriters() -> Bool? {
        // The numbers of <fcntl.h>, which hides them: F_SETLEASE and F_SETSIG. A signal that is ignored is asked for, in
        // the place of one that ends the process.
        let (setLease, setSignal): (Int32, Int32) = (1024, 10)
        if fcntl(descriptor, setSignal, SIGURG) != 0 { return nil }
        if fcntl(descriptor, setLease, F_RDLCK) == 0 {
            _ = fcntl(descriptor, setLease, F_UNLCK)
            return false
        }
        return errno == EAGAIN ? true : nil
    }
}
