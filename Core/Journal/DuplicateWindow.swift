/// Which numbered batches have been seen, in bounded memory.
///
/// For each agent and epoch it keeps the numbers seen as ranges: usually one, from 1 to the highest; each number that
/// an agent left out adds one. At the bounds:
/// - more than ``Limits/maxRanges`` ranges of one agent: the lowest gap is closed, and numbers in it count as seen.
///   An agent would have to leave out that many numbers and then send the oldest of them to be refused wrongly.
/// - more than ``JournalLimits/maxWindowRanges`` ranges of all agents: the same, for the agent heard last.
/// - more than ``Limits/maxAgents`` agents: those that have not been heard for the longest time are forgotten, a 64th of
///   them at once; a batch that they send again would be stored twice.
///
/// It depends only on the records inserted, in their order, so it is the same after rebuilding it from the journal.
package struct DuplicateWindow: Sendable, Equatable {
    /// The bounds.
    package struct Limits: Sendable, Equatable {
        /// Ranges kept for one agent and epoch.
        package var maxRanges: Int
        /// Pairs of agent and epoch kept.
        package var maxAgents: Int
        /// Sets the bounds; each is at least 1, and agents at most ``JournalLimits/maxWindowAgents``.
        package init(maxRanges: Int = 4096, maxAgents: Int = 65_536) {
            self.maxRanges = max(1, maxRanges)
            self.maxAgents = min(max(1, maxAgents), JournalLimits.maxWindowAgents)
        }
    }

    struct Key: Hashable, Sendable {
        var tenant: String
        var agent: String
        var epoch: UInt64
    }

    struct Seen: Sendable, Equatable {
        /// Ascending, with at least one number between any two.
        var ranges: [ClosedRange<UInt64>]
        /// The journal position of the last batch: who has the lowest is forgotten first.
        var lastPosition: JournalPosition
    }

    /// The bounds.
    package let limits: Limits
    var seen: [Key: Seen] = [:]
    /// Ranges of all agents.
    var rangeCount = 0
    /// Gaps closed because of ``Limits/maxRanges``.
    package internal(set) var gapsClosed: UInt64 = 0
    /// Agents forgotten because of ``Limits/maxAgents``.
    package internal(set) var agentsForgotten: UInt64 = 0

    /// Makes an empty window.
    package init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Pairs of agent and epoch known at present.
    package var agentCount: Int { seen.count }

    /// The highest number up to which every batch of this agent and epoch has been seen; 0 when the first has not.
    package func highestContiguous(of identity: BatchIdentity) -> UInt64 {
        guard let first = seen[Key(identity)]?.ranges.first, first.lowerBound <= 1 else { return 0 }
        return first.upperBound
    }

    /// Whether the batch has been inserted before.
    ///
    /// - Complexity: O(log ranges)
    package func isDuplicate(_ identity: BatchIdentity) -> Bool {
        guard let ranges = seen[Key(identity)]?.ranges else { return false }
        let index = Self.indexOfFirst(endingAtOrAfter: identity.sequence, in: ranges)
        return index < ranges.count && ranges[index].contains(identity.sequence)
    }

    /// Marks a batch as seen; it was stored at `position`, which must grow from call to call.
    ///
    /// - Complexity: O(log ranges) for numbers in order; when agents must be forgotten, O(agents) once for a 64th of them.
    package mutating func insert(_ identity: BatchIdentity, at position: JournalPosition) {
        let key = Key(identity)
        if seen[key] == nil, seen.count >= limits.maxAgents { forgetOldest() }
        // Taking the value out keeps its array uniquely referenced, so that it is changed in place.
        var entry = seen.removeValue(forKey: key) ?? Seen(ranges: [], lastPosition: position)
        entry.lastPosition = position
        rangeCount -= entry.ranges.count
        Self.insert(identity.sequence, into: &entry.ranges)
        let room = JournalLimits.maxWindowRanges - rangeCount
        if entry.ranges.count > 1, entry.ranges.count > min(limits.maxRanges, room) {
            entry.ranges[1] = entry.ranges[0].lowerBound...entry.ranges[1].upperBound
            entry.ranges.removeFirst()
            gapsClosed += 1
        }
        rangeCount += entry.ranges.count
        seen[key] = entry
    }

    private mutating func forgetOldest() {
        let count = max(1, limits.maxAgents / 64)
        if count == 1 {
            guard let oldest = seen.min(by: { $0.value.lastPosition < $1.value.lastPosition }) else { return }
            return forget(oldest.key)
        }
        // Positions are different for each, so the same are forgotten whatever the order of the dictionary.
        let positions = seen.values.map(\.lastPosition).sorted()
        let bound = positions[min(count, positions.count) - 1]
        for key in seen.filter({ $0.value.lastPosition <= bound }).map(\.key) { forget(key) }
    }

    private mutating func forget(_ key: Key) {
        guard let entry = seen.removeValue(forKey: key) else { return }
        rangeCount -= entry.ranges.count
        agentsForgotten += 1
    }

    private static func insert(_ number: UInt64, into ranges: inout [ClosedRange<UInt64>]) {
        let index = indexOfFirst(endingAtOrAfter: number, in: ranges)
        if index < ranges.count, ranges[index].contains(number) { return }
        // No overflow: a range before ends below `number`, one behind begins above it.
        let joinsBefore = index > 0 && ranges[index - 1].upperBound + 1 == number
        let joinsAfter = index < ranges.count && ranges[index].lowerBound == number + 1
        switch (joinsBefore, joinsAfter) {
        case (true, true):
            ranges[index - 1] = ranges[index - 1].lowerBound...ranges[index].upperBound
            ranges.remove(at: index)
        case (true, false): ranges[index - 1] = ranges[index - 1].lowerBound...number
        case (false, true): ranges[index] = number...ranges[index].upperBound
        case (false, false): ranges.insert(number...number, at: index)
        }
    }

    private static func indexOfFirst(endingAtOrAfter number: UInt64, in ranges: [ClosedRange<UInt64>]) -> Int {
        // Numbers arrive in order nearly always: look at the end first.
        if let last = ranges.last, last.upperBound < number { return ranges.count }
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension DuplicateWindow.Key {
    init(_ identity: BatchIdentity) {
        self.init(tenant: identity.tenant, agent: identity.agent, epoch: identity.epoch)
    }
}
