/// Stretches of time that a wide query is answered in, one after the other. Pure.
///
/// They end where few blocks reach over the end, for such a block is read on both sides of it. The first is short, so that
/// its rows come soon; the others get longer, so that there are not many.
package struct TimeSlices: Sendable, Equatable {
    /// What is known of a block without reading it.
    package struct Block: Sendable, Equatable {
        /// Its earliest and latest time, nanoseconds.
        package var times: ClosedRange<Int64>
        /// Its rows.
        package var rows: Int

        /// Describes a block.
        package init(times: ClosedRange<Int64>, rows: Int) {
            self.times = times
            self.rows = rows
        }
    }

    /// One stretch.
    package struct Slice: Sendable, Equatable {
        /// Nanoseconds. The slices cover all of the query's time, and no moment twice.
        package var times: ClosedRange<Int64>
        /// Rows of the blocks that no slice before has to read.
        package var rows: Int
    }

    /// Rows after which slices get no longer.
    private static let mostRows = 4 << 20

    /// In the order in which they are looked at.
    package private(set) var slices: [Slice] = []

    /// Cuts a stretch of time.
    ///
    /// - Parameters:
    ///   - blocks: in any order.
    ///   - bounds: the time.
    ///   - order: which end comes first; the time stays whole where rows have no order.
    ///   - firstRows: rows of the first slice, about.
    /// - Complexity: O(n log n) in the number of blocks.
    package init(_ blocks: [Block], within bounds: ClosedRange<Int64>, order: RowOrder, firstRows: Int) {
        let known = blocks.filter { $0.times.overlaps(bounds) }
        switch order {
        case .any: slices = [Slice(times: bounds, rows: known.reduce(0) { $0 + $1.rows })]
        case .newestFirst: slices = Self.cut(known, bounds, max(1, firstRows))
        case .oldestFirst:
            // The same with time turned round; `~` does that without overflow.
            func turned(_ times: ClosedRange<Int64>) -> ClosedRange<Int64> { ~times.upperBound ... ~times.lowerBound }
            let mirrored = known.map { Block(times: turned($0.times), rows: $0.rows) }
            slices = Self.cut(mirrored, turned(bounds), max(1, firstRows)).map {
                Slice(times: turned($0.times), rows: $0.rows)
            }
        }
    }

    /// The newest slice first.
    private static func cut(_ blocks: [Block], _ bounds: ClosedRange<Int64>, _ firstRows: Int) -> [Slice] {
        let byEnd = blocks.sorted { $0.times.upperBound > $1.times.upperBound }
        let byStart = blocks.sorted { $0.times.lowerBound > $1.times.lowerBound }
        var slices: [Slice] = []
        var (top, target) = (bounds.upperBound, firstRows)
        // Rows of blocks in this slice that were in none before; of all so far; of those that lie wholly behind the cut.
        var (fresh, taken, closed, nextClosed) = (0, 0, 0, 0)
        for (index, block) in byEnd.enumerated() {
            fresh += block.rows
            taken += block.rows
            guard fresh >= target, index + 1 < byEnd.count else { continue }
            let cut = byEnd[index + 1].times.upperBound
            guard cut < top, cut < block.times.upperBound, cut >= bounds.lowerBound else { continue }
            while nextClosed < byStart.count, byStart[nextClosed].times.lowerBound > cut {
                closed += byStart[nextClosed].rows
                nextClosed += 1
            }
            let open = taken - closed
            guard open <= fresh / (fresh >= 4 * target ? 2 : 4) else { continue }
            slices.append(Slice(times: (cut + 1)...top, rows: fresh))
            (top, fresh) = (cut, 0)
            target = min(2 * target, max(mostRows, firstRows))
        }
        slices.append(Slice(times: bounds.lowerBound...top, rows: fresh))
        return slices
    }
}
