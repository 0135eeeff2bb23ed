import AgentPipeline
import SystemIO

/// Follows files through growing, renaming, truncating and deleting, and hands over each of their bytes once.
///
/// - Renamed or deleted: the open file is read to its end, and what is still written to it for a while; the new file
///   under the old path is read from its start. A renamed file that also matches a pattern is the same file.
/// - Truncated in place (also when it has grown beyond the old offset since): the unread rest is looked for in a copy
///   next to it, `name.*` or `name-*` with the same first bytes; then the file is read from its start.
/// - The same when it happened while nobody was looking: ``resume(_:)``.
///
/// Driven by ``poll(at:_:)``, which never waits; time is an argument. One owner, one thread at a time.
package final class FileFollower {
    let options: FollowOptions
    var inputs: [FileInput]
    /// Directories whose files are never followed.
    private let ownDirectories: [String]
    /// Files that are never followed, by device and inode: our own log.
    let ownFiles: [FileID]
    private var nextID: UInt64
    var files: [FollowedFile] = []
    var byIdentity: [FileID: FollowedFile] = [:]
    /// See ``files(withPath:)``; empty when it must be made again.
    private var pathIndex: [String: [FollowedFile]] = [:]
    private var lastScan: UInt64?
    var wantsScan = true
    private var firstFile = 0
    private var buffer: UnsafeMutableRawBufferPointer
    /// What earlier runs have read and has not been found yet; empty after the first look-up of names.
    var unresolved: [SourceState] = []
    /// What was read until a change of the inputs left it out: it goes on there when it is asked for again.
    var parked: [SourceState] = []
    /// What is known of rotated files, by directory.
    var siblings: [String: SiblingDirectory] = [:]
    /// Directories that were looked into by the last look-up of names: what to watch.
    package private(set) var directories: Set<String> = []

    /// Device and inode.
    package struct FileID: Hashable, Sendable {
        /// The device.
        package var device: UInt64
        /// The number on it.
        package var inode: UInt64

        /// Makes it.
        package init(device: UInt64, inode: UInt64) {
            self.device = device
            self.inode = inode
        }
    }

    /// Makes a follower. Nothing is read before ``poll(at:_:)``.
    ///
    /// - Parameters:
    ///   - inputs: what to follow; the first group that matches a file decides about its profile.
    ///   - nextID: the number of the next source that is not known yet.
    ///   - ownDirectories: absolute paths of directories never to follow files in.
    ///   - ownFiles: files never to follow.
    ///   - options: limits and delays.
    package init(
        inputs: [FileInput], nextID: UInt64, ownDirectories: [String] = [], ownFiles: [FileID] = [],
        options: FollowOptions = FollowOptions()
    ) {
        self.inputs = inputs
        self.nextID = nextID
        self.ownDirectories = ownDirectories
        self.ownFiles = ownFiles
        self.options = options
        buffer = .allocate(byteCount: options.chunkBytes, alignment: 16)
    }

    deinit {
        buffer.deallocate()
    }

    /// Makes the next round look up names, because something has told that they changed.
    package func namesMayHaveChanged() { wantsScan = true }

    /// One round: looks up names when it is time, then reads at most one run of bytes of each file.
    ///
    /// - Parameters:
    ///   - now: the monotonic clock, nanoseconds.
    ///   - consumer: gets the bytes.
    /// - Returns: what was done, and whether to come again at once.
    package func poll(at now: UInt64, _ consumer: any FollowConsumer) -> FollowRound {
        if wantsScan || lastScan.map({ now &- $0 >= options.scanInterval }) ?? true {
            scan(at: now, consumer)
            lastScan = now
            wantsScan = false
        }
        var round = FollowRound()
        // Another file is the first one each time, so that none starves when there is little room. Reading may add and
        // drop files: those of the beginning are gone through.
        let snapshot = files
        let start = snapshot.isEmpty ? 0 : firstFile % snapshot.count
        for step in snapshot.indices {
            let file = snapshot[(start + step) % snapshot.count]
            if !round.isPaused, !file.isDropped { read(file, at: now, consumer, &round) }
            round.unreadBytes += max(0, file.size - file.state.offset)
        }
        firstFile &+= 1
        release(at: now, consumer)
        round.files = files.count
        return round
    }

    // MARK: Names

    /// The files whose path is `path`: the one that is there, and earlier ones that are read to their ends.
    func files(withPath path: String) -> [FollowedFile] {
        if pathIndex.isEmpty { for file in files { pathIndex[file.state.path, default: []].append(file) } }
        return pathIndex[path] ?? []
    }

    private func scan(at now: UInt64, _ consumer: any FollowConsumer) {
        pathIndex.removeAll()
        for file in files { file.isMatched = false }
        directories.removeAll(keepingCapacity: true)
        for input in inputs {
            for pattern in input.include {
                for path in pattern.find(limit: options.fileLimit * 2, directories: &directories)
                where !isOwn(path) && !input.exclude.contains(where: { $0.matches(path) }) {
                    discover(path, input.profile, at: now, consumer)
                }
            }
        }
        resolveRest(at: now, consumer)
        for file in files where !file.isRotated { lookForRotation(file, at: now, consumer) }
        lookForSuccessors(at: now, consumer)
    }

    private func isOwn(_ path: String) -> Bool {
        ownDirectories.contains { path == $0 || path.hasPrefix($0 + "/") }
    }

    private func discover(_ path: String, _ profile: SourceProfile, at now: UInt64, _ consumer: any FollowConsumer) {
        let status: FileStatus
        do throws(IOError) {
            guard let found = try FileSystem.status(path) else { return }
            status = found
        } catch {
            consumer.report(.failed(path: path, reason: error.description))
            return
        }
        guard status.kind == .file else { return }
        let identity = FileID(device: status.device, inode: status.inode)
        if ownFiles.contains(identity) { return }
        if let known = byIdentity[identity], isStill(known, path, consumer) {
            known.isMatched = true
            if known.location != path, !isAt(known, known.location) { move(known, to: path) }
            return
        }
        if resumeUnresolved(identity, path, profile, at: now, consumer) { return }
        if files.count >= options.fileLimit {
            consumer.report(.tooManyFiles(limit: options.fileLimit))
            return
        }
        let state = SourceState(id: takeID(), path: path, device: status.device, inode: status.inode)
        add(state, path, profile, now).isMatched = true
        consumer.report(.started(path: path, offset: 0))
    }

    /// Whether a known inode is still the known file. Only while a file is open its inode cannot be used for another.
    private func isStill(_ file: FollowedFile, _ path: String, _ consumer: any FollowConsumer) -> Bool {
        if file.handle != nil || file.location == path { return true }
        if let handle = try? FileHandle(path), let status = try? handle.file.status(), file.isSame(status),
            status.size >= file.state.offset, case .same? = try? checkPrefix(handle, file.state),
            !file.isRotated || file.seen.map({ $0 == (status.size, status.modifiedNanos) }) ?? false
        {
            return true
        }
        drop(file, consumer)
        return false
    }

    /// A file was found under another name. One that a rotation gives leaves it what it was; any other is its path now.
    private func move(_ file: FollowedFile, to path: String) {
        file.location = path
        let isRotation =
            FileSystem.parent(of: path) == FileSystem.parent(of: file.state.path)
            && isRotationName(baseName(path), of: baseName(file.state.path))
        if !isRotation {
            file.state.path = path
            file.isRotated = false
            pathIndex.removeAll()
        }
    }

    /// Whether the path still names the file.
    private func isAt(_ file: FollowedFile, _ path: String) -> Bool {
        guard let status = (try? FileSystem.status(path)) ?? nil else { return false }
        return file.isSame(status)
    }

    private func lookForRotation(_ file: FollowedFile, at now: UInt64, _ consumer: any FollowConsumer) {
        if file.location == file.state.path, isAt(file, file.location) { return }
        if file.handle == nil, !reopen(file, consumer) { return }
        file.isRotated = true
        file.changedAt = now
        consumer.report(.rotated(path: file.state.path))
    }

    func takeID() -> UInt64 {
        defer { nextID += 1 }
        return nextID
    }

    @discardableResult
    func add(_ state: SourceState, _ location: String, _ profile: SourceProfile, _ now: UInt64) -> FollowedFile {
        let file = FollowedFile(state, at: location, profile: profile, now: now)
        files.append(file)
        pathIndex.removeAll()
        byIdentity[FileID(device: state.device, inode: state.inode)] = file
        return file
    }

    /// The profile of a path: that of the first group which includes it, or of the first at all.
    func profile(of path: String) -> SourceProfile {
        let input = inputs.first { $0.include.contains { $0.matches(path) } }
        return (input ?? inputs.first)?.profile ?? SourceProfile()
    }

    // MARK: Bytes

    private func read(
        _ file: FollowedFile, at now: UInt64, _ consumer: any FollowConsumer, _ round: inout FollowRound
    ) {
        do throws(IOError) {
            guard file.handle != nil || needsHandle(file) else { return }
            if file.handle == nil, !reopen(file, consumer) { return }
            guard let handle = file.handle else { return }
            let status = try handle.file.status()
            file.size = status.size
            if status.size < file.state.offset { return truncated(file, at: now, consumer, &round) }
            let stamp = (size: status.size, modified: status.modifiedNanos)
            if let observed = file.observed, observed != stamp {
                file.changedAt = now
                file.wasQuiet = false
            }
            file.observed = stamp
            let isUnchanged = file.seen.map { $0 == stamp } ?? false
            let isFinal = isFinal(file, at: now)
            let isQuiet = isQuiet(file, at: now)
            if isUnchanged, !((isFinal || isQuiet) && status.size > file.state.offset) {
                file.caughtUpAt = now
                return
            }
            if file.state.offset == 0, mayBeCopy(file, handle, status, at: now) { return }
            let ending: ReadEnding = isFinal ? .final : isQuiet ? .quiet : .open
            try readLines(file, handle, status, atEnd: ending, at: now, consumer, &round)
        } catch {
            consumer.report(.failed(path: file.location, reason: error.description))
        }
    }

    /// Whether a last line without a line feed counts.
    private func isFinal(_ file: FollowedFile, at now: UInt64) -> Bool {
        options.readsOnce || (file.isRotated && now &- file.changedAt >= options.lastLineDelay)
    }

    /// Whether nothing has come for so long that an event of several lines counts as whole.
    private func isQuiet(_ file: FollowedFile, at now: UInt64) -> Bool {
        guard let delay = file.profile.quietDelay, !file.wasQuiet else { return false }
        return now &- file.changedAt >= delay
    }

    private func readLines(
        _ file: FollowedFile, _ handle: FileHandle, _ status: FileStatus, atEnd: ReadEnding, at now: UInt64,
        _ consumer: any FollowConsumer, _ round: inout FollowRound
    ) throws(IOError) {
        guard consumer.makeRoom() else {
            round.isPaused = true
            return
        }
        let from = file.state.offset
        var wanted = options.chunkBytes
        while true {
            if buffer.count < wanted {
                buffer.deallocate()
                buffer = .allocate(byteCount: wanted, alignment: 16)
            }
            let count = try handle.file.read(into: .init(rebasing: buffer[..<wanted]), at: from)
            // Only now it is certain that these bytes followed those that were dealt with: had the file been
            // truncated before the read, its size or its first bytes would tell.
            let after = try handle.file.status()
            file.size = after.size
            guard after.size >= from + count, case .same(let prefix) = try checkPrefix(handle, file.state) else {
                return truncated(file, at: now, consumer, &round)
            }
            if file.prefix.isEmpty { file.prefix = prefix }
            let reachesEnd = count < wanted || from + count >= after.size
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            // What has come since the decision may be the next line of an event.
            let isStill = after.size == status.size && after.modifiedNanos == status.modifiedNanos
            let ending = reachesEnd && (isStill || atEnd == .final) ? atEnd : .open
            let taken = count == 0 ? 0 : consumer.take(bytes, of: &file.state, profile: file.profile, ending: ending)
            if ending == .quiet, taken == count || taken == 0 { file.wasQuiet = true }
            if taken > 0 {
                file.advance(over: bytes, taken: taken)
                round.bytes += taken
                consumer.advanced(file.state, from: from)
            }
            if reachesEnd, taken == count || taken == 0 {
                // All is taken, or the rest is no complete line: nothing to do until the file changes.
                file.seen = (after.size, after.modifiedNanos)
                file.caughtUpAt = now
            } else {
                file.seen = nil
                if taken == 0, wanted < options.largestChunkBytes {
                    wanted = options.largestChunkBytes
                    continue
                }
                round.hasMore = true
            }
            return
        }
    }

    // MARK: Letting go

    /// Whether a closed file has changed, so that it must be opened again.
    private func needsHandle(_ file: FollowedFile) -> Bool {
        guard let seen = file.seen else { return true }
        guard let status = (try? FileSystem.status(file.location)) ?? nil, file.isSame(status) else { return false }
        return status.size != seen.size || status.modifiedNanos != seen.modified
    }

    /// Opens a closed file, wherever it is now.
    ///
    /// - Returns: false when that is not possible at present.
    private func reopen(_ file: FollowedFile, _ consumer: any FollowConsumer) -> Bool {
        do throws(IOError) {
            if try open(file, at: file.location) { return true }
            for path in rotationNames(of: file.state.path) where try open(file, at: path) { return true }
        } catch {
            consumer.report(.failed(path: file.location, reason: error.description))
            return false
        }
        // All of it had been read when it was closed.
        drop(file, consumer)
        return false
    }

    private func open(_ file: FollowedFile, at path: String) throws(IOError) -> Bool {
        guard let status = try FileSystem.status(path), file.isSame(status) else { return false }
        let handle = try FileHandle(path)
        guard file.isSame(try handle.file.status()) else { return false }
        file.handle = handle
        file.location = path
        return true
    }

    /// Paths next to `path` that a rotation may have made of it.
    func rotationNames(of path: String) -> [String] {
        let directory = FileSystem.parent(of: path)
        let base = baseName(path)
        // A directory that cannot be read has nothing for us.
        let names = (try? FileSystem.list(directory)) ?? []
        return names.filter { isRotationName($0, of: base) }.map { directory == "/" ? "/\($0)" : "\(directory)/\($0)" }
    }

    private func release(at now: UInt64, _ consumer: any FollowConsumer) {
        var open = 0
        for file in files {
            let isQuiet = now &- file.changedAt >= options.rotatedDelay
            let isRead = file.seen != nil && file.state.offset >= file.size
            // One that still matches stays open: its inode cannot be given to another file as long as it is.
            // And one that nothing has followed yet is what a restart finds its successors by, unless it was deleted.
            if file.isRotated, isRead, isQuiet, !file.isMatched,
                hasSuccessor(file) || !isAt(file, file.location)
            {
                consumer.report(.released(path: file.state.path))
                drop(file, consumer)
            }
            if file.handle != nil { open += 1 }
        }
        if open <= options.openLimit { return }
        let closable = files.filter { $0.handle != nil && $0.seen != nil && $0.state.offset >= $0.size }
        for file in closable.sorted(by: { $0.changedAt < $1.changedAt }).prefix(open - options.openLimit) {
            file.handle = nil
        }
    }

    func drop(_ file: FollowedFile, _ consumer: any FollowConsumer) {
        settle(file)
        remove(file)
        consumer.forgotten(file.state.id)
    }

    func remove(_ file: FollowedFile) {
        file.isDropped = true
        pathIndex.removeAll()
        files.removeAll { $0 === file }
        let identity = FileID(device: file.state.device, inode: file.state.inode)
        if byIdentity[identity] === file { byIdentity[identity] = nil }
    }
}
