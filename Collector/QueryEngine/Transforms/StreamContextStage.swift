internal import LogModel
internal import QueryLanguage
internal import StoreFormat

/// `stream_context`: the events around each event in its stream. Two passes over the blocks: the first finds the times
/// of the neighbours, the second reads the rows. Events of one stream at the same nanosecond come together.
final class StreamContextStage: RowStage {
    private let pipe: StreamContextPipe
    private let next: any RowStage
    private let scope: QueryScope
    /// Times of the events by the text of their stream.
    private var found: [[UInt8]: Set<Int64>] = [:]
    private var count = 0
    private let foundTimes: MemoryClaim
    private let allTimes: MemoryClaim
    private let rows: MemoryClaim

    init(_ pipe: StreamContextPipe, _ next: any RowStage, _ scope: QueryScope) {
        self.pipe = pipe
        self.next = next
        self.scope = scope
        foundTimes = MemoryClaim(scope.options.budget)
        allTimes = MemoryClaim(scope.options.budget)
        rows = MemoryClaim(scope.options.budget)
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        guard case .times(let times)? = block.column(FieldName.time), let streams = block.column(FieldName.stream)
        else {
            return true
        }
        for row in block.rows where found[streams.value(at: row) ?? [], default: []].insert(times[row]).inserted {
            count += 1
        }
        try hold(count * 32, foundTimes)
        return true
    }

    private func hold(_ bytes: Int, _ claim: MemoryClaim) throws(ExecutionError) {
        try claim.set(bytes, "the surroundings of \(count) events", "narrow the filter, or lower `time_window`")
    }

    func finish() throws(ExecutionError) {
        let ranges = try chunks()
        var gathered: [[UInt8]: [(time: Int64, block: Int, row: Int)]] = [:]
        var blocks: [ResultBlock] = []
        var bytes = 0
        try readAll([]) { block, times, streams throws(ExecutionError) in
            var kept = block
            kept.rows = block.rows.filter { row in
                (ranges[streams.value(at: row) ?? []] ?? []).contains { $0.contains(times[row]) }
            }
            if kept.rows.isEmpty { return }
            let compact = kept.compacted()
            bytes += compact.memoryBytes
            try self.hold(bytes, self.rows)
            for (place, row) in kept.rows.enumerated() {
                gathered[streams.value(at: row) ?? [], default: []].append((times[row], blocks.count, place))
            }
            blocks.append(compact)
        }
        let streams = ranges.sorted {
            ($0.value.first?.lowerBound ?? 0, $0.key.count) < ($1.value.first?.lowerBound ?? 0, $1.key.count)
        }
        let hasSeveral = ranges.reduce(0) { $0 + $1.value.count } > 1
        for (stream, ranges) in streams {
            let rows = (gathered[stream] ?? []).sorted { ($0.time, $0.block, $0.row) < ($1.time, $1.block, $1.row) }
            for range in ranges {
                let chunk = rows.filter { range.contains($0.time) }
                let picks = chunk.map { (block: $0.block, row: $0.row) }
                if try !next.process(.gathering(picks, from: blocks)) { return try next.finish() }
                if hasSeveral, let last = chunk.last, try !next.process(delimiter(behind: last.time, stream)) {
                    return try next.finish()
                }
            }
        }
        try next.finish()
    }

    private func delimiter(behind time: Int64, _ stream: [UInt8]) -> ResultBlock {
        let time = Timestamp(nanoseconds: time).adding(nanoseconds: 1)
        let table = ResultBlock.table([FieldName.stream, FieldName.message], [[stream, Array("---".utf8)]])
        return ResultBlock(fields: [.init(FieldName.time, .times([time.nanoseconds]))] + table.fields, rows: [0])
    }

    /// For each stream, the ranges of time to return, in order and apart from each other.
    private func chunks() throws(ExecutionError) -> [[UInt8]: [ClosedRange<Int64>]] {
        var times: [[UInt8]: [Int64]] = [:]
        var total = 0
        try readAll([.fields(FieldsPipe([FieldPattern(FieldName.time), FieldPattern(FieldName.stream)]))]) {
            block, moments, streams throws(ExecutionError) in
            for row in block.rows { times[streams.value(at: row) ?? [], default: []].append(moments[row]) }
            total += block.rows.count
            try self.hold(total * 16, self.allTimes)
        }
        var result: [[UInt8]: [ClosedRange<Int64>]] = [:]
        for (stream, matches) in found {
            let sorted = (times[stream] ?? []).sorted()
            var ranges: [ClosedRange<Int64>] = []
            for match in matches.sorted() {
                let first = sorted.partitioningIndex { $0 >= match }
                let last = sorted.partitioningIndex { $0 > match } - 1
                guard first <= last else { continue }
                var low = max(0, first - Int(clamping: pipe.before))
                var high = min(sorted.count - 1, last + min(Int(clamping: pipe.after), sorted.count))
                while low < first, match &- sorted[low] > pipe.window { low += 1 }
                while high > last, sorted[high] &- match > pipe.window { high -= 1 }
                // Events of one nanosecond come together: what touches the chunk before is before the first of them.
                let earliest = sorted[low]
                low = sorted.partitioningIndex { $0 >= earliest }
                // Neighbours of the chunk before belong to it.
                if let before = ranges.last,
                    sorted[low] <= before.upperBound || (low > 0 && sorted[low - 1] <= before.upperBound)
                {
                    ranges[ranges.count - 1] = before.lowerBound...max(before.upperBound, sorted[high])
                } else {
                    ranges.append(sorted[low]...sorted[high])
                }
            }
            result[stream] = ranges
        }
        return result
    }

    /// Reads all events of the streams around the times of the events.
    private func readAll(
        _ pipes: [Pipe], _ body: @escaping (ResultBlock, [Int64], ResultColumn) throws(ExecutionError) -> Void
    ) throws(ExecutionError) {
        let times = found.values.flatMap { $0 }
        guard let first = times.min(), let last = times.max() else { return }
        let low = Timestamp(nanoseconds: first).adding(nanoseconds: pipe.before > 0 ? -pipe.window : 0)
        let high = Timestamp(nanoseconds: last).adding(nanoseconds: pipe.after > 0 ? pipe.window : 0)
        let bounds = TimeFilter(
            .between(
                .calendar(CalendarPeriod(low)), includesLower: true, .calendar(CalendarPeriod(high)),
                includesUpper: true))
        let streams = found.keys.sorted { $0.lexicographicallyPrecedes($1) }.map { QueryText(bytes: $0) }
        var query = Query(filter: .and([.time(bounds), .field(FieldName.stream, .oneOf(streams))]), pipes: pipes)
        query.options.ignoresGlobalTimeFilter = true
        try scope.run(query) { block throws(ExecutionError) in
            guard case .times(let times)? = block.column(FieldName.time), let streams = block.column(FieldName.stream)
            else { return true }
            try body(block, times, streams)
            return true
        }
    }
}

extension [Int64] {
    /// The first index from which on `belongs` holds; the array is sorted by it.
    fileprivate func partitioningIndex(_ belongs: (Int64) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if belongs(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
