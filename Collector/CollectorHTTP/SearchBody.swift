package import LogModel
package import QueryLanguage

/// What a body of `POST /v1/search` asks for, as far as that is told without looking at events.
package struct SearchBody: Sendable {
    /// Which events.
    package let filter: Filter
    /// Only events at or after this time.
    package let from: Timestamp?
    /// Only events before this time.
    package let to: Timestamp?
    /// How many events a page has at most.
    package let limit: Int

    /// Reads a body.
    ///
    /// - Parameters:
    ///   - bytes: the body.
    ///   - now: what relative times count from.
    /// - Throws: ``Problem`` naming what is wrong.
    package init(_ bytes: [UInt8], now: Timestamp) throws {
        let request = try SearchRequest(body: bytes, SearchRoutes.search)
        var terms = try request.terms(for: SearchRoutes.search.path)
        try terms.take(cursor: try request.text("cursor"))
        filter = terms.filter
        from = try QueryRequests.time(terms.timeNames.from, terms.from, now: now, isEnd: false)
        to = try QueryRequests.time(terms.timeNames.to, terms.to, now: now, isEnd: false)
        limit = try request.limit(upTo: 10_000) ?? 100
        _ = try QueryRequests.duration("timeout", try request.text("timeout"))
    }
}
