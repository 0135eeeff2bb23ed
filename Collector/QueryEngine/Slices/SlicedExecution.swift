import LogModel
package import QueryLanguage
package import StoreFormat

/// How far a query in slices is: told at the end of each slice.
package struct SlicedProgress: Sendable {
    /// The times that have been looked at.
    package var done: ClosedRange<Int64>
    /// Behind this place comes what has not been looked at.
    package var place: RowCursor
    /// Which part of the rows that may have to be looked at: 0 to 1.
    package var share: Double
    /// The same when the next slice is done.
    package var nextShare: Double
    /// Rows of the next slice that are new to the query.
    package var nextRows: Int
    /// What was done so far.
    package var summary: ExecutionSummary
}

/// Runs a query that only selects rows, slice of time by slice of time, in the order that is asked for: its first rows are
/// known long before the last block has been read.
///
/// Hits are those behind `options.after`. Rows that belong behind times which a limit left out are not handed on, so that
/// whoever goes on in front of these times gets each row once.
///
/// - Parameters:
///   - query: filters, without pipes that change rows.
///   - blocks: the blocks of a snapshot, the oldest arrivals first.
///   - options: bounds, order and limits.
///   - firstRows: rows of the blocks of the first slice, about.
///   - onSlice: hears of each slice at its end; false ends the query.
///   - emit: gets the rows; false ends the query.
/// - Returns: what was done in all slices.
/// - Throws: ``ExecutionError`` when the query is cancelled or needs too much memory.
package func executeInSlices(
    _ query: Query, on blocks: [any BlockSource], _ options: ExecutionOptions, firstRows: Int,
    onSlice: (SlicedProgress) -> Bool, emit: @escaping (ResultBlock) -> Bool
) throws(ExecutionError) -> ExecutionSummary {
    var options = options
    options.isResumable = true
    guard let bounds = sliceBounds(query, options) else { return try execute(query, on: blocks, options, emit: emit) }
    // Queries inside are answered once.
    let order: RowOrder = query.readsOtherTimes ? .any : options.order
    let slices = TimeSlices(
        blocks.map { TimeSlices.Block(times: $0.timeBounds, rows: $0.rowCount) }, within: bounds, order: order,
        firstRows: firstRows
    ).slices
    let all = max(1, slices.reduce(0) { $0 + $1.rows })
    let emitted = Emitted(emit)
    var whole = ExecutionSummary()
    var doneRows = 0
    for (index, slice) in slices.enumerated() {
        try options.checkCancelled()
        var part = options
        part.limit = options.limit.map { max(0, $0 - emitted.rows) }
        if part.limit == 0, options.limit != 0, !options.countsHits { break }
        if slices.count > 1 {
            part.from = slice.times.lowerBound == .min ? nil : Timestamp(nanoseconds: slice.times.lowerBound)
            part.to = slice.times.upperBound == .max ? nil : Timestamp(nanoseconds: slice.times.upperBound + 1)
        }
        let summary = try execute(query, on: blocks.filter { $0.timeBounds.overlaps(slice.times) }, part) {
            emitted.take($0)
        }
        whole.add(summary)
        doneRows += slice.rows
        if let skipped = summary.skipped {
            let rest = slices[(index + 1)...].map(\.times)
            whole.skipped = SkippedTimes(skipped.reason, skipped.intervals + rest, within: bounds)
            break
        }
        if emitted.hasEnded { break }
        let next = index + 1 < slices.count ? slices[index + 1].rows : 0
        let isNewestFirst = options.order == .newestFirst
        let progress = SlicedProgress(
            done: isNewestFirst
                ? slice.times.lowerBound...bounds.upperBound : bounds.lowerBound...slice.times.upperBound,
            // No row has the id 0.
            place: isNewestFirst
                ? RowCursor(time: slice.times.lowerBound, id: 0) : RowCursor(time: slice.times.upperBound, id: .max),
            share: index + 1 == slices.count ? 1 : Double(doneRows) / Double(all),
            nextShare: Double(doneRows + next) / Double(all), nextRows: next, summary: whole)
        if !onSlice(progress) { break }
    }
    return whole
}

/// The times that are left to look at; nil when there are none.
private func sliceBounds(_ query: Query, _ options: ExecutionOptions) -> ClosedRange<Int64>? {
    let own = query.readsOtherTimes ? Int64.min...Int64.max : query.timeBounds(now: options.now)
    guard let own else { return nil }
    var low = max(own.lowerBound, options.from?.nanoseconds ?? .min)
    var high = min(own.upperBound, options.to.map { $0.adding(nanoseconds: -1).nanoseconds } ?? .max)
    switch options.order {
    case .newestFirst: high = min(high, options.after?.time ?? .max)
    case .oldestFirst: low = max(low, options.after?.time ?? .min)
    case .any: break
    }
    return low <= high ? low...high : nil
}

/// What has been handed on so far.
private final class Emitted {
    private(set) var rows = 0
    private(set) var hasEnded = false
    private let emit: (ResultBlock) -> Bool

    init(_ emit: @escaping (ResultBlock) -> Bool) {
        self.emit = emit
    }

    func take(_ block: ResultBlock) -> Bool {
        rows += block.rows.count
        if !emit(block) { hasEnded = true }
        return !hasEnded
    }
}

extension ExecutionSummary {
    /// Adds what was done in the next slice; what it skipped is for the caller to say.
    fileprivate mutating func add(_ next: ExecutionSummary) {
        hits += next.hits
        scannedRows += next.scannedRows
        knownRows += next.knownRows
        scannedBytes += next.scannedBytes
        prunedBlocks += next.prunedBlocks
        isComplete = isComplete && next.isComplete
        for gap in next.gaps where !gaps.contains(gap) { gaps.append(gap) }
        hasUnplacedGaps = hasUnplacedGaps || next.hasUnplacedGaps
        for block in next.unreadable where !unreadable.contains(where: { $0.ids == block.ids }) {
            if unreadable.count < Self.maxUnreadable {
                unreadable.append(block)
            } else {
                hasUnplacedGaps = true
            }
        }
        lastRow = next.lastRow ?? lastRow
    }
}
