internal import ByteCoding
internal import LogModel
internal import QueryLanguage
internal import StoreFormat

/// A filter made ready for blocks: relative times resolved, tests compiled, cheap conditions first.
indirect enum CompiledFilter: Sendable {
    case all
    case none
    case and([CompiledFilter])
    case or([CompiledFilter])
    case not(CompiledFilter)
    /// Of any other field, with the words that each value that passes has.
    case field(String, ValueMatcher, RequiredWords?)
    /// Of the message, where storage may know some or all rows without reading them.
    case message(MessageSearch, ValueMatcher)
    /// Of the message, which contains a text if it passes.
    case literal(LiteralTemplates, ValueMatcher)
    case stream(StreamMatcher)
    case time(ClosedRange<Int64>)
    case clock(ClockFilter)
    case comparison(FieldComparison)
    case stored(String, ValueType)

    init(_ filter: Filter, now: Timestamp) {
        switch filter {
        case .all: self = .all
        case .and(let members):
            self = .and(members.map { CompiledFilter($0, now: now) }.sorted { $0.cost < $1.cost })
        case .or(let members):
            self = .or(members.map { CompiledFilter($0, now: now) }.sorted { $0.cost < $1.cost })
        case .not(let inner): self = .not(CompiledFilter(inner, now: now))
        case .field(let name, .stored(let type)): self = .stored(name, type)
        case .field(let name, let test):
            let matcher = ValueMatcher(test)
            let search = MessageSearch(test, matcher)
            if name == FieldName.message, let search {
                self = .message(search, matcher)
            } else if name == FieldName.message, let literal = LiteralTemplates(test) {
                self = .literal(literal, matcher)
            } else {
                self = .field(name, matcher, search.map { RequiredWords($0.alternatives, of: name) })
            }
        case .stream(let selector): self = .stream(StreamMatcher(selector))
        case .time(let time): self = time.bounds(now: now).map { .time($0) } ?? .none
        case .clock(let clock): self = .clock(clock)
        case .comparison(let comparison): self = .comparison(comparison)
        // Queries inside have been run and replaced by their values.
        case .subquery: self = .none
        }
    }

    /// A guess at what looking costs: a comparison of numbers is nothing, text of messages is most.
    private var cost: Int {
        switch self {
        case .all, .none: 0
        case .time: 1
        case .stream, .clock: 2
        case .comparison: 20
        case .field(FieldName.message, _, _), .message, .literal: 100
        case .field, .stored: 10
        case .not(let inner): inner.cost + 1
        case .and(let members): members.map(\.cost).min() ?? 0
        case .or(let members): members.reduce(0) { $0 + $1.cost }
        }
    }

    /// Whether any row of a block may match, by what is known without reading its columns. False is certain.
    func mayMatch(_ block: any BlockSource) -> Bool {
        switch self {
        case .none: false
        case .all, .not, .stream, .clock, .comparison, .literal, .stored: true
        case .and(let members): members.allSatisfy { $0.mayMatch(block) }
        case .or(let members): members.contains { $0.mayMatch(block) }
        case .time(let bounds): bounds.overlaps(block.timeBounds)
        case .message(let search, _): block.mayHave(search)
        case .field(let name, let matcher, let words):
            // A row without a field of its own has the label of its stream.
            if let words, !FieldName.isReserved(name), !block.mayHave(words, in: name) {
                // Labels that cannot be read are met when the rows are looked at.
                (try? block.labels(name)).map { Self.mayPass($0, matcher) } ?? true
            } else {
                true
            }
        }
    }

    private static func mayPass(_ labels: LabelValues, _ matcher: ValueMatcher) -> Bool {
        labels.arena.withUnsafeBytes { arena in
            labels.entries.contains { entry in
                !entry.isAbsent
                    && matcher.matches(UnsafeRawBufferPointer(rebasing: arena[Int(entry.offset)..<entry.end]))
            }
        }
    }

    /// The rows among `candidates` that match.
    func rows(of block: BlockColumns, among candidates: RowBitmap) throws -> RowBitmap {
        switch self {
        case .all: return candidates
        case .none: return RowBitmap(rowCount: candidates.rowCount, filled: false)
        case .and(let members):
            var left = candidates
            for member in members {
                if left.isEmpty { break }
                left = try member.rows(of: block, among: left)
            }
            return left
        case .or(let members):
            var found = RowBitmap(rowCount: candidates.rowCount, filled: false)
            var left = candidates
            for member in members {
                if left.isEmpty { break }
                let more = try member.rows(of: block, among: left)
                found.formUnion(more)
                left.subtract(more)
            }
            return found
        case .not(let inner):
            var left = candidates
            left.subtract(try inner.rows(of: block, among: candidates))
            return left
        case .time(let bounds):
            let block = block
            if bounds.lowerBound <= block.timeBounds.lowerBound, bounds.upperBound >= block.timeBounds.upperBound {
                return candidates
            }
            guard bounds.overlaps(block.timeBounds) else {
                return RowBitmap(rowCount: candidates.rowCount, filled: false)
            }
            let times = try block.times()
            var left = candidates
            left.filter { bounds.contains(times[$0]) }
            return left
        case .clock(let clock):
            let times = try block.times()
            var left = candidates
            left.filter { clock.matches(times[$0]) }
            return left
        case .comparison(let comparison):
            return comparison.rows(
                try block.column(comparison.field, candidates), try block.column(comparison.other, candidates),
                among: candidates)
        case .stream(let selector):
            let matching = try block.streams().map { selector.matches($0) }
            if !matching.contains(false) { return candidates }
            var left = candidates
            if let groups = try block.streamGroups() {
                left.keep(groups.groups, groups.numbers.map { matching[Int($0)] })
            } else {
                let indexes = try block.streamIndexes()
                left.filter { matching[Int(indexes[$0])] }
            }
            return left
        case .message(let search, let matcher):
            guard let known = try block.messageCandidates(search, candidates) else {
                return Self.rows(of: try block.column(FieldName.message, candidates), among: candidates, matcher)
            }
            if known.possible.isEmpty { return known.certain }
            var found = Self.rows(
                of: try block.column(FieldName.message, known.possible), among: known.possible, matcher)
            found.formUnion(known.certain)
            return found
        case .literal(let literal, let matcher):
            let templates = try block.storedTemplates(candidates)
            let possible = templates.map { literal.rows(of: $0, among: candidates) } ?? candidates
            if possible.isEmpty { return possible }
            return Self.rows(of: try block.column(FieldName.message, possible), among: possible, matcher)
        case .stored(let name, let type): return try block.rows(of: name, storedAs: type, among: candidates)
        case .field(let name, let matcher, _):
            return Self.rows(of: try block.column(name, candidates), among: candidates, matcher)
        }
    }

    /// The rows among `candidates` whose value passes. A dictionary's entries are tested once each.
    static func rows(of column: ResultColumn?, among candidates: RowBitmap, _ matcher: ValueMatcher) -> RowBitmap {
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        guard let column else {
            return matcher.matches(empty) ? candidates : RowBitmap(rowCount: candidates.rowCount, filled: false)
        }
        var left = candidates
        switch column {
        case .times, .numbers:
            var buffer = ByteWriter(capacity: 40)
            left.filter { row in column.withValue(at: row, &buffer) { matcher.matches($0 ?? empty) } }
        case .values(let data):
            data.arena.withUnsafeBytes { arena in
                func test(_ range: ByteRange) -> Bool {
                    range.isAbsent
                        ? matcher.matches(empty)
                        : matcher.matches(UnsafeRawBufferPointer(rebasing: arena[Int(range.offset)..<range.end]))
                }
                if let indexes = data.indexes {
                    let passes = data.ranges.map(test)
                    if !passes.contains(false) { return }
                    left.keep(indexes, passes)
                } else {
                    left.filter { test(data.ranges[$0]) }
                }
            }
        }
        return left
    }
}
