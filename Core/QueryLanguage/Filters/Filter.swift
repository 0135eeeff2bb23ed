package import LogModel

/// Which events a query selects.
///
/// ``conjunction(_:)``, ``disjunction(_:)`` and ``negation(_:)`` keep trees in the form that the parser makes: no list
/// with fewer than two members, no list directly in one of its kind, no double negation.
package indirect enum Filter: Hashable, Sendable {
    /// Every event: `*`.
    case all
    /// Events that pass all of these.
    case and([Filter])
    /// Events that pass at least one of these.
    case or([Filter])
    /// Events that do not pass this.
    case not(Filter)
    /// Events whose field passes a test. A missing field is an empty value.
    case field(String, FieldTest)
    /// Events of some streams: `{service="cart"}`.
    case stream(StreamSelector)
    /// Events of some time: `_time:5m`.
    case time(TimeFilter)
    /// Events of some time of the day or of the week: `_time:day_range[08:00, 18:00)`.
    case clock(ClockFilter)
    /// Events with two fields that relate: `a:eq_field(b)`.
    case comparison(FieldComparison)
    /// Events with a value that another query gives: `user:in(error | fields user)`.
    case subquery(Subquery)

    /// Parses a filter without pipes.
    ///
    /// - Throws: `QueryError`, see `Query.init(parsing:)`.
    package init(parsing text: String) throws(QueryError) {
        var parser = try Parser(text)
        self = try parser.filter()
        guard parser.current.kind == .end else {
            throw parser.unexpected(expected: ["the end of the filter"])
        }
    }

    /// All of `filters`; ``all`` when there are none.
    package static func conjunction(_ filters: [Filter]) -> Filter {
        let flat = filters.flatMap { if case .and(let members) = $0 { members } else { [$0] } }
        return flat.count == 1 ? flat[0] : flat.isEmpty ? .all : .and(flat)
    }

    /// At least one of `filters`; none of them means no event.
    package static func disjunction(_ filters: [Filter]) -> Filter {
        let flat = filters.flatMap { if case .or(let members) = $0 { members } else { [$0] } }
        return flat.count == 1 ? flat[0] : flat.isEmpty ? .not(.all) : .or(flat)
    }

    /// The opposite of `filter`.
    package static func negation(_ filter: Filter) -> Filter {
        if case .not(let inner) = filter { inner } else { .not(filter) }
    }

    /// The times that events may have to pass, nanoseconds since the epoch, both ends included; nil when no time will
    /// do. Never too narrow; negations and filters other than time do not narrow it.
    ///
    /// - Parameter now: what relative times such as `_time:5m` count from.
    /// - Returns: the earliest and the latest time.
    package func timeBounds(now: Timestamp) -> ClosedRange<Int64>? {
        let everything = Int64.min...Int64.max
        switch self {
        case .time(let filter): return filter.bounds(now: now)
        case .and(let members):
            var low = Int64.min
            var high = Int64.max
            for member in members {
                guard let bounds = member.timeBounds(now: now) else { return nil }
                low = max(low, bounds.lowerBound)
                high = min(high, bounds.upperBound)
            }
            return low <= high ? low...high : nil
        case .or(let members):
            let bounds = members.compactMap { $0.timeBounds(now: now) }
            guard let low = bounds.map(\.lowerBound).min(), let high = bounds.map(\.upperBound).max() else {
                return nil
            }
            return low...high
        case .not(.all): return nil
        case .all, .not, .field, .stream, .clock, .comparison, .subquery: return everything
        }
    }

    /// The same filter with `change` applied to each test of a field.
    package func mapTests(_ change: (String, FieldTest) -> FieldTest) -> Filter {
        switch self {
        case .and(let members): .and(members.map { $0.mapTests(change) })
        case .or(let members): .or(members.map { $0.mapTests(change) })
        case .not(let inner): .not(inner.mapTests(change))
        case .field(let name, let test): .field(name, change(name, test))
        case .all, .stream, .time, .clock, .comparison, .subquery: self
        }
    }

    /// Whether a query inside must run before events can be tested.
    package var hasSubquery: Bool {
        switch self {
        case .and(let members), .or(let members): members.contains { $0.hasSubquery }
        case .not(let inner): inner.hasSubquery
        case .subquery: true
        case .all, .field, .stream, .time, .clock, .comparison: false
        }
    }

    /// The same filter with each query inside replaced by the values that it gives.
    package func resolvingSubqueries<E: Error>(
        _ values: (Subquery) throws(E) -> [QueryText]
    ) throws(E) -> Filter {
        switch self {
        case .and(let members):
            var resolved: [Filter] = []
            for member in members { resolved.append(try member.resolvingSubqueries(values)) }
            return .conjunction(resolved)
        case .or(let members):
            var resolved: [Filter] = []
            for member in members { resolved.append(try member.resolvingSubqueries(values)) }
            return .disjunction(resolved)
        case .not(let inner): return .negation(try inner.resolvingSubqueries(values))
        case .subquery(let subquery): return .field(subquery.field, subquery.use.test(try values(subquery)))
        case .all, .field, .stream, .time, .clock, .comparison: return self
        }
    }
}

extension Filter: CustomStringConvertible {
    /// The filter in canonical form.
    package var description: String {
        switch self {
        case .all: return "*"
        case .and(let members):
            return members.map { $0.grouped { if case .or = $0 { true } else { false } } }
                .joined(separator: " ")
        case .or(let members): return members.map { $0.grouped { _ in false } }.joined(separator: " or ")
        case .not(let inner):
            return "!" + inner.grouped { if case .or = $0 { true } else if case .and = $0 { true } else { false } }
        case .field(FieldName.message, let test): return test.description(isMessage: true)
        case .field(let name, let test): return Quoting.name(name) + ":" + test.description(isMessage: false)
        case .stream(let selector): return selector.description
        case .time(let filter): return filter.description
        case .clock(let filter): return filter.description
        case .comparison(let comparison): return comparison.description
        case .subquery(let subquery): return Quoting.name(subquery.field) + ":" + subquery.description
        }
    }

    private func grouped(_ needsParentheses: (Filter) -> Bool) -> String {
        needsParentheses(self) ? "(" + description + ")" : description
    }
}
