import ByteCoding
import HTTPTypes
import HummingbirdCore
import QueryEngine

extension QueryRunner {
    private static let completenessHeader = HTTPField.Name("Lodge-Completeness")

    /// Runs a query whose rows go out while it runs.
    ///
    /// - Parameters:
    ///   - job: the query.
    ///   - type: the media type of the answer.
    ///   - write: appends a block the way the client gets it.
    /// - Returns: the answer; its body is made while it is sent.
    /// - Throws: ``Problem`` when the query fails before its first row; later failures break the answer off.
    func stream(
        _ job: Job, type: String, write: @escaping @Sendable (ResultBlock, inout ByteWriter) -> Void
    ) async throws -> Response {
        let channel = ChunkChannel()
        await begin(job, channel) { error in
            channel.finish(error)
        } body: { [self] query in
            do {
                let writer = BlockWriter()
                let summary = try run(job, query, isCancelled: { channel.isCancelled }) { block in
                    writer.append(block, write, to: channel)
                }
                // What came after the last full piece. Rows that are missing must not look like an answer.
                let isSent = writer.flush(to: channel)
                channel.finish(isSent && !summary.isComplete ? Self.incomplete(summary, job) : nil)
            } catch {
                channel.finish(error)
            }
        }
        var headers: HTTPFields = [:]
        // What is known before the query has ended. What is not ends the stream.
        if let name = Self.completenessHeader {
            headers[name] = completeness(job, ExecutionSummary(), goesOn: .nowhere).summary
        }
        return try await channel.response(type: type, headers)
    }

    /// Runs a query for an answer in records, each of them sent at once. The query ends with its client.
    ///
    /// - Parameters:
    ///   - job: the query.
    ///   - pass: goes over the blocks.
    ///   - channel: where the records go.
    ///   - emit: takes the rows; false ends the query.
    ///   - ended: hears how it went, on any thread, once.
    func follow(
        _ job: Job, _ pass: Pass, _ channel: ChunkChannel, emit: @escaping @Sendable (ResultBlock) -> Bool,
        ended: @escaping @Sendable (Swift.Result<ExecutionSummary, any Error>) -> Void
    ) async {
        await begin(job, channel) { error in
            ended(.failure(error))
        } body: { [self] query in
            ended(Swift.Result { try run(job, query, pass: pass, isCancelled: { channel.isCancelled }) { emit($0) } })
        }
    }

    /// Has `body` run when it is the query's turn, or `fail` called, with a client that ends both by going.
    private func begin(
        _ job: Job, _ channel: ChunkChannel, _ fail: @escaping @Sendable (any Error) -> Void,
        body: @escaping @Sendable (RunningQuery) -> Void
    ) async {
        let query = self.query(job)
        let forget = await Asker.current?.whenGone { [registry] in
            registry.end(query, .clientGone)
            channel.cancel()
        }
        arrive(query, fail) {
            defer { forget?() }
            body(query)
        }
    }
}

extension ChunkChannel {
    /// How often something is said to who waits for a slow query.
    private static let beatInterval = Duration.seconds(1)

    /// The answer whose body is what comes; suspends until the first piece tells whether it is an answer at all.
    ///
    /// - Parameters:
    ///   - type: the media type.
    ///   - headers: other headers.
    ///   - beat: called every second while the body is sent; offers something to a reader that waits.
    /// - Returns: the answer.
    /// - Throws: what the channel was finished with before its first piece.
    func response(
        type: String, _ headers: HTTPFields = [:], beat: (@Sendable () -> Void)? = nil
    ) async throws -> Response {
        let first = try await next()
        var headers = headers
        headers[.contentType] = type
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                let beats = beat.map { beat in
                    Task {
                        while !Task.isCancelled {
                            try await Task.sleep(for: Self.beatInterval)
                            beat()
                        }
                    }
                }
                defer { beats?.cancel() }
                var piece = first
                do {
                    while let bytes = piece {
                        try await writer.write(bytes)
                        piece = try await self.next()
                    }
                } catch {
                    self.cancel()
                    throw error
                }
                try await writer.finish(nil)
            })
    }
}
