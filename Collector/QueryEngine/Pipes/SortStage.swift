internal import ByteCoding
internal import LogModel
internal import QueryLanguage

/// Sorts rows by any fields. All rows are held, in bounded memory, unless there is a limit.
final class SortStage: RowStage {
    private struct Row {
        var keys: [SortValue]
        /// The names of the fields of ``keys``, ascending, where rows are sorted by all fields that they have.
        var names: [String] = []
        /// Which combination of the fields of `partition by` it has.
        var part = 0
        /// Index into `blocks`.
        var block: Int
        var row: Int
    }

    private let pipe: SortPipe
    private let next: any RowStage
    private let options: ExecutionOptions
    private let claim: MemoryClaim
    private var blocks: [ResultBlock] = []
    private var rows: [Row] = []
    private var bytes = 0
    /// Bytes of a row besides its values; keys of text are counted as if they were short.
    private let rowBytes: Int
    /// Bytes of one of all fields, where rows are sorted by these.
    private static let fieldBytes = MemoryLayout<SortValue>.stride + MemoryLayout<String>.stride
    private let wanted: Int
    private var parts: [[[UInt8]]: Int] = [:]

    init(_ pipe: SortPipe, _ next: any RowStage, _ options: ExecutionOptions) {
        self.pipe = pipe
        self.next = next
        self.options = options
        claim = MemoryClaim(options.budget)
        rowBytes = MemoryLayout<Row>.stride + 32 + pipe.keys.count * (MemoryLayout<SortValue>.stride + 24)
        wanted =
            pipe.limit.map { Int(clamping: $0).addingReportingOverflow(Int(clamping: pipe.offset ?? 0)) }
            .map { $0.overflow ? .max : $0.partialValue } ?? .max
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        let compact = block.compacted()
        let columns = pipe.keys.map { compact.column($0.field) }
        let all = pipe.keys.isEmpty ? compact.fields.sorted { $0.name < $1.name } : []
        for row in compact.rows {
            var entry = Row(
                keys: columns.map { SortValue($0, row) }, part: part(of: compact, row), block: blocks.count, row: row)
            for field in all {
                let value = SortValue(field.column, row)
                if value == .text([]) { continue }
                entry.keys.append(value)
                entry.names.append(field.name)
            }
            bytes += entry.names.count * Self.fieldBytes
            rows.append(entry)
        }
        blocks.append(compact)
        bytes += compact.memoryBytes + compact.rows.count * rowBytes
        if wanted < .max / 4, rows.count > (wanted * 2 + 4_096) * max(1, parts.count) { trim() }
        do throws(ExecutionError) {
            try hold()
        } catch {
            trim()
            try hold()
        }
        return true
    }

    private func hold() throws(ExecutionError) {
        try claim.set(bytes, "\(rows.count) rows to sort", "add a limit or narrow the filter")
    }

    func finish() throws(ExecutionError) {
        try options.checkCancelled()
        rows.sort(by: precedes)
        let offset = Int(clamping: pipe.offset ?? 0)
        let (chosen, places) = firstOfParts(from: offset, count: Int(clamping: pipe.limit ?? .max))
        var start = 0
        while start < chosen.count {
            let end = min(start + 4_096, chosen.count)
            var block = gathered(chosen[start..<end])
            if let rankField = pipe.rankField {
                let ranks = places[start..<end].map { [Array("\($0 + 1)".utf8)] }
                let rank = ResultBlock.table([rankField], ranks).fields[0]
                block.fields = [rank] + block.fields.filter { $0.name != rankField }
            }
            if try !next.process(block) { break }
            start = end
        }
        rows = []
        blocks = []
        try next.finish()
    }

    /// The number of a row's combination of the fields of `partition by`.
    private func part(of block: ResultBlock, _ row: Int) -> Int {
        if pipe.partition.isEmpty { return 0 }
        let key = pipe.partition.map { block.value($0, row) }
        if let known = parts[key] { return known }
        parts[key] = parts.count
        bytes += key.reduce(96) { $0 + $1.count }
        return parts.count - 1
    }

    /// Of sorted rows, those of each part from a place on, parts in the order of their values; and their places.
    private func firstOfParts(from offset: Int, count: Int) -> (rows: [Row], places: [Int]) {
        guard !pipe.partition.isEmpty else {
            let chosen = Array(rows.dropFirst(offset).prefix(count))
            return (chosen, Array(chosen.indices.map { $0 + offset }))
        }
        var ofPart = [[Row]](repeating: [], count: parts.count)
        for row in rows { ofPart[row.part].append(row) }
        let order = parts.sorted { left, right in
            left.key.lexicographicallyPrecedes(right.key) { $0.lexicographicallyPrecedes($1) }
        }
        var chosen: [Row] = []
        var places: [Int] = []
        for (_, part) in order {
            let rows = ofPart[part].dropFirst(offset).prefix(count)
            chosen += rows
            places += rows.indices
        }
        return (chosen, places)
    }

    /// Forgets rows that cannot be among the first any more.
    private func trim() {
        guard wanted < rows.count else { return }
        rows.sort(by: precedes)
        rows = firstOfParts(from: 0, count: wanted).rows
        // Copies of just these rows, so that the blocks they came from can go.
        let kept = gathered(rows[...])
        blocks = [kept]
        for index in rows.indices {
            rows[index].block = 0
            rows[index].row = index
        }
        bytes = rows.reduce(kept.memoryBytes + rows.count * rowBytes) { $0 + $1.names.count * Self.fieldBytes }
    }

    private func gathered(_ chosen: ArraySlice<Row>) -> ResultBlock {
        // Only the blocks that have one of the rows, so that others do not add columns without values.
        var used: [Int: Int] = [:]
        var sources: [ResultBlock] = []
        let picks = chosen.map { row in
            if used[row.block] == nil {
                used[row.block] = sources.count
                sources.append(blocks[row.block])
            }
            return (block: used[row.block] ?? 0, row: row.row)
        }
        return .gathering(picks, from: sources)
    }

    private func precedes(_ left: Row, _ right: Row) -> Bool {
        if pipe.keys.isEmpty { return precedesByAll(left, right) }
        for (index, key) in pipe.keys.enumerated() where left.keys[index] != right.keys[index] {
            return key.isDescending ? right.keys[index] < left.keys[index] : left.keys[index] < right.keys[index]
        }
        return false
    }

    /// By the first field, in the order of names, in which two rows differ. No value comes before any.
    private func precedesByAll(_ left: Row, _ right: Row) -> Bool {
        var (one, two) = (0, 0)
        while one < left.names.count || two < right.names.count {
            let hasLeft = one < left.names.count && (two == right.names.count || left.names[one] <= right.names[two])
            let hasRight = two < right.names.count && (one == left.names.count || right.names[two] <= left.names[one])
            if hasLeft != hasRight { return hasRight != pipe.isDescending }
            let (value, other) = (left.keys[one], right.keys[two])
            if value != other { return pipe.isDescending ? other < value : value < other }
            one += 1
            two += 1
        }
        return false
    }
}
