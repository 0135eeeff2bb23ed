import HummingbirdCore
import LineFormats
import QueryEngine
import SystemIO

extension QueryRunner {
    /// Runs a query, and answers with how that went instead of its rows.
    ///
    /// - Throws: ``Problem``, as ``collect(_:into:emit:)``.
    func explain(_ job: Job) async throws -> Response {
        var job = job
        let trace = QueryTrace(clock: { SystemClock.monotonicNanos() })
        job.trace = trace
        _ = try await collect(job, into: ()) { _, _ in true }
        return .json(200, trace.explanation.json("\(job.query)").bytes)
    }
}
