package import AgentPipeline

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
        self.inputs = inputs
        for file in files where !file.isRotated {
            if let input = input(for: file.state.path) {
                file.profile = input.profile
            } else {
                remove(file)
                parked.append(file.state)
            }
        }
        let wanted = parked.filter { input(for: $0.path) != nil }
        parked.removeAll { state in wanted.contains { $0.id == state.id } }
        // They may have been rotated meanwhile, as while the agent was not running.
        resume(wanted, at: now, consumer)
        if parked.count > options.fileLimit { parked.removeFirst(parked.count - options.fileLimit) }
        namesMayHaveChanged()
    }

    /// Hands out every file that is followed, with its size as far as known.
    package func forEachFile(_ take: (_ state: SourceState, _ size: Int) -> Void) {
        for file in files { take(file.state, file.size) }
    }

    func input(for path: String) -> FileInput? {
        inputs.first { input in
            input.include.contains { $0.matches(path) } && !input.exclude.contains { $0.matches(path) }
        }
    }
}
