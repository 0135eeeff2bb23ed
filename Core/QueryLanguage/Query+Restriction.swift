extension Query {
    /// The query with a filter put to it that holds for everything it reads, the queries inside it included.
    package func restricted(to restriction: Filter) -> Query {
        if restriction == .all { return self }
        var result = self
        result.filter = .conjunction([restriction, filter.restrictingSubqueries(to: restriction)])
        result.pipes = pipes.flatMap { pipe -> [Pipe] in
            switch pipe {
            case .join(var join):
                join.query = join.query.restricted(to: restriction)
                return [.join(join)]
            case .union(var union):
                union.query = union.query.restricted(to: restriction)
                return [.union(union)]
            // It brings events that no filter has let pass.
            case .streamContext: return [pipe, .filter(FilterPipe(restriction))]
            default: return [pipe.mapFilters { $0.restrictingSubqueries(to: restriction) }]
            }
        }
        return result
    }

    /// The filter of the query and of the `filter` pipes right behind it: which events it is about.
    package var selection: Filter {
        var filters = [filter]
        for pipe in pipes {
            guard case .filter(let next) = pipe else { break }
            filters.append(next.filter)
        }
        return .conjunction(filters)
    }
}

extension Filter {
    /// The filter with the queries inside it restricted, itself not.
    fileprivate func restrictingSubqueries(to restriction: Filter) -> Filter {
        switch self {
        case .and(let members): return .and(members.map { $0.restrictingSubqueries(to: restriction) })
        case .or(let members): return .or(members.map { $0.restrictingSubqueries(to: restriction) })
        case .not(let inner): return .not(inner.restrictingSubqueries(to: restriction))
        case .subquery(var subquery):
            subquery.query = subquery.query.restricted(to: restriction)
            return .subquery(subquery)
        case .all, .field, .stream, .time, .clock, .comparison: return self
        }
    }
}
