internal import LogModel
internal import QueryLanguage

/// Which fields the pipes look at, so that no other is read.
struct NeededFields: Sendable {
    /// Nil means all but ``unwanted``.
    private let patterns: [FieldPattern]?
    /// Fields that are deleted before anything looks at them.
    private let unwanted: [FieldPattern]
    /// Fields that are not among all, and asked for by name.
    private let extra: [String]

    /// Whether ``FieldName/streamID`` is needed.
    var haveStreamID: Bool {
        !extra.isEmpty || patterns?.contains(FieldPattern(FieldName.streamID)) ?? false
    }

    /// - Parameters:
    ///   - pipes: what is done to the rows.
    ///   - streamID: whether the query around them needs ``FieldName/streamID``.
    init(for pipes: [Pipe], streamID: Bool = false) {
        var needed: [FieldPattern]?
        var unwanted: [FieldPattern] = []
        var wantsStreamID = streamID
        func alsoNeed(_ fields: [FieldPattern]) {
            wantsStreamID = wantsStreamID || fields.contains(FieldPattern(FieldName.streamID))
            needed = needed.map { $0 + fields }
            unwanted.removeAll { deleted in
                fields.contains { deleted.matches($0.name) || ($0.isPrefix && $0.matches(deleted.name)) }
            }
        }
        func needOnly(_ fields: [FieldPattern]?) {
            needed = fields
            wantsStreamID = false
        }
        // From the end: what a pipe gives on must be there before it, and what it makes need not.
        for pipe in pipes.reversed() {
            switch pipe {
            case .fields(let fields): needOnly(fields.fields)
            case .stats(let stats):
                unwanted = []
                needOnly(stats.functions.contains { $0.function.looksAtAllFields } ? nil : [])
                alsoNeed(Self.fields(of: stats))
            case .uniq(let uniq): needOnly(uniq.fields.map { FieldPattern($0) })
            case .top(let top): needOnly(top.fields.map { FieldPattern($0) })
            case .patterns(let pipe):
                unwanted = []
                needOnly(([FieldName.time, FieldName.message] + pipe.fields).map { FieldPattern($0) })
            case .fieldValues(let pipe): needOnly([FieldPattern(pipe.field)])
            case .blocksCount: needOnly([])
            case .sort(let sort) where sort.keys.isEmpty:
                needed = nil
                unwanted = []
            case .sort(let sort):
                alsoNeed(sort.keys.map { FieldPattern($0.field) } + sort.partition.map { FieldPattern($0) })
            case .filter(let filter): alsoNeed(Self.fields(of: filter.filter))
            case .rename(let pipe): alsoNeed(pipe.mappings.map(\.source))
            case .copy(let pipe): alsoNeed(pipe.mappings.map(\.source))
            case .delete(let delete): unwanted += delete.fields
            case .update(let pipe): alsoNeed([FieldPattern(pipe.field)] + Self.fields(of: pipe.condition))
            case .measure(let pipe): alsoNeed([FieldPattern(pipe.field)])
            case .extract(let pipe): alsoNeed([FieldPattern(pipe.source)] + Self.fields(of: pipe.condition))
            case .unpack(let pipe): alsoNeed([FieldPattern(pipe.source)] + Self.fields(of: pipe.condition))
            case .unpackWords(let pipe): alsoNeed([FieldPattern(pipe.source)])
            case .unroll(let pipe): alsoNeed(pipe.fields.map { FieldPattern($0) } + Self.fields(of: pipe.condition))
            case .format(let pipe):
                alsoNeed(pipe.pattern.fields.map { FieldPattern($0) } + Self.fields(of: pipe.condition))
            case .math(let pipe): alsoNeed(pipe.entries.flatMap(\.expression.fields).map { FieldPattern($0) })
            case .join(let pipe): alsoNeed(pipe.fields.map { FieldPattern($0) })
            // Which rows and fields there are depends on all of them.
            case .pack(let pipe) where !pipe.fields.isEmpty: alsoNeed(pipe.fields)
            case .pack, .dropEmptyFields, .streamContext:
                needed = nil
                unwanted = []
            // What is behind them looks at rows of theirs, not of events.
            case .facets, .fieldNames:
                needOnly(nil)
                unwanted = []
            case .blockStats:
                needed = nil
                unwanted = []
            case .sample, .union: break
            case .limit, .offset: break
            }
        }
        patterns = needed
        self.unwanted = needed == nil ? unwanted : []
        extra = wantsStreamID ? [FieldName.streamID] : []
    }

    /// The names and starts of names; nil when all are needed, or all but some.
    var listed: [String]? { patterns?.map(\.description) }

    /// The fields that are needed and those that a filter looks at; nil when they are not known before.
    func names(with filter: Filter) -> [String]? {
        guard !areOpen, let patterns else { return nil }
        return Set((patterns + Self.fields(of: filter)).map(\.name)).sorted()
    }

    /// Whether the names that are needed depend on those that there are.
    var areOpen: Bool { patterns?.contains(where: \.isPrefix) ?? true }

    /// The names to read, in the order that rows are written.
    func names(among all: () throws -> [String]) rethrows -> [String] {
        guard let patterns else {
            return try all().filter { name in !unwanted.contains { $0.matches(name) } } + extra
        }
        if patterns.allSatisfy({ !$0.isPrefix }) {
            var seen: Set<String> = []
            return patterns.map(\.name).filter { seen.insert($0).inserted }
        }
        let names = try all()
        let plain = patterns.filter { !$0.isPrefix }.map(\.name).filter { !names.contains($0) }
        return names.filter { name in patterns.contains { $0.matches(name) } } + plain
    }

    /// The fields that are named.
    private static func fields(of stats: StatsPipe) -> [FieldPattern] {
        stats.by.map { FieldPattern($0.field) }
            + stats.functions.flatMap { call in
                fields(of: call.condition) + [call.function.source].compactMap { $0.map { FieldPattern($0) } }
                    + call.function.fields
            }
    }

    private static func fields(of filter: Filter?) -> [FieldPattern] {
        switch filter {
        case nil: []
        case .all?: []
        case .and(let members)?, .or(let members)?: members.flatMap { fields(of: $0) }
        case .not(let inner)?: fields(of: inner)
        case .field(let name, _)?: [FieldPattern(name)]
        case .stream(let selector)?:
            [FieldPattern(FieldName.stream)] + StreamMatcher(selector).labels.map { FieldPattern($0) }
        case .time?, .clock?: [FieldPattern(FieldName.time)]
        case .comparison(let comparison)?: [FieldPattern(comparison.field), FieldPattern(comparison.other)]
        // Replaced by its values before it comes here.
        case .subquery(let subquery)?: [FieldPattern(subquery.field)]
        }
    }
}

extension StatsFunction {
    /// Whether it has to do with the values of a row, and names none.
    fileprivate var looksAtAllFields: Bool { fields.isEmpty && kind != .count && kind != .rate }
}
