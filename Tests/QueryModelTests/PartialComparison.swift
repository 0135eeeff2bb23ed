import LogModel
import QueryLanguage

/// What can be told of an answer whose last pipe leaves something to chance.
struct PartialComparison {
    private let plain: PlainQuery

    init(_ plain: PlainQuery) { self.plain = plain }

    /// Nil where nothing can be told.
    func verdict(_ query: Query, _ found: [PlainRow]) throws -> Comparison.Verdict? {
        guard let last = query.pipes.last else { return nil }
        var before = query
        before.pipes.removeLast()
        guard let table = try? plain.table(before) else { return nil }
        let all = table.rows
        switch last {
        case .limit(let pipe): return some(of: all, found, count: min(all.count, Int(clamping: pipe.count)))
        case .offset(let pipe): return some(of: all, found, count: max(0, all.count - Int(clamping: pipe.count)))
        case .sample: return some(of: all, found, count: nil)
        case .uniq(var pipe):
            let limit = Int(clamping: pipe.limit ?? .max)
            pipe.limit = nil
            guard let all = try? PlainCounts.uniq(pipe, table).rows else { return nil }
            return some(of: all, found, count: min(limit, all.count))
        case .fieldValues(let pipe):
            guard let all = try? PlainCounts.uniq(UniqPipe(by: [pipe.field], hitsField: "hits"), table).rows else {
                return nil
            }
            return some(of: all, found, count: min(Int(clamping: pipe.limit ?? .max), all.count))
        case .top(let pipe): return top(pipe, all, found)
        case .sort(let pipe): return sort(pipe, all, found)
        case .blocksCount(let pipe):
            let count = Int(found.first?[pipe.result].text ?? "") ?? -1
            let isRight = found.count == 1 && count >= min(1, all.count) && count <= all.count
            return isRight ? .open : .different("\(count) blocks of \(all.count) rows")
        default: return nil
        }
    }

    /// Whether rows are among others, none more often than there.
    private func some(of all: [PlainRow], _ found: [PlainRow], count: Int?) -> Comparison.Verdict {
        if let count, found.count != count { return .different("\(found.count) rows, not \(count)") }
        var left = Dictionary(grouping: all.map(\.canonical)) { $0 }.mapValues(\.count)
        for row in found.map(\.canonical) {
            guard let count = left[row], count > 0 else { return .different("not among the rows: \(row.prefix(700))") }
            left[row] = count - 1
        }
        return .open
    }

    private func top(_ pipe: TopPipe, _ all: [PlainRow], _ found: [PlainRow]) -> Comparison.Verdict {
        let combinations = PlainCounts.combinations(all, pipe.fields).sorted { $0.hits > $1.hits }
        let hits = combinations.prefix(Int(clamping: pipe.count)).map { "\($0.hits)" }
        guard found.map({ $0[pipe.hitsField].text }) == hits else {
            return .different("hits \(found.map { $0[pipe.hitsField].text }), not \(hits)")
        }
        let rows = combinations.map { row, hits in
            var row = row
            row[pipe.hitsField] = "\(hits)".bytes
            return row
        }
        return some(of: rows, withoutRanks(found, pipe.rankField), count: nil)
    }

    private func withoutRanks(_ rows: [PlainRow], _ rank: String?) -> [PlainRow] {
        guard let rank else { return rows }
        return rows.map { row in
            var row = row
            row[rank] = []
            return row
        }
    }

    private func sort(_ pipe: SortPipe, _ all: [PlainRow], _ found: [PlainRow]) -> Comparison.Verdict {
        let plain = PlainSort(pipe)
        var expected: [PlainRow] = []
        var places: [Int] = []
        for part in plain.parts(all) {
            let wanted = plain.wanted(part)
            expected += part[wanted]
            places += wanted.map { $0 + 1 }
        }
        guard expected.count == found.count else { return .different("\(found.count) rows, not \(expected.count)") }
        // A rank may stand in the place of what was sorted by.
        if let rank = pipe.rankField {
            guard found.map({ $0[rank].text }) == places.map({ "\($0)" }) else { return .different("other ranks") }
            if pipe.keys.contains(where: { $0.field == rank }) || pipe.partition.contains(rank) { return .open }
        }
        for (row, wanted) in zip(found, expected) {
            guard !plain.precedes(row, wanted), !plain.precedes(wanted, row),
                pipe.partition.allSatisfy({ row[$0] == wanted[$0] })
            else {
                return .different("another order: \(row.canonical.prefix(700))\n  not \(wanted.canonical.prefix(700))")
            }
        }
        let rows = withoutRanks(all, pipe.rankField)
        return some(of: rows, withoutRanks(found, pipe.rankField), count: nil)
    }
}
