import AgentPipeline
import SystemIO

/// Which files are kept open, and which are let go.
extension FileFollower {
    /// Closes what has been quiet, and lets go of what is gone and read. Looks at it once in a second.
    func keep(at now: UInt64, _ consumer: any FollowConsumer) {
        if let last = lastKeeping, now &- last < 1_000_000_000 { return }
        lastKeeping = now
        if openFiles == 0 {
            heldBytes = 0
            return
        }
        var held: [FollowedFile] = []
        for file in Array(files) where file.handle != nil {
            if file.isRotated {
                if keepRotated(file, at: now, consumer) { held.append(file) }
            } else if file.isRead, now &- file.changedAt >= file.treatment.closeInactive {
                closeUnchanged(file)
            }
        }
        bound(held, consumer)
    }

    /// Closes a file that is read as far as it was looked at, unless there is more: it is not looked at without room.
    private func closeUnchanged(_ file: FollowedFile) {
        guard let status = try? file.handle?.status() else { return }
        if file.seen == FileStamp(status) { return setHandle(nil, of: file) }
        file.size = status.size
        activate(file)
    }

    /// - Returns: whether the file has no name any more and is kept all the same.
    private func keepRotated(_ file: FollowedFile, at now: UInt64, _ consumer: any FollowConsumer) -> Bool {
        guard let status = try? file.handle?.status() else { return false }
        // What is packed does not grow any more. It is remembered for as long as it is there, so that it is not read
        // again.
        if file.isPacked {
            if file.isRead { setHandle(nil, of: file) }
            return false
        }
        let isDeleted = status.links == 0
        file.size = status.size
        let quiet = now &- file.changedAt
        // What is not in the spool yet exists only here and in memory.
        guard file.isRead, quiet >= options.rotatedDelay, isSafe(file.state, consumer) else {
            return isDeleted
        }
        if !isDeleted, locate(file) {
            // From now on it goes on when somebody writes to it.
            setHandle(nil, of: file)
            return false
        }
        // It has no name, or one that we do not know: only this handle leads to what is still written to it.
        let hasWriters = file.handle?.hasWriters()
        if hasWriters == false || (hasWriters == nil && quiet >= options.orphanDelay) {
            consumer.report(.released(path: file.state.path))
            drop(file, consumer)
            return false
        }
        return isDeleted
    }

    /// Forgets rotated files that have been closed and quiet for long, if a restart finds its way without them.
    func forgetOld(at now: UInt64, _ consumer: any FollowConsumer) {
        for file in Array(files)
        where file.isRotated && file.handle == nil && file.isRead && !file.isMatched
            && now &- file.changedAt >= options.absentDelay && hasSuccessor(file)
        {
            consumer.report(.released(path: file.state.path))
            drop(file, consumer)
        }
    }

    /// Finds the name that a rotation gave to a file.
    func locate(_ file: FollowedFile) -> Bool {
        if isAt(file, file.location) { return true }
        for path in rotationNames(of: file.state.path, links: file.links) where isAt(file, path) {
            file.location = path
            file.isWatched = isWatched(file)
            return true
        }
        return false
    }

    /// Lets deleted files go when they hold too much: first those that are read, then the oldest.
    private func bound(_ held: [FollowedFile], _ consumer: any FollowConsumer) {
        heldBytes = held.reduce(0) { $0 + $1.size }
        if heldBytes > options.heldBytes / 2, !isHoldingReported {
            isHoldingReported = true
            consumer.report(.holding(bytes: heldBytes, limit: options.heldBytes))
        } else if heldBytes < options.heldBytes / 4 {
            isHoldingReported = false
        }
        if heldBytes <= options.heldBytes { return }
        let order = held.sorted { ($0.isRead ? 0 : 1, $0.state.id) < ($1.isRead ? 0 : 1, $1.state.id) }
        for file in order where heldBytes > options.heldBytes {
            heldBytes -= file.size
            let unread = max(0, file.size - file.state.offset)
            if unread > 0 {
                reportAbandoned(file, bytes: unread, consumer)
            } else {
                consumer.report(.released(path: file.state.path))
            }
            drop(file, consumer)
        }
    }

    /// Whether all that was taken of a file would survive the end of this process.
    func isSafe(_ state: SourceState, _ consumer: any FollowConsumer) -> Bool {
        consumer.safeOffset(of: state) >= state.offset
    }

    private func reportAbandoned(_ file: FollowedFile, bytes: Int, _ consumer: any FollowConsumer) {
        consumer.report(.abandoned(path: file.state.path, bytes: bytes))
        consumer.lost(FollowLoss(reason: .abandoned, path: file.state.path, bytes: bytes, since: file.caughtUpAt))
    }

    /// Open files without names: they end with this process.
    private func deletedFiles() -> [(file: FollowedFile, status: FileStatus)] {
        files.compactMap { file in
            guard let status = try? file.handle?.status(), status.links == 0 else { return nil }
            return (file, status)
        }
    }

    /// Reads on in deleted files, for they cannot be read later: a run of bytes of each, as ``poll(at:_:)`` does.
    package func pollDeleted(at now: UInt64, _ consumer: any FollowConsumer) -> FollowRound {
        var round = FollowRound()
        for (file, _) in deletedFiles() where !file.isDropped && !round.isPaused {
            read(file, at: now, consumer, &round)
        }
        return round
    }

    /// Lets deleted files go, because this process ends, and tells what of them is in no spool. The last to be called.
    package func abandonDeleted(_ consumer: any FollowConsumer) {
        for (file, status) in deletedFiles() {
            let lost = max(0, status.size - consumer.safeOffset(of: file.state))
            // Somebody may write to it later: then the next start tells of it, as of all that it does not find.
            if lost == 0, file.handle?.hasWriters() != false { continue }
            if lost > 0 { reportAbandoned(file, bytes: lost, consumer) }
            drop(file, consumer)
        }
    }

    /// Closes files, those that are read and have been quiet the longest first, when no more may be open.
    ///
    /// - Returns: false when none can be closed: they are rotated, and would be lost.
    func makeRoomForHandle() -> Bool {
        if openFiles < options.openLimit { return true }
        let closable = files.filter { $0.handle != nil && !$0.isRotated }
        // Some at once, so that this is not done for each file.
        let order = closable.sorted { ($0.isRead ? 0 : 1, $0.changedAt) < ($1.isRead ? 0 : 1, $1.changedAt) }
        for file in order.prefix(max(1, options.openLimit / 10) + openFiles - options.openLimit) {
            // It may be gone when it has its turn again.
            if let size = try? file.handle?.status().size { file.size = size }
            setHandle(nil, of: file)
        }
        return openFiles < options.openLimit
    }
}
