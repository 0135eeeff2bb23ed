import AgentPipeline
import SystemIO

/// What is known of a directory's rotated files.
struct SiblingDirectory {
    /// When the directory had changed at the last look, nanoseconds.
    var modifiedNanos: Int64
    /// Rotated files that need no look any more: there before we came, copies, or read to their ends.
    var settled: Set<FileFollower.FileID>
    /// Copies of followed files that may yet turn out to be more, and when they were first seen, monotonic.
    var suspects: [FileFollower.FileID: UInt64] = [:]
    /// Whether something has happened in it, or a file could not be decided about yet.
    var isMarked = false
    /// When it may be looked into again, monotonic.
    var notBefore: UInt64 = 0
}

/// Files that were made and rotated away again before anybody looked: no pattern need match their new names, and no
/// open file leads to them. They are found next to the file whose path they had.
///
/// A rotated file that appears while the agent runs, and is none we know under another name, is either such a file or a
/// copy of one we know. At the start, those count that were written after the newest one an earlier run has read.
extension FileFollower {
    /// How many first bytes tell a copy of a file from another file.
    private static let compared = 64 << 10

    /// Looks next to the followed files for rotated ones that nobody knows.
    ///
    /// - Parameters:
    ///   - onlyMarked: whether only directories are looked into in which something has happened.
    ///   - now: the monotonic clock, nanoseconds.
    ///   - consumer: hears of what is found.
    func lookForSuccessors(onlyMarked: Bool, at now: UInt64, _ consumer: any FollowConsumer) {
        if onlyMarked {
            for (directory, look) in siblings where look.isMarked && now >= look.notBefore {
                lookForSuccessors(in: directory, at: now, consumer)
            }
            return
        }
        var directories: Set<String> = []
        for path in byPath.keys { directories.insert(FileSystem.parent(of: path)) }
        for path in linked.keys { directories.insert(FileSystem.parent(of: path)) }
        siblings = siblings.filter { directories.contains($0.key) }
        for directory in directories { lookForSuccessors(in: directory, at: now, consumer) }
    }

    /// Makes a round look into a directory, because something has happened to its rotated files.
    func mark(_ directory: String) {
        // One that has never been looked into is as a whole.
        if siblings[directory] == nil { changes.isUnclear = true } else { siblings[directory]?.isMarked = true }
    }

    private func lookForSuccessors(in directory: String, at now: UInt64, _ consumer: any FollowConsumer) {
        guard let modified = ((try? FileSystem.status(directory)) ?? nil)?.modifiedNanos else { return }
        let known = siblings[directory]
        if let known, known.modifiedNanos == modified, !known.isMarked { return }
        guard let names = try? FileSystem.list(directory) else { return }
        var look = known ?? SiblingDirectory(modifiedNanos: modified, settled: [])
        look.modifiedNanos = modified
        look.isMarked = false
        // What is looked at again and again must not take all the time.
        look.notBefore = now &+ max(known == nil ? 0 : options.scanInterval / 10, UInt64(names.count) * 20_000)
        var present: Set<FileID> = []
        for name in names {
            let path = directory == "/" ? "/\(name)" : "\(directory)/\(name)"
            for original in originals(of: path, onlyNumbered: true) {
                consider(path, of: original, isFirst: known == nil, at: now, &look, &present, consumer)
            }
        }
        // An inode that is gone may come back as another file.
        look.settled.formIntersection(present)
        look.suspects = look.suspects.filter { present.contains($0.key) }
        if look.isMarked { look.notBefore = max(look.notBefore, now &+ options.scanInterval) }
        siblings[directory] = look
    }

    /// The paths of followed files that a rotation may have given this name.
    func originals(of path: String, onlyNumbered: Bool = false) -> [String] {
        let bytes = Array(path.utf8)
        let base = (bytes.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1
        var originals: [String] = []
        for index in bytes.indices.dropFirst(base + 1)
        where bytes[index] == UInt8(ascii: ".") || bytes[index] == UInt8(ascii: "-") {
            // What follows the dot is needed.
            if index + 1 == bytes.count || (onlyNumbered && !isNumbered(bytes[index...])) { continue }
            let name = String(decoding: bytes[..<index], as: UTF8.self)
            if byPath[name] != nil { originals.append(name) }
            originals += linked[name] ?? []
        }
        return originals
    }

    private func consider(
        _ path: String, of original: String, isFirst: Bool, at now: UInt64, _ look: inout SiblingDirectory,
        _ present: inout Set<FileID>, _ consumer: any FollowConsumer
    ) {
        guard let status = (try? FileSystem.status(path)) ?? nil, status.kind == .file else { return }
        let identity = FileID(device: status.device, inode: status.inode)
        present.insert(identity)
        if let known = byIdentity[identity], isStill(known, path, status, consumer) { return }
        if look.settled.contains(identity) || ownFiles.contains(identity) { return }
        // One that is left out by now is read to its end, but not what comes after it.
        if coveringGroup(of: original) == nil { return }
        if let group = coveringGroup(of: original), resumeUnresolved(status, path, group, at: now, consumer) != nil {
            return
        }
        let relatives = byPath[original] ?? []
        switch isFirst && !isLater(status, than: relatives) ? .other : likeness(path, status, to: relatives) {
        case .other where isFirst && !isLater(status, than: relatives): look.settled.insert(identity)
        case .copy where now &- (look.suspects[identity] ?? now) >= options.copyDelay:
            look.suspects[identity] = nil
            look.settled.insert(identity)
        case .copy:
            look.suspects[identity] = look.suspects[identity] ?? now
            look.isMarked = true
        case .other:
            look.suspects[identity] = nil
            if status.size == 0 {
                // One that is watched tells when it grows.
                look.isMarked = unwatched.map { $0.contains(FileSystem.parent(of: path)) } ?? true
                return
            }
            guard let group = relatives.first?.group ?? group(of: original) else { return }
            if files.count >= options.fileLimit {
                waiting += 1
                look.isMarked = true
                return
            }
            let state = SourceState(id: takeID(), path: original, device: status.device, inode: status.inode)
            add(state, path, group, now).isRotated = true
            consumer.report(.started(path: path, offset: 0))
        }
    }

    /// Whether a file was last written after a rotated one that an earlier run has read. Equal times count as later,
    /// for clocks of file systems tick slowly, and a line twice is better than a line lost.
    private func isLater(_ status: FileStatus, than relatives: [FollowedFile]) -> Bool {
        let rotated = relatives.filter { $0.isRotated && $0.state.offset > 0 }
        let times = rotated.compactMap { file -> Int64? in
            let status = (try? file.handle?.status()) ?? ((try? FileSystem.status(file.location)) ?? nil)
            return status?.modifiedNanos
        }
        return times.max().map { status.modifiedNanos >= $0 } ?? false
    }

    private enum Likeness { case copy, other }

    /// Whether a file begins like one that is followed: then it is a copy, which matters only if the original is
    /// truncated, and then the original's own first bytes lead to it.
    private func likeness(_ path: String, _ status: FileStatus, to relatives: [FollowedFile]) -> Likeness {
        guard let handle = try? FileHandle(path) else { return .copy }
        for file in relatives {
            if beginsLike(file, handle, status) { return .copy }
            let prefix = firstBytes(of: file)
            let count = min(status.size, prefix.isEmpty ? Self.compared : prefix.count)
            guard count > 0, let bytes = try? handle.bytes(at: 0, count: count) else { continue }
            if !prefix.isEmpty {
                if bytes.elementsEqual(prefix.prefix(count)) { return .copy }
            } else if let own = file.handle ?? (try? FileHandle(file.location)),
                let size = try? own.status().size, size >= status.size,
                let begin = try? own.bytes(at: 0, count: count), begin == bytes
            {
                return .copy
            }
        }
        return .other
    }

    /// Whether a rotated file's name ends as rotations number or date them: `.1`, `-20260614`, `.2026-06-14`.
    private func isNumbered(_ suffix: ArraySlice<UInt8>) -> Bool {
        suffix.contains { $0 >= 0x30 && $0 <= 0x39 }
            && suffix.allSatisfy { ($0 >= 0x2D && $0 <= 0x3A) || $0 == 0x5F || $0 == 0x54 || $0 == 0x5A }
    }

    /// Whether another file has taken the path over and lines of it have been read: then a restart will find its way
    /// without this one.
    func hasSuccessor(_ file: FollowedFile) -> Bool {
        byPath[file.state.path]?.contains { $0 !== file && !$0.isRotated && $0.state.offset > 0 } ?? false
    }

    /// Notes that a rotated file is done with, so that it is not taken for a new one.
    func settle(_ file: FollowedFile) {
        let identity = FileID(device: file.state.device, inode: file.state.inode)
        siblings[FileSystem.parent(of: file.state.path)]?.settled.insert(identity)
    }
}
