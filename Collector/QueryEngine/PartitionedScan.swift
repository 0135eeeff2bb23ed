internal import LogModel
internal import QueryLanguage
internal import StoreFormat

extension SortPipe {
    /// Whether it wants the first rows by time of each combination of some values, and nothing else.
    var isByTimeInParts: Bool {
        keys.count == 1 && keys[0].field == FieldName.time && !partition.isEmpty && rankField == nil
    }
}

extension Scan {
    /// Hands on the first rows by time of each combination of the values of some fields, parts in the order of their
    /// values.
    ///
    /// The first pass looks at times and these fields alone. Where they are labels, the streams of a block bound the
    /// combinations that it can have: blocks that can only have such as have all their rows already are not read, and
    /// of others only the rows that may count.
    mutating func orderedInParts(_ sources: [any BlockSource], _ look: BlockLook) throws {
        let wanted =
            plan.limit.map { $0.addingReportingOverflow(plan.offset) }
            .map { $0.overflow ? .max : $0.partialValue } ?? .max
        let newest = plan.order == .newestFirst
        func precedes(_ left: Candidate, _ right: Candidate) -> Bool {
            newest ? left.cursor > right.cursor : left.cursor < right.cursor
        }
        var parts = StreamParts(plan.partition)
        /// The first rows of each part.
        var heaps: [BoundedHeap<Candidate>] = []
        var kept = 0
        let claim = MemoryClaim(options.budget)
        for (index, source) in sources.enumerated() {
            let edge = newest ? source.timeBounds.upperBound : source.timeBounds.lowerBound
            func isOpen(_ part: Int32) -> Bool {
                guard part < heaps.count, let worst = heaps[Int(part)].worst else { return true }
                return newest ? worst.cursor.time <= edge : worst.cursor.time >= edge
            }
            let isBound = parts.bound(source)
            if isBound, source.streamBytes == 0, let ofStreams = try? parts.known(source.streams),
                !ofStreams.contains(where: isOpen)
            {
                summary.prunedBlocks += 1
                continue
            }
            guard try mayGoOn(sources[index...]) else { break }
            /// The part of each group of streams, where these bound the parts.
            var partOfGroup: [Int32] = []
            var groups: RowGroups?
            let finding = look.rows(of: source) { columns, rows in
                guard isBound, let found = try columns.streamGroups() else { return }
                groups = found
                let streams = try columns.streams()
                partOfGroup = parts.parts(of: found.numbers.map { streams[Int($0)] })
                rows.keep(found.groups, partOfGroup.map(isOpen))
            }
            try note(finding, of: source)
            guard case .rows(let columns, let rows) = finding.content, !rows.isEmpty else { continue }
            do {
                let (times, ids) = (try columns.times(), try columns.ids())
                func add(_ row: Int, _ part: Int) {
                    while heaps.count <= part { heaps.append(BoundedHeap(limit: wanted, precedes)) }
                    let before = heaps[part].count
                    let cursor = RowCursor(time: times[row], id: ids[row])
                    heaps[part].insert(Candidate(cursor: cursor, block: index, row: row))
                    kept += heaps[part].count - before
                }
                if let groups {
                    rows.forEach { add($0, Int(partOfGroup[Int(groups.groups[$0])])) }
                } else {
                    let values = try plan.partition.map { try columns.column($0, rows) }
                    parts.forEachRow(rows, values, add)
                }
            } catch {
                unreadable(source, rows: rows.count, error)
            }
            try claim.set(
                kept * 40 + parts.memoryBytes + heaps.count * 64, "\(kept) rows of \(heaps.count) parts",
                "lower the limit, or narrow the filter")
        }
        var chosen: [Candidate] = []
        chosen.reserveCapacity(kept)
        for part in parts.inOrder where part < heaps.count { chosen += heaps[part].sorted().dropFirst(plan.offset) }
        try handOn(chosen[...], sources, look)
        // Pages by time make no sense here.
        summary.lastRow = nil
    }
}

/// Numbers the combinations of the values of some fields, by streams where these say all of it.
private struct StreamParts {
    private let fields: [String]
    private let table = GroupTable()
    private var ofStream: [StreamIdentity: Int32] = [:]

    init(_ fields: [String]) {
        self.fields = fields
    }

    /// Streams of a segment up to which all of them are looked at before a block is read.
    private static let fewStreams = 1 << 14

    private var streamBytes = 0

    /// Bytes of memory.
    var memoryBytes: Int { table.memoryBytes + streamBytes }

    /// Whether the rows of a block have in these fields what the labels of their streams say.
    func bound(_ source: any BlockSource) -> Bool {
        fields.allSatisfy { !FieldName.isReserved($0) && !source.hasField($0) }
    }

    /// The parts of streams; nil when there are many, or some that are not known yet.
    func known(_ streams: [StreamIdentity]) -> [Int32]? {
        guard streams.count <= Self.fewStreams else { return nil }
        var parts: [Int32] = []
        parts.reserveCapacity(streams.count)
        for stream in streams {
            guard let part = ofStream[stream] else { return nil }
            parts.append(part)
        }
        return parts
    }

    /// The parts of streams.
    mutating func parts(of streams: [StreamIdentity]) -> [Int32] {
        let new = streams.filter { ofStream[$0] == nil }
        if !new.isEmpty {
            let columns = fields.map { field in
                var values = ColumnGatherer(capacity: new.count)
                for stream in new { values.append(stream.value(of: field) ?? []) }
                return ResultColumn?.some(.values(values.finish()))
            }
            let block = ResultBlock(fields: [], rows: Array(new.indices))
            var found = [Int32](repeating: 0, count: new.count)
            table.forEachRow(of: block, columns) { found[$0] = Int32(truncatingIfNeeded: $1) }
            for (stream, part) in zip(new, found) {
                ofStream[stream] = part
                streamBytes += stream.memoryBytes + 32
            }
        }
        return streams.map { ofStream[$0] ?? 0 }
    }

    /// Calls `body` with each row and its part, by the values of the fields.
    func forEachRow(_ rows: RowBitmap, _ values: [ResultColumn?], _ body: (Int, Int) -> Void) {
        table.forEachRow(of: ResultBlock(fields: [], rows: rows.rows), values, body)
    }

    /// All parts, in the order of their values.
    var inOrder: [Int] {
        (0..<table.count).map { ($0, table.values(of: $0).map { $0 ?? [] }) }
            .sorted { $0.1.lexicographicallyPrecedes($1.1) { $0.lexicographicallyPrecedes($1) } }.map(\.0)
    }
}
