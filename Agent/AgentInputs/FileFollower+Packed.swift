import AgentPipeline
import SystemIO

/// Rotated files that have been packed by gzip before they were read to their ends: while nobody was looking, for an
/// open file is read as it is.
extension FileFollower {
    /// The newest packed file next to `state.path` that holds what was read, and perhaps more.
    func findPacked(of state: SourceState) -> Copy? {
        guard state.prefixLength > 0 else { return nil }
        var best: Copy?
        for path in packedNames(of: state.path) {
            // What cannot be opened, or is damaged before the place, is none that could be read.
            guard let copy = try? openPacked(path, of: state),
                copy.status.modifiedNanos > best?.status.modifiedNanos ?? .min
            else { continue }
            best = copy
        }
        return best
    }

    private func openPacked(_ path: String, of state: SourceState) throws(IOError) -> Copy? {
        guard let found = try FileSystem.status(path), found.kind == .file, byIdentity[FileID(found)] == nil else {
            return nil
        }
        let handle = try FileHandle(path, isPacked: true)
        guard case .same(let prefix) = try checkPrefix(handle, state) else { return nil }
        // One that holds less than was read is another file with the same beginning.
        guard try handle.bytes(at: state.offset - 1, count: 1).count == 1 else { return nil }
        return Copy(path: path, status: try handle.status(), handle: handle, prefix: prefix)
    }

    /// Follows what was rotated and packed after a file that an earlier run had not read to its end, and was written
    /// when that run was over: nobody can have read any of it.
    func followPackedSuccessors(
        of original: String, after modified: Int64, at now: UInt64, _ consumer: any FollowConsumer
    ) {
        guard let group = group(of: original), let lastRun = options.lastRun else { return }
        for path in packedNames(of: original) {
            guard let status = (try? FileSystem.status(path)) ?? nil, status.kind == .file,
                status.modifiedNanos > max(modified, lastRun), byIdentity[FileID(status)] == nil,
                files.count < options.fileLimit,
                let handle = try? FileHandle(path, isPacked: true)
            else { continue }
            let state = SourceState(id: takeID(), path: original, device: status.device, inode: status.inode)
            let file = add(state, path, group, now)
            setHandle(handle, of: file)
            file.isRotated = true
            file.isOriginal = true
            // Known from now on: another run would not look for it again.
            consumer.skipped(state)
            consumer.report(.started(path: path, offset: 0))
        }
    }

    private func packedNames(of path: String) -> [String] {
        rotationNames(of: path, links: FileSystem.linkTarget(path).map { [$0] } ?? []).filter { isPackedName($0) }
    }
}
