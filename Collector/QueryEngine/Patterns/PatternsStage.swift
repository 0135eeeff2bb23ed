internal import ByteCoding
internal import LogModel
internal import QueryLanguage
internal import StoreFormat

/// `patterns`: how often each kind of message came, when first and last, and its newest message.
///
/// Right behind the filter it works from the templates that storage has; messages are read for the examples alone, one a
/// pattern that is returned. Behind other pipes it splits the messages that come in.
final class PatternsStage: RowStage {
    /// Patterns that are handed on at once, with their examples.
    private static let pieceRows = 4_096

    private let pipe: PatternsPipe
    private let next: any RowStage
    private let scope: QueryScope
    private var groups = PatternGroups()
    /// Where the rows of each batch came from; nil where messages came along, which are kept then.
    private var sources: [(any BlockSource)?] = []
    /// The newest message of a group, if it came along.
    private var messages: [Int: [UInt8]] = [:]
    private var messageBytes = 0
    private let claim: MemoryClaim

    init(_ pipe: PatternsPipe, _ next: any RowStage, _ scope: QueryScope) {
        self.pipe = pipe
        self.next = next
        self.scope = scope
        claim = MemoryClaim(scope.options.budget)
    }

    /// The fields by which rows are told apart besides their patterns.
    var fields: [String] { pipe.fields }

    /// Adds rows of a block that is there to be read again.
    func add(_ rows: PatternGroups.Rows, of source: any BlockSource) throws(ExecutionError) {
        sources.append(source)
        for group in groups.add(rows) { keep(nil, of: group) }
        try check()
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        if block.rows.isEmpty { return true }
        let data = Self.values(block.column(FieldName.message), block)
        // The column may go on behind the last of the rows.
        var candidates = RowBitmap(rowCount: max(block.rowBound, data.rowCount), filled: false)
        for row in block.rows { candidates.insert(row) }
        let rows = PatternGroups.Rows(
            rows: block.rows, templates: data.messageTemplates(candidates),
            fields: pipe.fields.map { block.column($0) }, times: Self.times(block), order: 0)
        sources.append(nil)
        for group in groups.add(rows) {
            keep(data.value(at: Int(groups.groups[group].row)) ?? [], of: group)
        }
        try check()
        return true
    }

    func finish() throws(ExecutionError) {
        var rest = chosen()[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Self.pieceRows)
            rest = rest.dropFirst(Self.pieceRows)
            if try !next.process(result(piece)) { break }
        }
        sources = []
        try next.finish()
    }

    /// The groups that are wanted, in their order: the most frequent first, of equals by their texts.
    private func chosen() -> [Int] {
        var order = Array(groups.groups.indices)
        if let since = pipe.newSince?.bounds(now: scope.options.now).lowerBound {
            order = order.filter { groups.groups[$0].hasTime && groups.groups[$0].first >= since }
        }
        let count = Int(clamping: pipe.limit ?? .max)
        var rank = HitRank()
        for group in order { rank.add(groups.groups[group].hits) }
        let least = rank.least(count)
        order = order.filter { groups.groups[$0].hits >= least }
        order.sort { left, right in
            let (one, two) = (groups.groups[left], groups.groups[right])
            if one.hits != two.hits { return one.hits > two.hits }
            return groups.texts(of: one).lexicographicallyPrecedes(groups.texts(of: two)) {
                ($0 ?? []).lexicographicallyPrecedes($1 ?? [])
            }
        }
        return Array(order.prefix(count))
    }

    private func result(_ piece: ArraySlice<Int>) throws(ExecutionError) -> ResultBlock {
        let examples = try examples(of: piece)
        let names = PatternsPipe.Column.allCases.map(\.rawValue)
        let rows = piece.map { index in
            let group = groups.groups[index]
            let texts = groups.texts(of: group).map { $0 ?? [] }
            return [texts[0], Array("\(group.hits)".utf8)]
                + [group.first, group.last].map { group.hasTime ? Self.text($0) : [] }
                + [examples[index] ?? []] + texts[1...]
        }
        var block = ResultBlock.table(names + pipe.fields, rows)
        // The fields that make a group stand beside its pattern.
        let fields = block.fields[names.count...]
        block.fields.removeSubrange(names.count...)
        block.fields.insert(contentsOf: fields, at: 1)
        return block
    }

    /// The newest message of each group; a block that cannot be read is a gap.
    private func examples(of piece: ArraySlice<Int>) throws(ExecutionError) -> [Int: [UInt8]] {
        var examples: [Int: [UInt8]] = [:]
        var byBatch: [Int: [Int]] = [:]
        for index in piece {
            if let known = messages[index] {
                examples[index] = known
            } else {
                byBatch[Int(groups.groups[index].batch), default: []].append(index)
            }
        }
        var bytes = 0
        for (batch, members) in byBatch {
            guard let source = sources[batch] else { continue }
            try scope.options.checkCancelled()
            let ascending = members.sorted { groups.groups[$0].row < groups.groups[$1].row }
            var wanted = RowBitmap(rowCount: source.rowCount, filled: false)
            for index in ascending { wanted.insert(Int(groups.groups[index].row)) }
            do {
                let opened = source.opened()
                let values = try opened.messages(picking: wanted)
                scope.options.trace?.add(opened.reading)
                for (place, index) in ascending.enumerated() {
                    examples[index] = values.value(at: place) ?? []
                    bytes += Int(values.range(at: place).isAbsent ? 0 : values.range(at: place).length)
                }
            } catch {
                scope.miss("the examples of \(members.count) patterns cannot be read: \(error)")
            }
            try check(bytes)
        }
        return examples
    }

    private func keep(_ message: [UInt8]?, of group: Int) {
        if let old = messages[group] { messageBytes -= old.count + 64 }
        messages[group] = message
        if let message { messageBytes += message.count + 64 }
    }

    private func check(_ more: Int = 0) throws(ExecutionError) {
        try claim.set(
            groups.memoryBytes + messageBytes + more, "\(groups.groups.count) patterns", "narrow the filter")
    }

    private static func text(_ time: Int64) -> [UInt8] { Array(Timestamp(nanoseconds: time).description.utf8) }

    /// Messages as bytes, whatever a pipe has put into their place.
    private static func values(_ column: ResultColumn?, _ block: ResultBlock) -> ColumnData {
        if case .values(let data)? = column { return data }
        let chosen = Set(block.rows)
        var gatherer = ColumnGatherer(capacity: block.rowBound)
        for row in 0..<block.rowBound {
            if chosen.contains(row), let value = column?.value(at: row) {
                gatherer.append(value)
            } else {
                gatherer.append(nil)
            }
        }
        return gatherer.finish()
    }

    private static func times(_ block: ResultBlock) -> [Int64] {
        let column = block.column(FieldName.time)
        if case .times(let times)? = column { return times }
        var times = [Int64](repeating: PatternGroups.noTime, count: block.rowBound)
        for row in block.rows {
            guard let text = column?.value(at: row) else { continue }
            times[row] = text.withUnsafeBytes { Timestamp(rfc3339: $0)?.nanoseconds } ?? PatternGroups.noTime
        }
        return times
    }
}
