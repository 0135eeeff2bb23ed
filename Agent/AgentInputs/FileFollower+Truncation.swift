import AgentPipeline
import SystemIO

/// Files that are truncated in place after a copy of them was made ("copytruncate").
extension FileFollower {
    /// Goes on with the copy of a truncated file, if there is one, and with the file from its start.
    func truncated(
        _ file: FollowedFile, at now: UInt64, _ consumer: any FollowConsumer, _ round: inout FollowRound
    ) {
        round.hasMore = true
        let fresh = SourceState(
            id: takeID(), path: file.state.path, device: file.state.device, inode: file.state.inode)
        remove(file)
        if let copy = findCopy(of: file.state, prefix: file.prefix, consumer) ?? findPacked(of: file.state) {
            consumer.report(.truncated(path: file.state.path, copy: copy.path))
            adopt(copy, for: file.state, file.group, at: now, consumer)
        } else {
            consumer.report(.truncatedWithoutCopy(path: file.state.path))
            let unread = max(0, (file.observed?.size ?? file.state.offset) - file.state.offset)
            consumer.lost(
                FollowLoss(reason: .truncated, path: file.state.path, bytes: unread, since: file.caughtUpAt))
            consumer.forgotten(file.state.id)
        }
        let next = add(fresh, file.location, file.group, now)
        setHandle(file.handle, of: next)
        file.handle = nil
        next.isMatched = file.isMatched
        next.isRotated = file.isRotated
    }

    /// A file that holds what another one held.
    struct Copy {
        var path: String
        var status: FileStatus
        var handle: FileHandle
        var prefix: [UInt8]
    }

    /// The newest file next to `state.path` that begins with the same bytes and of which nothing has been read.
    ///
    /// A copy may be shorter than what was read of the file: what was written while the copy was made, and read before
    /// the file was truncated. Such a copy matters only when a pattern matches it, so that it is not read again.
    ///
    /// - Parameters:
    ///   - state: the file.
    ///   - prefix: its first bytes as far as they are known; without them, a copy shorter than the prefix is not
    ///     recognised.
    ///   - consumer: hears of files that turn out to be gone.
    /// - Returns: the copy, or nil when there is none.
    func findCopy(of state: SourceState, prefix: [UInt8] = [], _ consumer: any FollowConsumer) -> Copy? {
        guard state.prefixLength > 0 else { return nil }
        var best: Copy?
        for path in rotationNames(of: state.path, links: FileSystem.linkTarget(state.path).map { [$0] } ?? []) {
            // What cannot be opened cannot be the copy we could read.
            guard let copy = (try? openCopy(path, of: state, prefix, consumer)) ?? nil else { continue }
            if copy.status.modifiedNanos > best?.status.modifiedNanos ?? .min { best = copy }
        }
        return best
    }

    private func openCopy(
        _ path: String, of state: SourceState, _ prefix: [UInt8], _ consumer: any FollowConsumer
    ) throws(IOError) -> Copy? {
        guard let found = try FileSystem.status(path), found.kind == .file else { return nil }
        var known = byIdentity[FileID(found)]
        // One that was found by a pattern and has not been read yet may well be what we are looking for.
        if let other = known, other.state.offset > 0 {
            if isStill(other, path, found, consumer) { return nil }
            known = nil
        }
        let handle = try FileHandle(path)
        let status = try handle.status()
        guard status.kind == .file, status.size >= state.offset || known != nil, status.size > 0 else { return nil }
        let wanted = status.size < state.prefixLength ? state.limited(to: status.size, prefix: prefix) : state
        guard wanted.prefixLength == min(status.size, state.prefixLength),
            case .same(let bytes) = try checkPrefix(handle, wanted)
        else { return nil }
        return Copy(path: path, status: status, handle: handle, prefix: bytes)
    }

    /// Goes on reading a source in its copy.
    func adopt(
        _ copy: Copy, for state: SourceState, _ group: FileGroup, at now: UInt64, _ consumer: any FollowConsumer
    ) {
        let identity = FileID(device: copy.status.device, inode: copy.status.inode)
        let known = byIdentity[identity]
        if let known { remove(known) }
        var moved = state.limited(to: copy.status.size, prefix: copy.prefix)
        moved.device = copy.status.device
        moved.inode = copy.status.inode
        let file = add(moved, copy.path, group, now)
        setHandle(copy.handle, of: file)
        file.prefix = copy.prefix
        file.isRotated = true
        file.isMatched = known?.isMatched ?? false
        file.size = copy.status.size
        consumer.relocated(moved)
    }

    /// Whether a file that nothing has been read of looks like a copy that is being made of a followed file. If so it
    /// is put off: either the other file is truncated, and this is where its rest is, or it stays quiet and counts as a
    /// file of its own.
    func mayBeCopy(_ file: FollowedFile, _ handle: FileHandle, _ status: FileStatus, at now: UInt64) -> Bool {
        if options.readsOnce || file.isOriginal || status.size == 0 { return false }
        if file.isSuspect, now &- file.changedAt >= options.copyDelay {
            file.isOriginal = true
            return false
        }
        for original in originals(of: file.location) {
            for other in byPath[original] ?? [] where other !== file && other.state.prefixLength > 0 {
                if !beginsLike(other, handle, status) {
                    let prefix = firstBytes(of: other)
                    // A copy that has only begun shows fewer bytes.
                    let count = min(status.size, prefix.count)
                    guard count > 0, let bytes = try? handle.bytes(at: 0, count: count),
                        bytes.elementsEqual(prefix.prefix(count))
                    else { continue }
                }
                if !file.isSuspect { file.changedAt = now }
                file.isSuspect = true
                return true
            }
        }
        file.isOriginal = true
        return false
    }

    /// Whether an open file begins with all the first bytes of a followed one that are known. That one may be closed, and
    /// truncated since: then nothing but their hash is left of them.
    func beginsLike(_ file: FollowedFile, _ handle: FileHandle, _ status: FileStatus) -> Bool {
        guard file.state.prefixLength > 0, status.size >= file.state.prefixLength,
            case .same? = try? checkPrefix(handle, file.state)
        else { return false }
        return true
    }

    /// The first bytes of a file as they were read; none when they are not known any more.
    func firstBytes(of file: FollowedFile) -> [UInt8] {
        if !file.prefix.isEmpty || file.state.prefixLength == 0 { return file.prefix }
        // Closed files keep only the hash.
        guard let handle = file.handle ?? (try? FileHandle(file.location)),
            case .same(let bytes)? = try? checkPrefix(handle, file.state)
        else { return [] }
        return bytes
    }
}
