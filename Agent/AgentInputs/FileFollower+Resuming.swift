package import AgentPipeline
import SystemIO

/// Going on where an earlier run of the agent stopped.
extension FileFollower {
    /// Goes on behind what earlier runs dealt with. Call it before the first round.
    ///
    /// Each file is found under its path, under another name next to it (renamed), under any name that a pattern
    /// matches, or as the copy of a truncated file. A file whose first bytes are others is a new file, whatever its
    /// inode says.
    package func resume(_ states: [SourceState], at now: UInt64, _ consumer: any FollowConsumer) {
        listings = [:]
        defer { listings = nil }
        for state in states {
            guard let group = coveringGroup(of: state.path) else {
                parked.append(state)
                continue
            }
            // Other names are looked up only for a file that is not where it was: that reads its whole directory.
            if resume(state, at: state.path, group, at: now, consumer) { continue }
            let links = FileSystem.linkTarget(state.path).map { [$0] } ?? []
            let isFound = rotationNames(of: state.path, links: links).contains { path in
                resume(state, at: path, group, at: now, consumer)
            }
            if !isFound {
                unresolved[FileID(state), default: []].append(AbsentFile(state: state, since: now, unread: nil))
            }
        }
    }

    /// Goes on with a file at a path, if it is there. One that cannot be opened at present is verified when it is read.
    func resume(
        _ state: SourceState, at path: String, _ group: FileGroup, at now: UInt64,
        _ consumer: any FollowConsumer
    ) -> Bool {
        let identity = FileID(state)
        let isPacked = isPackedName(path) && path != state.path
        guard let status = (try? FileSystem.status(path)) ?? nil, status.kind == .file,
            FileID(status) == identity, isPacked || status.size >= state.offset,
            // One of which nothing was read is known by nothing else than being packed.
            state.offset > 0 || isPacked, byIdentity[identity] == nil
        else { return false }
        var opened: (handle: FileHandle, prefix: [UInt8])?
        do throws(IOError) {
            let handle = try FileHandle(path, isPacked: isPacked)
            guard case .same(let prefix) = try checkPrefix(handle, state) else { return false }
            opened = (handle, prefix)
        } catch {
            if error.isMissing || (isPacked && error.isDamage) { return false }
        }
        let file = add(state, path, group, now)
        file.size = isPacked ? state.offset : status.size
        file.isOriginal = state.offset == 0
        if isPacked, let packed = try? opened?.handle.status(), packed.size == state.offset {
            // It says itself that there is no more: it need not be unpacked as far as that.
            file.seen = FileStamp(packed)
        } else if let opened, isPacked || openFiles < options.openLimit {
            setHandle(opened.handle, of: file)
            file.prefix = opened.prefix
        }
        // Names that are no rotation of the old one have become its path.
        if path != state.path {
            file.isRotated = file.isRotationName(path)
            if !file.isRotated { setPath(path, of: file) }
        }
        consumer.report(.started(path: path, offset: state.offset))
        return true
    }
}
