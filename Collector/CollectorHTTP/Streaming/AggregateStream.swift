import ByteCoding
import HummingbirdCore
import LineFormats
import QueryEngine
import Synchronization

/// `POST /v1/aggregate` with `stream`: how far it is, and at its end the answer.
///
/// Numbers of a part are not sent: where labels alone count they come of rollups, without the events, and else what has been
/// counted of a part of the time would look like an answer.
struct AggregateStream: Sendable {
    let runner: QueryRunner

    /// Begins an aggregation.
    ///
    /// - Parameters:
    ///   - answer: what is asked.
    ///   - job: the query.
    ///   - start: when the request came, monotonic.
    /// - Returns: the answer; its body is made while it is sent.
    /// - Throws: ``Problem`` when the query cannot begin.
    func answer(_ answer: AggregateAnswer, _ job: QueryRunner.Job, since start: UInt64) async throws -> Response {
        let channel = ChunkChannel()
        let records = AggregateRecords(channel, maximumBytes: runner.limits.answerBytes, since: start)
        let pass = QueryRunner.Pass { (input, emit) throws(ExecutionError) in
            guard records.begin(input.options.progress) else { return ExecutionSummary() }
            let claim = MemoryClaim(input.options.budget)
            var failure: ExecutionError?
            let summary = try execute(input.query, on: input.blocks, input.options) { block in
                let goesOn = emit(block)
                do throws(ExecutionError) {
                    try claim.set(records.memoryBytes, "the result", "narrow the filter, or ask for less of it")
                } catch {
                    failure = error
                    return false
                }
                return goesOn
            }
            if let failure { throw failure }
            return summary
        }
        let runner = runner
        await runner.follow(job, pass, channel, emit: { records.add($0) }) { result in
            records.end(result, answer, job, runner)
        }
        return try await channel.response(type: StreamRecord.type, beat: { records.beat() })
    }
}

/// Gathers the rows of an aggregation and writes its records.
private final class AggregateRecords: Sendable {
    private let channel: ChunkChannel
    private let start: UInt64
    private let table: Mutex<ResultTable>
    private let progress = Mutex<QueryProgress?>(nil)

    init(_ channel: ChunkChannel, maximumBytes: Int, since start: UInt64) {
        self.channel = channel
        self.start = start
        table = Mutex(ResultTable(maximumBytes: maximumBytes))
    }

    var memoryBytes: Int { table.withLock { $0.memoryBytes } }

    func begin(_ known: QueryProgress) -> Bool {
        progress.withLock { $0 = known }
        var writer = ByteWriter(capacity: 256)
        StreamRecord.write(share: 0, known, since: start, [], to: &writer)
        return channel.send(writer)
    }

    func add(_ block: ResultBlock) -> Bool { table.withLock { $0.add(block) } }

    /// Says how far it is if the client waits for that.
    func beat() {
        guard let progress = progress.withLock({ $0 }), progress.blocks > 0 else { return }
        var writer = ByteWriter(capacity: 256)
        let share = Double(progress.blocksDone) / Double(progress.blocks)
        StreamRecord.write(share: share, progress, since: start, [], to: &writer)
        channel.offer(writer)
    }

    func end(
        _ result: Result<ExecutionSummary, any Error>, _ answer: AggregateAnswer, _ job: QueryRunner.Job,
        _ runner: QueryRunner
    ) {
        // From here on no beat comes behind the end.
        let hasBegun = progress.withLock { progress in
            defer { progress = nil }
            return progress != nil
        }
        var writer = ByteWriter(capacity: 1 << 12)
        do {
            let summary = try result.get()
            let table = table.withLock { $0 }
            guard !table.isFull else { throw runner.tooLarge }
            var content = ByteWriter(capacity: 1 << 12)
            try answer.write(table, summary, job, runner, since: start, to: &content)
            writer.append(utf8: #"{"end":"#)
            content.withBytes { writer.append(contentsOf: $0) }
            writer.append(utf8: "}\n")
        } catch {
            // What fails before anything was sent is answered with its status.
            if !hasBegun { return channel.finish(error) }
            StreamRecord.write(error: error, to: &writer)
        }
        _ = channel.send(writer)
        channel.finish()
    }
}

extension AggregateAnswer {
    /// Appends the whole answer, a JSON object.
    ///
    /// - Throws: ``Problem`` when there were too many buckets with the empty ones.
    func write(
        _ table: ResultTable, _ summary: ExecutionSummary, _ job: QueryRunner.Job, _ runner: QueryRunner,
        since start: UInt64, to writer: inout ByteWriter
    ) throws(Problem) {
        writer.append(0x7B)
        summary.writeMembers(runner.completeness(job, summary), since: start, to: &writer)
        writer.append(utf8: #","buckets":"#)
        try write(table, from: job.from, to: job.to, into: &writer)
        writer.append(0x7D)
    }
}
