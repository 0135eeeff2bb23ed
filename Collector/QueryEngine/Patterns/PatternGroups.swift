internal import LogModel
internal import StoreFormat

/// Rows by pattern, and by the values of some fields: how many, the first and the last time, and where the newest is.
struct PatternGroups {
    /// One pattern with one combination of values.
    struct Group {
        let pattern: Int32
        let fields: Int32
        var hits = 0
        /// Nanoseconds; behind ``last`` while no row had a time.
        var first = Int64.max
        var last = Int64.min
        /// The batch of rows that has the newest row, and which that is.
        var batch: Int32 = -1
        var row: Int32 = 0

        var hasTime: Bool { first <= last }
    }

    /// Stands for a row without a time.
    static let noTime = Int64.min

    /// What is grouped of a block. The times are those of all its rows.
    struct Rows {
        let rows: [Int]
        let templates: ColumnData
        let fields: [ResultColumn?]
        let times: [Int64]
        /// Of rows of one time, that of the batch with the higher order is the newer one.
        let order: UInt64

        /// Bytes of memory.
        var memoryBytes: Int {
            fields.reduce(rows.count * 8 + times.count * 8 + templates.memoryBytes) { $0 + ($1?.memoryBytes ?? 0) }
        }
    }

    private(set) var groups: [Group] = []
    private let templates = GroupTable()
    /// The pattern of each template.
    private var patternOfTemplate: [Int32] = []
    private let patterns = GroupTable()
    private let fields = GroupTable()
    private var pairs = PairTable()
    private var orders: [UInt64] = []

    /// Bytes of memory.
    var memoryBytes: Int {
        groups.count * MemoryLayout<Group>.stride + templates.memoryBytes + patterns.memoryBytes + fields.memoryBytes
            + patternOfTemplate.count * 4 + pairs.memoryBytes + orders.count * 8
    }

    /// The text of a group's pattern, and its values; nil where one is empty.
    func texts(of group: Group) -> [[UInt8]?] {
        patterns.values(of: Int(group.pattern)) + fields.values(of: Int(group.fields))
    }

    /// Adds rows.
    ///
    /// - Returns: the groups whose newest row is now among these.
    mutating func add(_ batch: Rows) -> [Int] {
        let number = Int32(truncatingIfNeeded: orders.count)
        orders.append(batch.order)
        var touched: [Int] = []
        let fieldsOfRow = numberFields(of: batch)
        let runs = fieldsOfRow.isEmpty ? Self.byTemplate(batch) : nil
        // Not to be copied while they change.
        var (groups, pairs, known) = (self.groups, self.pairs, patternOfTemplate)
        (self.groups, self.pairs, patternOfTemplate) = ([], PairTable(), [])
        let (templates, patterns, orders) = (self.templates, self.patterns, self.orders)
        let block = ResultBlock(fields: [], rows: runs?.map(\.row) ?? batch.rows)
        var next = 0
        templates.forEachRow(of: block, [.values(batch.templates)]) { row, template in
            if template >= known.count {
                let text = templates.values(of: template)[0] ?? []
                known.append(Int32(truncatingIfNeeded: patterns.group(ofValue: PatternText.of(text))))
            }
            let pattern = known[template]
            let fields = fieldsOfRow.isEmpty ? 0 : fieldsOfRow[row]
            let index = pairs.number(of: pattern, fields)
            if index == groups.count { groups.append(Group(pattern: pattern, fields: fields)) }
            var run = Run()
            if let runs { run = runs[next] } else { run.add(row, batch.times[row]) }
            next += 1
            groups[index].hits += run.hits
            groups[index].first = min(groups[index].first, run.first)
            let old = groups[index].batch
            let isNewer =
                old < 0 || run.last > groups[index].last
                || run.last == groups[index].last && run.last != Self.noTime && orders[Int(old)] <= batch.order
            guard isNewer else { return }
            if old != number { touched.append(index) }
            groups[index].last = run.last
            groups[index].batch = number
            groups[index].row = Int32(truncatingIfNeeded: run.row)
        }
        (self.groups, self.pairs, patternOfTemplate) = (groups, pairs, known)
        return touched
    }

    /// The combination of the fields' values of each row; none when there are no fields.
    private mutating func numberFields(of batch: Rows) -> [Int32] {
        if batch.fields.isEmpty {
            // One combination, of nothing.
            if fields.count == 0 { fields.forEachRow(of: ResultBlock(fields: [], rows: [0]), []) { _, _ in } }
            return []
        }
        var numbers = [Int32](repeating: 0, count: (batch.rows.max() ?? -1) + 1)
        fields.forEachRow(of: ResultBlock(fields: [], rows: batch.rows), batch.fields) { row, fields in
            numbers[row] = Int32(truncatingIfNeeded: fields)
        }
        return numbers
    }

    /// Rows of one template in one block.
    private struct Run {
        var hits = 0
        var first = Int64.max
        var last = PatternGroups.noTime
        /// The newest.
        var row = -1

        mutating func add(_ row: Int, _ time: Int64) {
            hits += 1
            if time == PatternGroups.noTime {
                if self.row < 0 { self.row = row }
                return
            }
            first = min(first, time)
            guard time >= last else { return }
            last = time
            self.row = row
        }
    }

    /// The rows by the entries of the dictionary of templates; nil where these are none.
    private static func byTemplate(_ batch: Rows) -> [Run]? {
        guard let entries = batch.templates.indexes else { return nil }
        var runs = [Run](repeating: Run(), count: batch.templates.ranges.count)
        for row in batch.rows { runs[Int(entries[row])].add(row, batch.times[row]) }
        return runs.filter { $0.hits > 0 }
    }
}

/// Numbers pairs of numbers in the order of their first appearance: an open-addressed hash table.
private struct PairTable {
    private var slots = [Int32](repeating: -1, count: 1 << 8)
    private var keys: [UInt64] = []

    var memoryBytes: Int { slots.count * 4 + keys.count * 8 }

    mutating func number(of left: Int32, _ right: Int32) -> Int {
        let key = UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
        var slot = slot(of: key)
        while slots[slot] >= 0 {
            let known = Int(slots[slot])
            if keys[known] == key { return known }
            slot = (slot + 1) & (slots.count - 1)
        }
        slots[slot] = Int32(truncatingIfNeeded: keys.count)
        keys.append(key)
        if keys.count * 2 > slots.count { grow() }
        return keys.count - 1
    }

    private func slot(of key: UInt64) -> Int {
        Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & (slots.count - 1)
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: slots.count * 2)
        for (number, key) in keys.enumerated() {
            var slot = slot(of: key)
            while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int32(truncatingIfNeeded: number)
        }
    }
}
