internal import LogModel
internal import QueryLanguage
internal import StoreFormat

extension Scan {
    /// Counts the events of segments that lie wholly in the time of the query by their rollups, where that tells all
    /// that is asked.
    ///
    /// - Parameters:
    ///   - blocks: the blocks of the query.
    ///   - bounds: the times that it is about.
    /// - Returns: the blocks whose events have to be looked at.
    /// - Throws: ``ExecutionError`` when the query is cancelled or needs too much memory.
    mutating func countByRollups(
        _ blocks: [any BlockSource], _ bounds: ClosedRange<Int64>
    ) throws -> [any BlockSource] {
        guard let stats = output as? StatsStage, let pipe = stats.countingPipe, plan.limit == nil,
            let count = RollupCount(pipe, plan.selection)
        else { return blocks }
        var segments: [(reader: SegmentReader, places: [Int])] = []
        var known: [ObjectIdentifier: Int] = [:]
        for (place, block) in blocks.enumerated() {
            guard let reader = SegmentReader.holding(block) else { continue }
            let index = known[ObjectIdentifier(reader)] ?? segments.count
            if index == segments.count {
                known[ObjectIdentifier(reader)] = index
                segments.append((reader, []))
            }
            segments[index].places.append(place)
        }
        var counted: Set<Int> = []
        func left() -> [any BlockSource] { blocks.indices.filter { !counted.contains($0) }.map { blocks[$0] } }
        // The newest first, as blocks are looked at.
        for (reader, places) in segments.reversed() {
            let parts = places.map { blocks[$0] }
            guard
                parts.allSatisfy({
                    bounds.contains($0.timeBounds.lowerBound) && bounds.contains($0.timeBounds.upperBound)
                }), count.mayAnswer(parts), parts.count == reader.blocks.count
            else { continue }
            guard try mayGoOn(left()[...]) else { return [] }
            try streams.set(reader.streamBytes, "the streams of one segment", "narrow the time range")
            // One that cannot be read is no loss: the events tell the same.
            guard let rollup = try? reader.rollup(), let identities = try? reader.streams,
                let (block, counts) = count.rows(of: rollup, identities)
            else { continue }
            try stats.add(block, counts: counts)
            summary.hits += counts.reduce(0, +)
            counted.formUnion(places)
            options.trace?.countedByRollups(parts)
        }
        return left()
    }
}

/// A count of events by labels and intervals of time, with a filter that looks at labels alone.
struct RollupCount {
    private let keys: [StatsPipe.Key]
    private let filter: StreamTest
    /// Names that must be those of labels alone.
    private let names: Set<String>

    /// Nil when rollups cannot tell what is asked.
    init?(_ pipe: StatsPipe, _ selection: Filter) {
        for key in pipe.by {
            let isTime = key.field == FieldName.time && key.bucket != nil && key.bucket?.calendar == nil
            let isLabel = key.bucket == nil && (!FieldName.isReserved(key.field) || key.field == FieldName.stream)
            guard isTime || isLabel else { return nil }
        }
        var members = [selection]
        if case .and(let parts) = selection { members = parts }
        // What they say is in the bounds of the query.
        members.removeAll { if case .time = $0 { true } else { false } }
        guard let filter = StreamTest(.conjunction(members)) else { return nil }
        keys = pipe.by
        self.filter = filter
        names = filter.names.union(pipe.by.map(\.field).filter { !FieldName.isReserved($0) })
    }

    /// Whether no event of the blocks has a field that hides one of the labels.
    func mayAnswer(_ blocks: [any BlockSource]) -> Bool {
        names.isEmpty || blocks.allSatisfy { block in !names.contains { block.hasField($0) } }
    }

    /// The keys of each cell that counts, and how many events it has; nil when intervals are not made of the rollup's.
    func rows(of rollup: Rollup, _ streams: [StreamIdentity]) -> (block: ResultBlock, counts: [Int])? {
        let width = Double(rollup.minutes) * 60e9
        for bucket in keys.compactMap(\.bucket) {
            guard (bucket.size / width).rounded() == bucket.size / width, bucket.size >= width,
                (bucket.offset / width).rounded() == bucket.offset / width
            else { return nil }
        }
        let passes = streams.map { filter.passes($0) }
        let cells = rollup.cells.filter { passes[Int($0.stream)] }
        let fields = keys.map { key -> ResultBlock.Field in
            if key.field == FieldName.time {
                let times = cells.map { Rollup.times(of: $0.interval, minutes: rollup.minutes).lowerBound }
                return .init(key.field, .times(times))
            }
            let values = streams.map { key.field == FieldName.stream ? Array($0.text.utf8) : $0.value(of: key.field) }
            var column = RowValues(rowCount: cells.count)
            for (row, cell) in cells.enumerated() {
                if let value = values[Int(cell.stream)] { column.set(row, value) }
            }
            return .init(key.field, column.finish())
        }
        return (ResultBlock(fields: fields, rows: Array(cells.indices)), cells.map(\.count))
    }
}

/// A filter that looks at labels of streams alone.
private indirect enum StreamTest {
    case all
    case and([StreamTest])
    case or([StreamTest])
    case not(StreamTest)
    case selector(StreamMatcher)
    case label(String, ValueMatcher)

    /// Nil when the filter looks at something else.
    init?(_ filter: Filter) {
        func tests(_ filters: [Filter]) -> [StreamTest]? {
            let tests = filters.compactMap { StreamTest($0) }
            return tests.count == filters.count ? tests : nil
        }
        switch filter {
        case .all: self = .all
        case .and(let members):
            guard let tests = tests(members) else { return nil }
            self = .and(tests)
        case .or(let members):
            guard let tests = tests(members) else { return nil }
            self = .or(tests)
        case .not(let inner):
            guard let test = StreamTest(inner) else { return nil }
            self = .not(test)
        case .stream(let selector): self = .selector(StreamMatcher(selector))
        case .field(let name, let test) where !FieldName.isReserved(name): self = .label(name, ValueMatcher(test))
        case .field, .time, .clock, .comparison, .subquery: return nil
        }
    }

    /// Names that stand for labels. Selectors look at labels whatever fields there are.
    var names: Set<String> {
        switch self {
        case .all, .selector: []
        case .and(let tests), .or(let tests): tests.reduce(into: []) { $0.formUnion($1.names) }
        case .not(let test): test.names
        case .label(let name, _): [name]
        }
    }

    func passes(_ stream: StreamIdentity) -> Bool {
        switch self {
        case .all: true
        case .and(let tests): tests.allSatisfy { $0.passes(stream) }
        case .or(let tests): tests.contains { $0.passes(stream) }
        case .not(let test): !test.passes(stream)
        case .selector(let matcher): matcher.matches(stream)
        case .label(let name, let matcher): (stream.value(of: name) ?? []).withUnsafeBytes { matcher.matches($0) }
        }
    }
}
