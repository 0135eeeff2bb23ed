/// What a segment is to a store that has its file.
package enum SegmentStanding: Equatable, Sendable {
    /// It counts: queries see it.
    case inUse
    /// It would count, but retention has taken it away.
    case expired
    /// The segment of this index has its place.
    case superseded(by: Int)
    /// Its bytes cannot be used.
    case unreadable
}

/// Which of the segments of a directory count. The one place of this rule, for who opens a store and for who checks one.
///
/// Of segments that share positions, those of the highest generation count that can be read, and among these the longest;
/// those that one of a higher generation speaks for altogether are superseded, whatever the catalog says. Others that
/// overlap all count: somebody put files together that do not belong together, and nothing is to be lost.
package struct SegmentStandings: Equatable, Sendable {
    /// A segment as the rule sees it.
    package struct Candidate: Equatable, Sendable {
        /// The name of its file; decides where all else is equal.
        package var name: String
        /// The journal positions that it speaks for.
        package var positions: ClosedRange<UInt64>
        /// See ``SegmentRecord/generation``.
        package var generation: Int
        /// What the catalog says; `live` when it does not know the segment.
        package var state: SegmentState
        /// Whether its bytes can be used.
        package var isReadable: Bool

        /// Describes a segment.
        package init(
            name: String, positions: ClosedRange<UInt64>, generation: Int, state: SegmentState, isReadable: Bool
        ) {
            self.name = name
            self.positions = positions
            self.generation = generation
            self.state = state
            self.isReadable = isReadable
        }
    }

    /// What each candidate is.
    package private(set) var all: [SegmentStanding]
    /// Indexes of those that count, or would, in the order of their positions.
    package private(set) var chosen: [Int] = []
    /// Indexes of those that are superseded, the highest generation first.
    package private(set) var superseded: [Int] = []
    /// Indexes of those that count, or would, and share positions with one that came before, the highest generation first.
    package private(set) var overlapping: [Int] = []

    /// Finds out what each is. The order of the candidates makes no difference.
    package init(_ candidates: [Candidate]) {
        all = candidates.map { $0.isReadable ? .inUse : .unreadable }
        for index in candidates.indices.filter({ candidates[$0].isReadable }).sorted(by: {
            Self.countsBefore(candidates[$0], candidates[$1])
        }) {
            let candidate = candidates[index]
            let place = Self.place(of: candidate, among: chosen, candidates)
            // Unless some overlap, only the nearest ones can.
            let others = overlapping.isEmpty ? chosen[max(0, place - 1)..<min(chosen.count, place + 1)] : chosen[...]
            if let heir = others.first(where: { Self.supersedes(candidates[$0], candidate) }) {
                all[index] = .superseded(by: heir)
                superseded.append(index)
                continue
            }
            if others.contains(where: { candidates[$0].positions.overlaps(candidate.positions) }) {
                overlapping.append(index)
            }
            chosen.insert(index, at: place)
            if case .expired = candidate.state { all[index] = .expired }
        }
    }

    /// How many of the chosen begin at or before a segment.
    private static func place(of segment: Candidate, among chosen: [Int], _ candidates: [Candidate]) -> Int {
        var (low, high) = (0, chosen.count)
        while low < high {
            let middle = (low + high) / 2
            if candidates[chosen[middle]].positions.lowerBound > segment.positions.lowerBound {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return low
    }

    private static func supersedes(_ heir: Candidate, _ other: Candidate) -> Bool {
        heir.generation > other.generation && heir.positions.lowerBound <= other.positions.lowerBound
            && heir.positions.upperBound >= other.positions.upperBound
    }

    private static func countsBefore(_ left: Candidate, _ right: Candidate) -> Bool {
        if left.generation != right.generation { return left.generation > right.generation }
        let length = left.positions.upperBound - left.positions.lowerBound
        let other = right.positions.upperBound - right.positions.lowerBound
        if length != other { return length > other }
        return left.name < right.name
    }
}
