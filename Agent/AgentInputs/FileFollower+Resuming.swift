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
        for state in states where state.offset > 0 {
            let profile = profile(of: state.path)
            // Other names are looked up only for a file that is not where it was: that reads its whole directory.
            if resume(state, at: state.path, profile, at: now, consumer) { continue }
            let isFound = rotationNames(of: state.path).contains { path in
                resume(state, at: path, profile, at: now, consumer)
            }
            if !isFound { unresolved.append(state) }
        }
    }

    private func resume(
        _ state: SourceState, at path: String, _ profile: SourceProfile, at now: UInt64,
        _ consumer: any FollowConsumer
    ) -> Bool {
        let identity = FileID(device: state.device, inode: state.inode)
        // A file that cannot be opened now cannot be verified; it is new when it can be.
        guard let status = (try? FileSystem.status(path)) ?? nil, status.kind == .file,
            FileID(device: status.device, inode: status.inode) == identity, status.size >= state.offset,
            byIdentity[identity] == nil, let handle = try? FileHandle(path),
            let check = try? checkPrefix(handle, state), case .same(let prefix) = check
        else { return false }
        let file = add(state, path, profile, now)
        file.handle = handle
        file.prefix = prefix
        file.size = status.size
        // Names that are no rotation of the old one have become its path.
        if path != state.path {
            file.isRotated =
                FileSystem.parent(of: path) == FileSystem.parent(of: state.path)
                && isRotationName(baseName(path), of: baseName(state.path))
            if !file.isRotated { file.state.path = path }
        }
        consumer.report(.started(path: path, offset: state.offset))
        return true
    }

    /// Goes on with a file that a pattern has found, if an earlier run has read it under another name.
    func resumeUnresolved(
        _ identity: FileID, _ path: String, _ profile: SourceProfile, at now: UInt64, _ consumer: any FollowConsumer
    ) -> Bool {
        for (index, state) in unresolved.enumerated()
        where state.device == identity.device && state.inode == identity.inode {
            guard resume(state, at: path, profile, at: now, consumer) else { continue }
            byIdentity[identity]?.isMatched = true
            unresolved.remove(at: index)
            return true
        }
        return false
    }

    /// Looks for copies of those that no name led to; what has none is gone.
    func resolveRest(at now: UInt64, _ consumer: any FollowConsumer) {
        for state in unresolved {
            if let copy = findCopy(of: state) {
                consumer.report(.truncated(path: state.path, copy: copy.path))
                adopt(copy, for: state, profile(of: state.path), at: now, consumer)
            } else {
                consumer.report(.gone(path: state.path, offset: state.offset))
                consumer.lost(FollowLoss(reason: .gone, path: state.path, bytes: 0, since: nil))
                consumer.forgotten(state.id)
            }
        }
        unresolved.removeAll()
    }
}
