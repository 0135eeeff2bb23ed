package import AgentPipeline
import SystemIO

/// Going on by other inputs.
extension FileFollower {
    /// Follows other files from the next round on. Files that are asked for before and after stay open, and none of their
    /// bytes is read twice or passed over; those that are not asked for any more are left where they are, and rotated ones
    /// are still read to their ends.
    ///
    /// - Parameters:
    ///   - inputs: what to follow; the first group that matches a file decides about its profile.
    ///   - now: the monotonic clock, nanoseconds.
    ///   - consumer: hears of files that are followed again.
    package func replace(_ inputs: [FileInput], at now: UInt64, _ consumer: any FollowConsumer) {
        groups = inputs.map { FileGroup($0) }
        for file in Array(files) where !file.isRotated {
            if let group = coveringGroup(of: file.state.path) {
                file.group = group
            } else {
                remove(file)
                file.handle = nil
                if file.state.offset > 0 { parked.append(file.state) }
            }
        }
        let wanted = parked.filter { coveringGroup(of: $0.path) != nil }
        let ids = Set(wanted.map(\.id))
        parked.removeAll { ids.contains($0.id) }
        if parked.count > options.fileLimit { parked.removeFirst(parked.count - options.fileLimit) }
        // They may have been rotated meanwhile, as while the agent was not running.
        resume(wanted, at: now, consumer)
        // And others may have come and been rotated: their directories are looked into as at a start.
        for state in wanted { siblings[FileSystem.parent(of: state.path)] = nil }
        lastLook = nil
    }

    /// Hands out every file that is followed, with its size as far as known.
    package func forEachFile(_ take: (_ state: SourceState, _ size: Int) -> Void) {
        for file in files { take(file.state, file.size) }
    }

    /// The first group that covers a path; nil when the path is left out.
    func coveringGroup(of path: String) -> FileGroup? { groups.first { $0.input.covers(path) } }
}
