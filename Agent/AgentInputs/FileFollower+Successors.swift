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
    /// Whether a file could not be decided about yet.
    var isUndecided = false
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
    func lookForSuccessors(at now: UInt64, _ consumer: any FollowConsumer) {
        var byDirectory: [String: Set<String>] = [:]
        // One that is left out by now is read to its end, but not what comes after it.
        for file in files where input(for: file.state.path) != nil {
            byDirectory[FileSystem.parent(of: file.state.path), default: []].insert(file.state.path)
        }
        siblings = siblings.filter { byDirectory[$0.key] != nil }
        for (directory, paths) in byDirectory {
            guard let modified = ((try? FileSystem.status(directory)) ?? nil)?.modifiedNanos else { continue }
            if let known = siblings[directory], known.modifiedNanos == modified, !known.isUndecided { continue }
            guard let names = try? FileSystem.list(directory) else { continue }
            let isFirst = siblings[directory] == nil
            var look = siblings[directory] ?? SiblingDirectory(modifiedNanos: modified, settled: [])
            look.modifiedNanos = modified
            look.isUndecided = false
            var present: Set<FileID> = []
            for path in paths.sorted() {
                let base = baseName(path)
                // The names are sorted, so those of one rotation stand together.
                for name in names[lowerBound(names, base)...] {
                    guard name.hasPrefix(base) else { break }
                    guard isRotationName(name, of: base), isNumbered(name.dropFirst(base.count)) else { continue }
                    consider("\(directory)/\(name)", of: path, isFirst: isFirst, at: now, &look, &present, consumer)
                }
            }
            // An inode that is gone may come back as another file.
            look.settled.formIntersection(present)
            look.suspects = look.suspects.filter { present.contains($0.key) }
            siblings[directory] = look
        }
    }

    private func consider(
        _ path: String, of original: String, isFirst: Bool, at now: UInt64, _ look: inout SiblingDirectory,
        _ present: inout Set<FileID>, _ consumer: any FollowConsumer
    ) {
        guard let status = (try? FileSystem.status(path)) ?? nil, status.kind == .file else { return }
        let identity = FileID(device: status.device, inode: status.inode)
        present.insert(identity)
        if look.settled.contains(identity) || byIdentity[identity] != nil || ownFiles.contains(identity) { return }
        let relatives = files.filter { $0.state.path == original }
        switch isFirst && !isLater(status, than: relatives) ? .other : likeness(path, status, to: relatives) {
        case .other where isFirst && !isLater(status, than: relatives): look.settled.insert(identity)
        case .copy where now &- (look.suspects[identity] ?? now) >= options.copyDelay:
            look.suspects[identity] = nil
            look.settled.insert(identity)
        case .copy:
            look.suspects[identity] = look.suspects[identity] ?? now
            look.isUndecided = true
        case .other:
            look.suspects[identity] = nil
            if status.size == 0 {
                look.isUndecided = true
                return
            }
            if files.count >= options.fileLimit { return consumer.report(.tooManyFiles(limit: options.fileLimit)) }
            let state = SourceState(id: takeID(), path: original, device: status.device, inode: status.inode)
            add(state, path, relatives.first?.profile ?? profile(of: original), now).isRotated = true
            consumer.report(.started(path: path, offset: 0))
        }
    }

    /// Whether a file was last written after a rotated one that an earlier run has read. Equal times count as later,
    /// for clocks of file systems tick slowly, and a line twice is better than a line lost.
    private func isLater(_ status: FileStatus, than relatives: [FollowedFile]) -> Bool {
        let rotated = relatives.filter { $0.isRotated && $0.state.offset > 0 }
        let times = rotated.compactMap { file in (try? file.handle?.file.status())?.modifiedNanos }
        return times.max().map { status.modifiedNanos >= $0 } ?? false
    }

    private enum Likeness { case copy, other }

    /// Whether a file begins like one that is followed: then it is a copy, which matters only if the original is
    /// truncated, and then the original's own first bytes lead to it.
    private func likeness(_ path: String, _ status: FileStatus, to relatives: [FollowedFile]) -> Likeness {
        guard let handle = try? FileHandle(path) else { return .copy }
        for file in relatives {
            let count = min(status.size, file.prefix.isEmpty ? Self.compared : file.prefix.count)
            guard count > 0, let bytes = try? handle.file.bytes(at: 0, count: count) else { continue }
            if !file.prefix.isEmpty {
                if bytes.elementsEqual(file.prefix.prefix(count)) { return .copy }
            } else if let own = file.handle ?? (try? FileHandle(file.location)),
                let size = try? own.file.status().size, size >= status.size,
                let begin = try? own.file.bytes(at: 0, count: count), begin == bytes
            {
                return .copy
            }
        }
        return .other
    }

    /// Whether a rotated file's name ends as rotations number or date them: `.1`, `-20260614`, `.2026-06-14`.
    private func isNumbered(_ suffix: Substring) -> Bool {
        suffix.utf8.contains { $0 >= 0x30 && $0 <= 0x39 }
            && suffix.utf8.allSatisfy { ($0 >= 0x2D && $0 <= 0x3A) || $0 == 0x5F || $0 == 0x54 || $0 == 0x5A }
    }

    private func lowerBound(_ names: [String], _ wanted: String) -> Int {
        var low = 0
        var high = names.count
        while low < high {
            let middle = (low + high) / 2
            // By bytes, as the list is sorted.
            if names[middle].utf8.lexicographicallyPrecedes(wanted.utf8) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Whether another file has taken the path over and lines of it have been read: then a restart will find its way
    /// without this one.
    func hasSuccessor(_ file: FollowedFile) -> Bool {
        files.contains { $0 !== file && !$0.isRotated && $0.state.path == file.state.path && $0.state.offset > 0 }
    }

    /// Notes that a rotated file is done with, so that it is not taken for a new one.
    func settle(_ file: FollowedFile) {
        let identity = FileID(device: file.state.device, inode: file.state.inode)
        siblings[FileSystem.parent(of: file.state.path)]?.settled.insert(identity)
    }
}
