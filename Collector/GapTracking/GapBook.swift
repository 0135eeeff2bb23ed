/// The gaps that the collector knows of, bounded: of too many, old ones become one. None is forgotten. Pure.
package struct GapBook: Sendable, Equatable {
    /// Gaps that are kept apart by default.
    package static let maximumGaps = 10_000
    /// Losses of one kind and reason that are no further apart than this are one gap; nanoseconds.
    static let nearness: Int64 = 60_000_000_000
    /// The latest gaps that a loss may belong to.
    private static let lookedAt = 64

    /// The oldest first.
    package internal(set) var gaps: [Gap] = []
    /// The number of the next gap.
    package internal(set) var next: UInt64 = 1
    /// Gaps that became parts of others because there were too many.
    package internal(set) var joined: UInt64 = 0
    private let maximum: Int

    /// Knows nothing.
    ///
    /// - Parameter maximum: gaps that are kept apart, as many as there are kinds at least.
    package init(maximum: Int) {
        self.maximum = max(Gap.Kind.allCases.count, maximum)
    }

    /// Knows nothing.
    package init() { self.init(maximum: Self.maximumGaps) }

    /// Notes a loss: as a gap of its own, or as part of one that it belongs to.
    ///
    /// - Parameters:
    ///   - loss: what is known.
    ///   - now: nanoseconds of the wall clock.
    /// - Returns: false when it is known already.
    @discardableResult
    package mutating func note(_ loss: Gap.Loss, now: Int64) -> Bool {
        if let positions = loss.positions, gaps.contains(where: { $0.covers(positions) }) { return false }
        let latest = gaps.indices.suffix(Self.lookedAt).last { index in
            let known = gaps[index].loss
            return known.isLike(loss) && loss.positions == nil && known.positions == nil
                && Self.areNear(known.times, loss.times)
        }
        if let latest {
            gaps[latest].loss.join(loss)
            gaps[latest].reported = now
            return true
        }
        if gaps.count >= maximum { joinOldest() }
        gaps.append(Gap(number: next, loss: loss, reported: now))
        next &+= 1
        return true
    }

    /// The gaps that may have events of these times, the oldest first.
    package func gaps(within times: ClosedRange<Int64>) -> [Gap] { gaps.filter { $0.loss.times.overlaps(times) } }

    private static func areNear(_ left: ClosedRange<Int64>, _ right: ClosedRange<Int64>) -> Bool {
        if left.overlaps(right) { return true }
        let (low, high) =
            left.upperBound < right.lowerBound
            ? (left.upperBound, right.lowerBound) : (right.upperBound, left.lowerBound)
        let (distance, overflow) = high.subtractingReportingOverflow(low)
        return !overflow && distance <= nearness
    }

    /// Makes the oldest gap part of the next one that it is like, or else of the next one of its kind.
    private mutating func joinOldest() {
        // There are more gaps than kinds, so two of the oldest few are of one kind.
        for index in gaps.indices {
            let rest = gaps.indices[(index + 1)...]
            let other =
                rest.first { gaps[$0].loss.isLike(gaps[index].loss) }
                ?? rest.first { gaps[$0].loss.kind == gaps[index].loss.kind }
            guard let other else { continue }
            gaps[index].loss.join(gaps[other].loss)
            gaps[index].reported = max(gaps[index].reported, gaps[other].reported)
            gaps.remove(at: other)
            joined &+= 1
            return
        }
    }
}

extension Gap {
    fileprivate func covers(_ positions: ClosedRange<UInt64>) -> Bool {
        guard let own = loss.positions else { return false }
        return own.lowerBound <= positions.lowerBound && own.upperBound >= positions.upperBound
    }
}
