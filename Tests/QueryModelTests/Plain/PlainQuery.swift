import LogModel
import QueryLanguage

/// Runs queries over rows in memory, pipe by pipe, in the plainest way.
struct PlainQuery {
    /// All events, in the order in which they came.
    var events: [PlainRow]
    var now: Timestamp
    /// Bounds of time from outside of the query: from the first up to but without the second.
    var from: Int64?
    var to: Int64?
    /// How long the query's time is, seconds.
    var rateSeconds: Double?

    /// The rows that a query gives.
    ///
    /// - Throws: ``Undefined`` where more than one answer is right.
    func table(_ query: Query) throws -> PlainTable {
        var scope = self
        if query.options.ignoresGlobalTimeFilter == true { (scope.from, scope.to) = (nil, nil) }
        return try scope.run(query)
    }

    private func run(_ query: Query) throws -> PlainTable {
        var filters = [try resolved(query.filter)]
        var pipes = query.pipes[...]
        while case .filter(let pipe)? = pipes.first {
            filters.append(try resolved(pipe.filter))
            pipes = pipes.dropFirst()
        }
        let all = Filter.conjunction(filters)
        let filter = PlainFilter(all, now: now, isOfEvents: true)
        var scope = self
        scope.rateSeconds = seconds(all)
        var table = PlainTable(rows: inBounds().filter { filter.matches($0) })
        for pipe in pipes { table = try scope.apply(try pipe.mapFilters { try resolved($0) }, table) }
        return table
    }

    /// Events within the bounds from outside.
    private func inBounds() -> [PlainRow] {
        events.filter { row in
            guard let time = row.origin?.time else { return false }
            return time >= from ?? .min && to.map { time < $0 } ?? true
        }
    }

    private func seconds(_ filter: Filter) -> Double? {
        guard let bounds = filter.timeBounds(now: now) else { return nil }
        let low = max(bounds.lowerBound, from ?? .min)
        let high = min(bounds.upperBound, to.map { $0 - 1 } ?? .max)
        return low == .min || high == .max || low > high ? nil : (Double(high) - Double(low) + 1) / 1e9
    }

    /// The filter with values in the place of queries.
    private func resolved(_ filter: Filter) throws -> Filter {
        try filter.resolvingSubqueries { subquery in
            guard let field = subquery.valueField else { return [] }
            return Set(try table(subquery.query).rows.map { $0[field] }).map { QueryText(bytes: $0) }
        }
    }

    // MARK: Pipes

    private func apply(_ pipe: Pipe, _ table: PlainTable) throws -> PlainTable {
        var table = table
        switch pipe {
        case .filter(let pipe):
            let filter = PlainFilter(pipe.filter, now: now)
            table.rows.removeAll { !filter.matches($0) }
        case .limit(let pipe):
            guard table.isOrdered || table.rows.count <= pipe.count else { throw Undefined("which rows come first") }
            table.rows = Array(table.rows.prefix(Int(clamping: pipe.count)))
        case .offset(let pipe):
            guard table.isOrdered || pipe.count == 0 || table.rows.count <= pipe.count else {
                throw Undefined("which rows come first")
            }
            table.rows = Array(table.rows.dropFirst(Int(clamping: pipe.count)))
        case .sample(let pipe): if pipe.of > 1, !table.rows.isEmpty { throw Undefined("a sample") }
        case .blocksCount, .blockStats: throw Undefined("how events are stored")
        case .sort(let pipe): table = try PlainSort(pipe).sorted(table)
        case .stats(let pipe): table = try PlainStats(pipe, now: now, rateSeconds: rateSeconds).table(table)
        case .uniq(let pipe): table = try PlainCounts.uniq(pipe, table)
        case .top(let pipe): table = try PlainCounts.top(pipe, table)
        case .fieldValues(let pipe):
            table = try PlainCounts.uniq(UniqPipe(by: [pipe.field], hitsField: "hits", limit: pipe.limit), table)
        case .fieldNames(let pipe): table = PlainCounts.names(pipe, table)
        case .facets(let pipe): table = PlainCounts.facets(pipe, table)
        case .dropEmptyFields: table.rows.removeAll { $0.fields.isEmpty }
        case .unroll(let pipe): table.rows = table.rows.flatMap { PlainTexts.unrolled($0, pipe, now) }
        case .join(let pipe): table.rows = try joined(table.rows, pipe)
        case .union(let pipe): table = PlainTable(rows: table.rows + (try self.table(pipe.query).rows))
        case .streamContext(let pipe): table = PlainTable(rows: PlainContext(events).rows(around: table.rows, pipe))
        case .patterns(let pipe): table = try PlainPatterns(pipe, now: now).table(table)
        default: table.rows = try table.rows.map { try changed($0, pipe) }
        }
        return table
    }

    /// What the pipes do that change each row by itself.
    private func changed(_ row: PlainRow, _ pipe: Pipe) throws -> PlainRow {
        switch pipe {
        case .fields(let pipe): PlainColumns.keeping(row) { name in pipe.fields.contains { $0.matches(name) } }
        case .delete(let pipe): PlainColumns.keeping(row) { name in !pipe.fields.contains { $0.matches(name) } }
        case .rename(let pipe): PlainColumns.mapped(row, pipe.mappings, keepsSource: false)
        case .copy(let pipe): PlainColumns.mapped(row, pipe.mappings, keepsSource: true)
        case .update(let pipe): PlainTexts.updated(row, pipe, now)
        case .measure(let pipe): PlainTexts.measured(row, pipe)
        case .extract(let pipe): PlainTexts.extracted(row, pipe, now)
        case .format(let pipe): PlainTexts.formatted(row, pipe, now)
        case .math(let pipe): PlainMath.computed(row, pipe, now)
        case .pack(let pipe): try PlainColumns.packed(row, pipe)
        case .unpack(let pipe): PlainTexts.unpacked(row, pipe, now)
        case .unpackWords(let pipe): PlainTexts.words(row, pipe)
        default: row
        }
    }

    private func joined(_ rows: [PlainRow], _ pipe: JoinPipe) throws -> [PlainRow] {
        let others = rows.isEmpty ? [] : try table(pipe.query).rows
        return rows.flatMap { row -> [PlainRow] in
            let matches = others.filter { other in pipe.fields.allSatisfy { row[$0] == other[$0] } }
            if matches.isEmpty { return pipe.isInner ? [] : [row] }
            return matches.map { other in
                var result = row
                for (name, value) in other.fields where !pipe.fields.contains(name) && row[pipe.prefix + name].isEmpty {
                    result[pipe.prefix + name] = value
                }
                return result
            }
        }
    }
}

extension PlainRow {
    /// Whether a pipe with this condition is about the row.
    func passes(_ condition: Filter?, _ now: Timestamp) -> Bool {
        condition.map { PlainFilter($0, now: now).matches(self) } ?? true
    }

    /// Writes a value as a rule says.
    mutating func write(_ name: String, _ value: [UInt8], _ rule: WriteRule) {
        switch rule {
        case .overwrite: self[name] = value
        case .keepOriginal: if self[name].isEmpty { self[name] = value }
        case .skipEmpty: if !value.isEmpty { self[name] = value }
        }
    }
}
