internal import LogModel

extension Query {
    /// Whether its answer may depend on the time at which it is asked, with the same events. True where that is not known.
    package var looksAtPresentTime: Bool {
        if filter.looksAtPresentTime { return true }
        return pipes.contains { pipe in
            switch pipe {
            case .stats(let stats):
                stats.functions.contains { $0.condition?.looksAtPresentTime ?? false }
            case .filter(let filter): filter.filter.looksAtPresentTime
            case .copy, .delete, .dropEmptyFields, .facets, .fieldNames, .fieldValues, .fields, .limit, .offset,
                .rename,
                .sort, .top, .uniq:
                false
            default: true
            }
        }
    }
}

extension Filter {
    fileprivate var looksAtPresentTime: Bool {
        switch self {
        case .and(let members), .or(let members): members.contains { $0.looksAtPresentTime }
        case .not(let inner): inner.looksAtPresentTime
        case .time(let time): time.looksAtPresentTime
        case .subquery: true
        case .all, .field, .stream, .clock, .comparison: false
        }
    }
}

extension TimeFilter {
    /// Times that count from the present one are others at another.
    private static let moments = [0, 1_000_000_000_000_000_007].map { Timestamp(nanoseconds: $0) }

    fileprivate var looksAtPresentTime: Bool {
        bounds(now: Self.moments[0]) != bounds(now: Self.moments[1])
    }
}
