import AgentPipeline
import SystemIO

/// Follows files through growing, renaming, truncating and deleting, and hands over each of their bytes once.
///
/// - Renamed or deleted: the open file is read to its end, and what is still written to it; the new file under the old
///   path is read from its start. A renamed file that also matches a pattern is the same file.
/// - Truncated in place (also when it has grown beyond the old offset since): the unread rest is looked for in a copy
///   next to it, `name.*` or `name-*` with the same first bytes; then the file is read from its start.
/// - The same when it happened while nobody was looking: ``resume(_:at:_:)``.
///
/// Only files that may have something to say are looked at: those that ``note(_:)`` tells of, those that have not been
/// read to their ends, and those in directories that nobody watches. All are, with their names, now and then.
///
/// Driven by ``poll(at:_:)``, which never waits; time is an argument. One owner, one thread at a time.
package final class FileFollower {
    let options: FollowOptions
    var groups: [FileGroup]
    /// Directories whose files are never followed.
    private let ownDirectories: [String]
    /// Files that are never followed, by device and inode: our own log.
    let ownFiles: [FileID]
    /// The number of the next source that is new.
    package var nextSource: UInt64
    private(set) var files: [FollowedFile] = []
    /// Those that are looked at in each round.
    private(set) var active: [FollowedFile] = []
    var byIdentity: [FileID: FollowedFile] = [:]
    /// The files whose path is the key: the one that is there, and earlier ones that are read to their ends.
    private(set) var byPath: [String: [FollowedFile]] = [:]
    /// Where symbolic links lead to, and the paths of the files that were found through them.
    private(set) var linked: [String: Set<String>] = [:]
    private(set) var openFiles = 0
    private var unreadBytes = 0
    private var firstFile = 0
    var buffer: UnsafeMutableRawBufferPointer

    // Names.
    var lastLook: UInt64?
    var changes = FileChanges()
    /// Directories whose changes are not told; nil when none is.
    var unwatched: Set<String>?
    /// Files that a pattern has found and that are too many.
    var waiting = 0
    /// What was found and is not read, so that it is told once.
    var leftOut: Set<String> = []
    /// What was read, by an earlier run or by this one, and is not where it was.
    var unresolved: [FileID: [AbsentFile]] = [:]
    /// Names in directories, while many are looked up.
    var listings: [String: [String]]?
    /// What is left out by the inputs and was read before: it goes on there when it is asked for again.
    var parked: [SourceState] = []
    /// What is known of rotated files, by directory.
    var siblings: [String: SiblingDirectory] = [:]
    /// What must be watched, as the last look found.
    package internal(set) var plan = WatchPlan()
    /// Grows whenever ``plan`` may have become another one.
    package internal(set) var planVersion = 0

    // Letting go.
    var lastKeeping: UInt64?
    var heldBytes = 0
    var isHoldingReported = false

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

        init(_ status: FileStatus) { self.init(device: status.device, inode: status.inode) }
        init(_ state: SourceState) { self.init(device: state.device, inode: state.inode) }
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
        groups = inputs.map { FileGroup($0) }
        nextSource = nextID
        self.ownDirectories = ownDirectories
        self.ownFiles = ownFiles
        self.options = options
        buffer = .allocate(byteCount: options.chunkBytes, alignment: 16)
    }

    deinit {
        buffer.deallocate()
    }

    /// Files that the next round looks at, whatever changes.
    package var activeFiles: Int { active.count }

    /// Takes what a watcher tells; the next round looks there.
    package func note(_ changes: FileChanges) { self.changes.add(changes) }

    /// Takes which directories of ``plan`` are watched from now on.
    package func watches(_ result: WatchResult) {
        // What happened before there was a watch was not told.
        if result.hasNew || unwatched == nil { changes.isUnclear = true }
        if result.unwatched == unwatched { return }
        unwatched = result.unwatched
        for file in files {
            file.isWatched = isWatched(file)
            if !file.isWatched { activate(file) }
        }
    }

    /// One round: looks where something has changed, or everywhere when it is time, then reads at most one run of bytes
    /// of each file that may have some.
    ///
    /// - Parameters:
    ///   - now: the monotonic clock, nanoseconds.
    ///   - consumer: gets the bytes.
    /// - Returns: what was done, and whether to come again at once.
    package func poll(at now: UInt64, _ consumer: any FollowConsumer) -> FollowRound {
        lookUpNames(at: now, consumer)
        var round = FollowRound()
        // Another file is the first one each time, so that none starves when there is little room. Reading may add and
        // drop files: those of the beginning are gone through.
        let snapshot = active
        let start = snapshot.isEmpty ? 0 : firstFile % snapshot.count
        for step in snapshot.indices {
            let file = snapshot[start + step < snapshot.count ? start + step : start + step - snapshot.count]
            if file.isDropped || !isDue(file, at: now) { continue }
            if round.isPaused {
                // It may be gone before there is room.
                if file.handle == nil { hold(file, at: now, consumer) }
                if !file.isDropped { account(file) }
                continue
            }
            read(file, at: now, consumer, &round)
            if !file.isDropped {
                account(file)
                if canRest(file) { deactivate(file) }
            }
        }
        firstFile &+= 1
        keep(at: now, consumer)
        round.files = files.count
        round.openFiles = openFiles
        round.unreadBytes = unreadBytes
        round.heldBytes = heldBytes
        return round
    }

    /// Whether a file that is looked at in each round is looked at in this one.
    private func isDue(_ file: FollowedFile, at now: UInt64) -> Bool {
        if let failure = file.failure { return now >= failure.retryAt }
        // Where nothing is told, those that have been quiet for a while are looked at less often.
        if file.isWatched || file.seen == nil || now &- file.changedAt < 10 * options.quietInterval { return true }
        return now &- file.lookedAt >= options.quietInterval
    }

    /// Whether nothing need be looked at until something changes.
    private func canRest(_ file: FollowedFile) -> Bool {
        if !file.isWatched || file.seen == nil || file.isSuspect || file.failure != nil { return false }
        if file.isRotated, file.handle != nil { return false }
        return file.profile.quietDelay == nil || file.wasQuiet || file.state.offset >= file.size
    }

    // MARK: The files

    func isOwn(_ path: String) -> Bool {
        ownDirectories.contains { path == $0 || path.hasPrefix($0 + "/") }
    }

    func takeID() -> UInt64 {
        defer { nextSource += 1 }
        return nextSource
    }

    /// The group of a path: the first one that includes it, or the first at all; nil when there is none.
    func group(of path: String) -> FileGroup? {
        groups.first { $0.input.include.contains { $0.matches(path) } } ?? groups.first
    }

    @discardableResult
    func add(_ state: SourceState, _ location: String, _ group: FileGroup, _ now: UInt64) -> FollowedFile {
        let file = FollowedFile(state, at: location, links: links(of: state.path), group: group, now: now)
        file.index = files.count
        files.append(file)
        byPath[state.path, default: []].append(file)
        byIdentity[FileID(state)] = file
        for link in file.links { linked[link, default: []].insert(state.path) }
        file.isWatched = isWatched(file)
        activate(file)
        return file
    }

    func remove(_ file: FollowedFile) {
        file.isDropped = true
        deactivate(file)
        file.size = file.state.offset
        account(file)
        forgetPath(of: file)
        files.swapAt(file.index, files.count - 1)
        files[file.index].index = file.index
        files.removeLast()
        if byIdentity[FileID(file.state)] === file { byIdentity[FileID(file.state)] = nil }
        if file.handle != nil { openFiles -= 1 }
        // Those that are too many have their turn.
        if waiting > 0 { changes.isUnclear = true }
    }

    func drop(_ file: FollowedFile, _ consumer: any FollowConsumer) {
        settle(file)
        remove(file)
        file.handle = nil
        consumer.forgotten(file.state.id)
    }

    /// Gives a file another path.
    func setPath(_ path: String, of file: FollowedFile) {
        forgetPath(of: file)
        file.state.path = path
        byPath[path, default: []].append(file)
    }

    private func forgetPath(of file: FollowedFile) {
        let path = file.state.path
        byPath[path]?.removeAll { $0 === file }
        guard byPath[path]?.isEmpty ?? false else { return }
        byPath[path] = nil
        for link in file.links {
            linked[link]?.remove(path)
            if linked[link]?.isEmpty ?? false { linked[link] = nil }
        }
    }

    /// Where the symbolic links behind a path lead, one after the other.
    private func links(of path: String) -> [String] {
        var links: [String] = []
        // As many as a system follows in practice; a loop has no file at its end.
        while links.count < 8, let next = FileSystem.linkTarget(links.last ?? path) { links.append(next) }
        return links
    }

    func isWatched(_ file: FollowedFile) -> Bool {
        guard let unwatched else { return false }
        let directory = file.directory
        return plan.directories.contains(directory) && !unwatched.contains(directory)
    }

    func activate(_ file: FollowedFile) {
        if file.activeIndex >= 0 { return }
        file.activeIndex = active.count
        active.append(file)
    }

    private func deactivate(_ file: FollowedFile) {
        guard file.activeIndex >= 0 else { return }
        active.swapAt(file.activeIndex, active.count - 1)
        active[file.activeIndex].activeIndex = file.activeIndex
        active.removeLast()
        file.activeIndex = -1
    }

    private func account(_ file: FollowedFile) {
        let unread = max(0, file.size - file.state.offset)
        unreadBytes += unread - file.countedUnread
        file.countedUnread = unread
    }

    func setHandle(_ handle: FileHandle?, of file: FollowedFile) {
        openFiles += (handle == nil ? 0 : 1) - (file.handle == nil ? 0 : 1)
        file.handle = handle
        // It is read again from the file when it is opened.
        if handle == nil { file.prefix = [] }
    }
}
