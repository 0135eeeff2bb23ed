import AgentPipeline
import SystemIO

/// A file that is not where it was. It has been deleted, or it comes back: with its file system, or from where somebody
/// has moved it.
struct AbsentFile {
    /// How far it has been read.
    var state: SourceState
    /// Since when it is looked for, monotonic.
    var since: UInt64
    /// Bytes of it that were seen and not read; nil when it went while the agent was not running.
    var unread: Int?
    /// What it looks like when it is the same; nil where its first bytes tell, however few they are.
    var stamp: FileStamp?
    /// When all of it had been read for the last time, monotonic.
    var caughtUpAt: UInt64?
    /// Whether it has been looked for among rotated and packed files.
    var wasSought = false
    /// Whether the next start must not miss it: all of it had been read, and most likely it has been deleted.
    var isForgotten = false

    /// Whether what was found may be it, by all but its first bytes.
    func mayBe(_ status: FileStatus) -> Bool {
        stamp == nil || stamp == FileStamp(status) || state.prefixLength == SourceState.prefixLimit
    }
}

/// Closed files that are gone: some for good, some for a while.
extension FileFollower {
    /// A closed file is neither where it was nor next to it. It is waited for: was it only away, it goes on where it was;
    /// else what had not been read of it counts as lost.
    func miss(_ file: FollowedFile, at now: UInt64, _ consumer: any FollowConsumer) {
        let isAway = isAbsent(file.state)
        // One that nobody has begun to read is not read twice when it is a new one later. One that was rotated and read
        // was bound to go.
        if file.state.offset == 0 || (file.isRotated && file.isRead && !isAway) {
            reportUnread(of: file, consumer)
            return drop(file, consumer)
        }
        var absent = AbsentFile(state: file.state, since: now, unread: unread(of: file), caughtUpAt: file.caughtUpAt)
        // With the directory there, another file may be given the inode at any time.
        if !isAway { absent.stamp = file.seen ?? file.observed }
        remove(file)
        // What only memory has of it the next start has to miss.
        if absent.unread == 0, !isUnmounted(file.state), isSafe(file.state, consumer) {
            consumer.forgotten(file.state.id)
            // Directories may come and go for as long as the agent runs.
            if unresolved.count >= options.fileLimit { return }
            absent.isForgotten = true
        }
        unresolved[FileID(file.state), default: []].append(absent)
    }

    /// Tells what is known to be lost with a file that is gone.
    func reportUnread(of file: FollowedFile, _ consumer: any FollowConsumer) {
        // One that was found empty and was never opened had nothing as far as anybody knows.
        if file.isRead || (file.seen == nil && file.size == 0 && file.state.offset == 0) { return }
        consumer.report(.gone(path: file.state.path, offset: file.state.offset))
        consumer.lost(
            FollowLoss(reason: .gone, path: file.state.path, bytes: unread(of: file), since: file.caughtUpAt))
    }

    private func unread(of file: FollowedFile) -> Int { file.isRead ? 0 : max(0, file.size - file.state.offset) }

    /// Goes on with a file that has been found, if it is one that is looked for.
    func resumeUnresolved(
        _ status: FileStatus, _ path: String, _ group: FileGroup, at now: UInt64, _ consumer: any FollowConsumer
    ) -> FollowedFile? {
        let identity = FileID(status)
        guard let absent = unresolved[identity] else { return nil }
        for (index, file) in absent.enumerated() where file.mayBe(status) {
            var state = file.state
            if file.isForgotten { state.id = takeID() }
            guard resume(state, at: path, group, at: now, consumer) else { continue }
            unresolved[identity]?.remove(at: index)
            if unresolved[identity]?.isEmpty ?? false { unresolved[identity] = nil }
            let found = byIdentity[identity]
            if file.isForgotten, let found { consumer.skipped(found.state) }
            return found
        }
        return nil
    }

    /// Looks for copies of those that no name led to; what has none is gone in time.
    func resolveRest(at now: UInt64, _ consumer: any FollowConsumer) {
        if unresolved.isEmpty { return }
        listings = [:]
        defer { listings = nil }
        let absent = unresolved.values.flatMap { $0 }.sorted { $0.state.id < $1.state.id }
        unresolved.removeAll()
        var adopted: [(path: String, modified: Int64)] = []
        for var file in absent {
            let state = file.state
            if file.isForgotten {
                let delay = file.stamp == nil ? options.absentDelay : options.awayDelay
                if now &- file.since < delay { unresolved[FileID(state), default: []].append(file) }
                continue
            }
            let isAway = file.unread == nil ? isAbsent(state) : isUnmounted(state)
            // Once, for it takes reading them; of what was read to its end a copy has no more.
            if !isAway, !file.wasSought, file.unread != 0, let group = group(of: state.path) {
                file.wasSought = true
                if let copy = findCopy(of: state, consumer) {
                    consumer.report(.truncated(path: state.path, copy: copy.path))
                    adopt(copy, for: state, group, at: now, consumer)
                    continue
                }
                if let packed = findPacked(of: state) {
                    consumer.report(.truncated(path: state.path, copy: packed.path))
                    adopt(packed, for: state, group, at: now, consumer)
                    adopted.append((state.path, packed.status.modifiedNanos))
                    continue
                }
            }
            let delay = isAway ? options.absentDelay : file.unread == nil ? 0 : options.awayDelay
            if now &- file.since < delay || (file.unread == 0 && !isSafe(state, consumer)) {
                unresolved[FileID(state), default: []].append(file)
                continue
            }
            if file.unread != 0 {
                consumer.report(.gone(path: state.path, offset: state.offset))
                consumer.lost(
                    FollowLoss(reason: .gone, path: state.path, bytes: file.unread ?? 0, since: file.caughtUpAt))
            }
            consumer.forgotten(state.id)
        }
        for (path, modified) in adopted { followPackedSuccessors(of: path, after: modified, at: now, consumer) }
    }

    /// Whether the file system that a file was on is not there: what is left of the path is of another one. Or nobody can
    /// say, because the path cannot be looked up.
    private func isUnmounted(_ state: SourceState) -> Bool {
        var path = state.path
        repeat {
            path = FileSystem.parent(of: path)
            do throws(IOError) {
                if let status = try FileSystem.status(path) { return status.device != state.device }
            } catch { return true }
        } while path != "/"
        return true
    }

    /// Whether a file's directory is missing, or is the empty one that its file system is mounted on. Or nobody can say,
    /// because the path cannot be looked up.
    private func isAbsent(_ state: SourceState) -> Bool {
        let path = FileSystem.parent(of: state.path)
        do throws(IOError) {
            _ = try FileSystem.status(state.path)
            guard let directory = try FileSystem.status(path) else { return true }
            if directory.device == state.device { return false }
            return try FileSystem.list(path).isEmpty
        } catch {
            return true
        }
    }
}
