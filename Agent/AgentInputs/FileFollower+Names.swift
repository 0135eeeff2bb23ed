import AgentPipeline
import SystemIO

/// Which files there are, and what their names are now.
extension FileFollower {
    /// Makes the next round look up all names, because something has told that they changed.
    package func namesMayHaveChanged() { changes.isUnclear = true }

    /// Looks up the names that have changed, or all of them.
    func lookUpNames(at now: UInt64, _ consumer: any FollowConsumer) {
        let isPolling = unwatched.map { !$0.isEmpty } ?? true
        // A look must not take all the time when there are many files.
        let least = min(UInt64(clamping: files.count) * 100_000, options.fullLookInterval)
        let usual = isPolling ? max(options.scanInterval, least) : options.fullLookInterval
        let since = lastLook.map { now &- $0 }
        if since.map({ $0 >= usual || (changes.isUnclear && $0 >= least) }) ?? true {
            changes = FileChanges()
            lastLook = now
            lookAtAll(at: now, consumer)
            return
        }
        let (written, named) = (changes.written, changes.named)
        changes.written = []
        changes.named = []
        for path in written {
            guard let known = byPath[path] else {
                lookAt(path, at: now, consumer)
                continue
            }
            for file in known {
                activate(file)
                noteSize(of: file)
            }
        }
        for path in named { lookAt(path, at: now, consumer) }
        lookForSuccessors(onlyMarked: true, at: now, consumer)
    }

    private func lookAtAll(at now: UInt64, _ consumer: any FollowConsumer) {
        for file in files {
            file.isMatched = false
            file.isSighted = false
        }
        plan = WatchPlan()
        let before = waiting
        waiting = 0
        for group in groups {
            for pattern in group.input.include {
                for path in pattern.find(limit: options.fileLimit * 2, plan: &plan)
                where !isOwn(path) && !group.input.exclude.contains(where: { $0.matches(path) }) {
                    discover(path, group, at: now, consumer)
                }
            }
        }
        for file in files { plan.addLinks(of: file) }
        planVersion += 1
        resolveRest(at: now, consumer)
        forgetOld(at: now, consumer)
        for file in Array(files) where !file.isSighted {
            if !file.isRotated { lookForRotation(file, at: now, consumer) }
            if !file.isDropped { activate(file) }
        }
        lookForSuccessors(onlyMarked: false, at: now, consumer)
        if waiting > 0, before == 0 {
            consumer.report(.tooManyFiles(limit: options.fileLimit, waiting: waiting))
        }
    }

    /// Looks at one name that has changed.
    private func lookAt(_ path: String, at now: UInt64, _ consumer: any FollowConsumer) {
        if isOwn(path) { return }
        for origin in linked[path] ?? [] where origin != path { lookAt(origin, at: now, consumer) }
        // What cannot be looked up is not there for us; the next look at everything says why.
        let status = (try? FileSystem.status(path)) ?? nil
        for file in byPath[path] ?? [] where !file.isRotated {
            activate(file)
            if status.map({ !file.isSame($0) }) ?? true { lookForRotation(file, at: now, consumer) }
        }
        if let status {
            // A symbolic link to a directory.
            if status.kind == .directory { return changes.isUnclear = true }
            if let group = groups.first(where: { $0.input.covers(path) }) {
                discover(path, group, at: now, consumer)
            } else if let known = byIdentity[FileID(status)], isStill(known, path, status, consumer) {
                // Any other name than that of a rotation is none of ours.
                if known.isRotationName(path), known.location != path, !isAt(known, known.location) {
                    move(known, to: path)
                }
                activate(known)
            }
        }
        if !originals(of: path).isEmpty { mark(FileSystem.parent(of: path)) }
    }

    private func discover(_ path: String, _ group: FileGroup, at now: UInt64, _ consumer: any FollowConsumer) {
        let status: FileStatus
        do throws(IOError) {
            guard let found = try FileSystem.status(path) else { return }
            status = found
        } catch {
            leaveOut(path, error.description, consumer)
            return
        }
        guard status.kind == .file else {
            if status.kind == .other { leaveOut(path, "it is a pipe, a socket or a device", consumer) }
            return
        }
        let identity = FileID(status)
        if ownFiles.contains(identity) { return }
        if let known = byIdentity[identity], isStill(known, path, status, consumer) {
            known.isMatched = true
            if known.location == path {
                known.isSighted = true
                // Its directory has come back.
                if path == known.state.path { known.isRotated = false }
                if known.handle == nil, !known.isPacked { known.size = status.size }
                if known.seen == FileStamp(status) { known.caughtUpAt = now } else { activate(known) }
            } else if !isAt(known, known.location) {
                move(known, to: path)
                activate(known)
            }
            return
        }
        if let known = resumeUnresolved(status, path, group, at: now, consumer) {
            known.isMatched = true
            known.isSighted = true
            return
        }
        if files.count >= options.fileLimit {
            waiting += 1
            return
        }
        let isFirst = planVersion == 0
        let state = SourceState(id: takeID(), path: path, device: status.device, inode: status.inode)
        let file = add(state, path, group, now)
        file.size = status.size
        file.isMatched = true
        file.isSighted = true
        let age = SystemClock.wallNanos() &- status.modifiedNanos
        let isOld = group.input.treatment.ignoreOlder.map { age >= Int64(clamping: $0) } ?? false
        if isOld || (isFirst && options.isFirstRun && group.input.treatment.startsAtEnd) {
            skip(file, consumer)
        } else {
            consumer.report(.started(path: path, offset: 0))
        }
    }

    /// Takes down how much there is in a closed file: it may be gone before there is room for it.
    private func noteSize(of file: FollowedFile) {
        guard file.handle == nil, !file.isPacked, let status = (try? FileSystem.status(file.location)) ?? nil,
            file.isSame(status)
        else { return }
        file.size = status.size
    }

    /// Tells once that something is not read.
    func leaveOut(_ path: String, _ reason: String, _ consumer: any FollowConsumer) {
        // The bound only costs that something is told again.
        if leftOut.count >= 10_000 { leftOut.removeAll() }
        if leftOut.insert(path).inserted { consumer.report(.leftOut(path: path, reason: reason)) }
    }

    /// Whether what was found under a path is the known file with its inode, and no other that has been given the inode
    /// since. The known one is forgotten then.
    func isStill(
        _ file: FollowedFile, _ path: String, _ status: FileStatus, _ consumer: any FollowConsumer
    ) -> Bool {
        // While it is open its inode cannot be given away.
        if file.handle != nil { return true }
        let isPacked = file.isPacked
        if !isPacked, file.seen == FileStamp(status) || (!file.isRotated && file.location == path) { return true }
        do throws(IOError) {
            let handle = try FileHandle(path, isPacked: isPacked)
            if !isPacked || isPackedName(path), case .same = try checkPrefix(handle, file.state) {
                if isPacked { return true }
                let now = try handle.status()
                if file.isSame(now), now.size >= file.state.offset, !file.isRotated || file.isRotationName(path) {
                    return true
                }
            }
        } catch {
            // Reading it will tell, when it can be opened.
            if !error.isMissing, !(isPacked && error.isDamage) { return true }
        }
        reportUnread(of: file, consumer)
        remove(file)
        consumer.forgotten(file.state.id)
        return false
    }

    /// A file was found under another name. One that a rotation gives leaves it what it was; any other is its path now.
    private func move(_ file: FollowedFile, to path: String) {
        file.location = path
        if !file.isRotationName(path) {
            setPath(path, of: file)
            file.isRotated = false
        }
        file.isWatched = isWatched(file)
    }

    /// Whether the path still names the file.
    func isAt(_ file: FollowedFile, _ path: String) -> Bool {
        guard let status = (try? FileSystem.status(path)) ?? nil else { return false }
        return file.isSame(status)
    }

    private func lookForRotation(_ file: FollowedFile, at now: UInt64, _ consumer: any FollowConsumer) {
        if file.isDropped || (file.location == file.state.path && isAt(file, file.location)) { return }
        if file.handle == nil, !reopen(file, at: now, consumer) { return }
        file.isRotated = true
        file.changedAt = now
        activate(file)
        consumer.report(.rotated(path: file.state.path))
    }

    /// Paths next to `path`, and next to where its symbolic links lead, that a rotation may have made of it.
    func rotationNames(of path: String, links: [String] = []) -> [String] {
        var found: [String] = []
        for place in [path] + links {
            let directory = FileSystem.parent(of: place)
            let base = baseName(place)
            let names = names(in: directory)
            // The names are sorted by their bytes, so those of one rotation stand together.
            var index = names.partitioningIndex { !$0.utf8.lexicographicallyPrecedes(base.utf8) }
            while index < names.count, names[index].hasPrefix(base) {
                if isRotationName(names[index], of: base) {
                    found.append(directory == "/" ? "/\(names[index])" : "\(directory)/\(names[index])")
                }
                index += 1
            }
        }
        return found
    }

    /// A directory that cannot be read has nothing for us.
    private func names(in directory: String) -> [String] {
        if let known = listings?[directory] { return known }
        let names = (try? FileSystem.list(directory)) ?? []
        if listings != nil { listings?[directory] = names }
        return names
    }
}

extension WatchPlan {
    /// Adds the places that decide about a file which was found through symbolic links.
    fileprivate mutating func addLinks(of file: FollowedFile) {
        for link in file.links { directories.insert(FileSystem.parent(of: link)) }
    }
}

extension Array {
    /// The index of the first element for which `isInSecond` is so; it is so for all behind it.
    func partitioningIndex(_ isInSecond: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isInSecond(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
