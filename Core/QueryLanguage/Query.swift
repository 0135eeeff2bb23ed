package import LogModel

/// A parsed query: which events, and what to do with them.
///
/// `description` writes it in one canonical form, which parses back to an equal query.
package struct Query: Hashable, Sendable {
    /// How the query is to run: `options(...)` in front of it.
    package var options = QueryOptions()
    /// Which events the query selects.
    package var filter: Filter
    /// What happens to them, first pipe first.
    package var pipes: [Pipe]

    /// Makes a query.
    package init(filter: Filter, pipes: [Pipe] = []) {
        self.filter = filter
        self.pipes = pipes
    }

    /// Parses LogsQL.
    ///
    /// - Throws: `QueryError` with the place of the first mistake; also for what LogsQL knows but Lodge does not yet,
    ///   and for queries over ``QueryLimits``.
    package init(parsing text: String) throws(QueryError) {
        var parser = try Parser(text)
        self = try parser.query()
    }

    /// The times that events may have to pass the filter, nanoseconds since the epoch; nil when no time will do. See
    /// ``Filter/timeBounds(now:)``.
    package func timeBounds(now: Timestamp) -> ClosedRange<Int64>? {
        filter.timeBounds(now: now)
    }
}

extension Query: CustomStringConvertible {
    /// The query in canonical form.
    package var description: String {
        options.description + ([filter.description] + pipes.map { $0.description }).joined(separator: " | ")
    }
}
