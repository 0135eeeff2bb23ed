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
        for state in states where state.offset > 0 {
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
            if !isFound { unresolved[FileID(state), default: []].append(state) }
        }
    }

    private func resume(
        _ state: SourceState, at path: String, _ group: FileGroup, at now: UInt64,
        _ consumer: any FollowConsumer
    ) -> Bool {
        let identity = FileID(state)
        let isPacked = isPackedName(path) && path != state.path
        // A file that cannot be opened now cannot be verified; it is new when it can be.
        guard let status = (try? FileSystem.status(path)) ?? nil, status.kind == .file,
            FileID(status) == identity, isPacked || status.size >= state.offset,
            byIdentity[identity] == nil, let handle = try? FileHandle(path, isPacked: isPacked),
            let check = try? checkPrefix(handle, state), case .same(let prefix) = check
        else { return false }
        let file = add(state, path, group, now)
        file.size = isPacked ? state.offset : status.size
        if isPacked, let packed = try? handle.status(), packed.size == state.offset {
            // It says itself that there is no more: it need not be unpacked as far as that.
            file.seen = FileStamp(packed)
        } else if isPacked || openFiles < options.openLimit {
            setHandle(handle, of: file)
            file.prefix = prefix
        }
        // Names that are no rotation of the old one have become its path.
        if path != state.path {
            file.isRotated = file.isRotationName(path)
            if !file.isRotated { setPath(path, of: file) }
        }
        consumer.report(.started(path: path, offset: state.offset))
        return true
    }

    /// Goes on with a file that a pattern has found, if an earlier run has read it under another name.
    func resumeUnresolved(
        _ identity: FileID, _ path: String, _ group: FileGroup, at now: UInt64, _ consumer: any FollowConsumer
    ) -> Bool {
        guard let states = unresolved[identity] else { return false }
        for (index, state) in states.enumerated() {
            guard resume(state, at: path, group, at: now, consumer) else { continue }
            byIdentity[identity]?.isMatched = true
            byIdentity[identity]?.isSighted = true
            unresolved[identity]?.remove(at: index)
            if unresolved[identity]?.isEmpty ?? false { unresolved[identity] = nil }
            return true
        }
        return false
    }

    /// Looks for copies of those that no name led to; what has none is gone, unless its directory is as well: that may
    /// come back, with what is in it.
    func resolveRest(at now: UInt64, _ consumer: any FollowConsumer) {
        if unresolved.isEmpty { return }
        let absentSince = absentSince ?? now
        self.absentSince = absentSince
        listings = [:]
        defer { listings = nil }
        let states = unresolved.values.flatMap { $0 }.sorted { $0.id < $1.id }
        unresolved.removeAll()
        var adopted: [(path: String, modified: Int64)] = []
        for state in states {
            if let copy = findCopy(of: state, consumer), let group = group(of: state.path) {
                consumer.report(.truncated(path: state.path, copy: copy.path))
                adopt(copy, for: state, group, at: now, consumer)
            } else if let packed = findPacked(of: state), let group = group(of: state.path) {
                consumer.report(.truncated(path: state.path, copy: packed.path))
                adopt(packed, for: state, group, at: now, consumer)
                adopted.append((state.path, packed.status.modifiedNanos))
            } else if now &- absentSince < options.absentDelay, isAbsent(state) {
                unresolved[FileID(state), default: []].append(state)
            } else {
                consumer.report(.gone(path: state.path, offset: state.offset))
                consumer.lost(FollowLoss(reason: .gone, path: state.path, bytes: 0, since: nil))
                consumer.forgotten(state.id)
            }
        }
        for (path, modified) in adopted { followPackedSuccessors(of: path, after: modified, at: now, consumer) }
    }

    /// Whether the file system that a file was on seems not to be there: its directory is missing, or is the empty one
    /// that it is mounted on.
    private func isAbsent(_ state: SourceState) -> Bool {
        let path = FileSystem.parent(of: state.path)
        guard let directory = (try? FileSystem.status(path)) ?? nil else { return true }
        return directory.device != state.device && ((try? FileSystem.list(path)) ?? []).isEmpty
    }
}
