import AgentTracking
import ByteCoding
import CollectorIngest
import HTTPTypes
import HummingbirdCore
import LineFormats
import LogModel
import WireProtocol
import Workers

/// The ways in: `POST /v1/ingest` and `POST /insert/jsonline`.
struct IngestRoutes: Sendable {
    let gateway: IngestGateway
    let workers: WorkerPool
    let agents: AgentRegistry
    let lagHint: @Sendable () -> String

    private static let agentHeader = HTTPField.Name("Lodge-Agent")
    private static let epochHeader = HTTPField.Name("Lodge-Epoch")
    private static let sequenceHeader = HTTPField.Name("Lodge-Sequence")

    func add(to router: inout Router) {
        let limit = gateway.limits.bodyBytes
        let native = Endpoint(.post, "/v1/ingest", members: ["source", "logs"], passesOthersOver: true)
        router.add(native, bodyLimit: limit) { exchange in
            let receipt = try await accept(exchange) { try nativeFormat(of: exchange) }
            return .json(202, document(receipt))
        }
        // Senders made for other collectors name what they know; what is not known here changes nothing that is stored.
        let lines = Endpoint(
            .post, "/insert/jsonline", parameters: ["_time_field", "_msg_field", "_stream_fields"],
            passesOthersOver: true)
        router.add(lines, bodyLimit: limit) { exchange in
            _ = try await accept(exchange) { .jsonLines(jsonLineKeys(exchange.query)) }
            return .empty(200)
        }
    }

    /// Turns a body into one of the format that is decoded.
    typealias Rewriting = @Sendable (UnsafeRawBufferPointer) throws -> [UInt8]

    /// Reads, decodes and stores the body; returns when it is durable.
    ///
    /// - Throws: ``Problem``; also what `rewriting` throws.
    func accept(
        _ exchange: Exchange, rewriting: Rewriting? = nil, format: () throws -> BodyFormat
    ) async throws -> IngestReceipt {
        do {
            let request = IngestRequest(
                format: try format(), encoding: try encoding(of: exchange), sender: try sender(of: exchange),
                source: exchange.path)
            try gateway.checkOpen()
            var held = 0
            defer { gateway.inFlight.give(held) }
            let body = try await exchange.body(limit: gateway.limits.bodyBytes) { bytes in
                try gateway.inFlight.take(bytes)
                held += bytes
            }
            let receipt = try await decodeAndStore(request, body, rewriting)
            if let sender = request.sender {
                agents.contact(sender.agent, epoch: sender.epoch, newest: receipt.newest?.nanoseconds)
            }
            return receipt
        } catch let refusal as IngestProblem {
            gateway.statistics.refused(refusal.kind)
            throw Problem(refusal)
        }
    }

    private func decodeAndStore(
        _ request: IngestRequest, _ body: [UInt8], _ rewriting: Rewriting?
    ) async throws -> IngestReceipt {
        try await withCheckedThrowingContinuation { continuation in
            do throws(WorkerError) {
                try workers.submit {
                    guard let rewriting else {
                        return gateway.accept(request, body: body) { continuation.resume(with: $0) }
                    }
                    do {
                        let rewritten = try body.withUnsafeBytes(rewriting)
                        gateway.accept(request, body: rewritten) { continuation.resume(with: $0) }
                    } catch {
                        continuation.resume(throwing: error)
                    }
                }
            } catch {
                continuation.resume(throwing: IngestProblem(error))
            }
        }
    }

    private func encoding(of exchange: Exchange) throws(IngestProblem) -> BodyEncoding {
        guard let name = exchange.headers[.contentEncoding]?.lowercased(), name != "identity" else { return .identity }
        if name == "zstd" { return .zstd }
        throw IngestProblem(
            .unsupported, "Content-Encoding \(name.prefix(40)) is not taken: use zstd or none",
            field: "Content-Encoding")
    }

    private func sender(of exchange: Exchange) throws(IngestProblem) -> SenderIdentity? {
        func value(_ name: HTTPField.Name?) -> String? { name.flatMap { exchange.headers[$0] } }
        return try SenderIdentity.parse(
            agent: value(Self.agentHeader), epoch: value(Self.epochHeader), sequence: value(Self.sequenceHeader))
    }

    private func nativeFormat(of exchange: Exchange) throws(IngestProblem) -> BodyFormat {
        switch exchange.mediaType {
        case "application/json": return .json
        case BatchCodec.mediaType: return .wire
        case let other:
            let given = other.isEmpty ? "none is given" : "\(other.prefix(80)) is not taken"
            throw IngestProblem(
                .unsupported, "Content-Type must be application/json or \(BatchCodec.mediaType): \(given)",
                field: "Content-Type")
        }
    }

    private func jsonLineKeys(_ query: FormParameters) -> JSONEventDecoder.Keys {
        // More labels than a stream may have would make a batch that nobody can read back.
        let labels = query.list("_stream_fields") ?? FieldName.defaultStreamLabels
        return JSONEventDecoder.Keys(
            time: query.list("_time_field") ?? [FieldName.time],
            message: query.list("_msg_field") ?? [FieldName.message],
            labels: Array(labels.prefix(IngestLimits.streamLabels)))
    }

    func document(_ receipt: IngestReceipt) -> [UInt8] {
        JSONValue.object([
            .init("accepted", .integer(receipt.accepted)), .init("failed", .integer(receipt.failed)),
            .init("duplicate", .bool(receipt.duplicate)), .init("lag_hint", .string(lagHint())),
            .init(
                "errors",
                .array(
                    receipt.errors.map {
                        .object([.init("index", .integer($0.index)), .init("reason", .string($0.reason))])
                    })),
        ]).bytes
    }
}

extension IngestProblem {
    /// The pool that decodes bodies did not take one.
    init(_ error: WorkerError) {
        switch error {
        case .full:
            self.init(.overloaded, "too many requests wait to be decoded: send it again in a moment")
        case .stopped:
            self.init(.unavailable, "the collector is stopping: send it again in a moment")
        case .noThread:
            self.init(.overloaded, error.description)
        }
    }
}
