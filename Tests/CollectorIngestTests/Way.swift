import ByteCoding
import CollectorIngest
import Journal
import LineFormats
import LogModel
import Synchronization
import SystemIO
import TestSupport
import WireProtocol
import ZstdCodec

/// A gateway into a journal of its own, and what came out of the journal.
final class Way: Sendable {
    let directory: TemporaryDirectory
    let journal: GroupCommitJournal
    let gateway: IngestGateway
    private let stored = Mutex<[CommittedRecord]>([])

    init(_ change: (inout IngestLimits) -> Void = { _ in }) throws {
        directory = try TemporaryDirectory()
        var limits = IngestLimits()
        change(&limits)
        journal = try GroupCommitJournal("\(directory.path)/journal", durability: .operatingSystem)
        gateway = IngestGateway(
            journal: journal, deadLetters: try DeadLetters(directory: "\(directory.path)/dead"), limits: limits)
        _ = journal.subscribe { [weak self] records in self?.stored.withLock { $0 += records } }
    }

    deinit {
        journal.stop()
        gateway.deadLetters.stop()
    }

    var records: [CommittedRecord] { stored.withLock { $0 } }

    /// The batches as somebody gets them who reads the journal back.
    var batches: [EventBatch] {
        get throws {
            let reader = RecordReader()
            return try records.compactMap { try reader.batch(of: $0.record) }
        }
    }

    func post(
        _ format: BodyFormat, _ body: [UInt8], _ encoding: BodyEncoding = .identity, sender: SenderIdentity? = nil
    ) async -> Result<IngestReceipt, IngestProblem> {
        await withCheckedContinuation { continuation in
            let request = IngestRequest(format: format, encoding: encoding, sender: sender, source: "/test")
            gateway.accept(request, body: body) { continuation.resume(returning: $0) }
        }
    }

    func lines(_ text: String, _ keys: JSONEventDecoder.Keys = .init()) async throws -> IngestReceipt {
        try await post(.jsonLines(keys), Array(text.utf8)).get()
    }

    func json(_ text: String) async -> Result<IngestReceipt, IngestProblem> {
        await post(.json, Array(text.utf8))
    }

    func letters() throws -> [JSONValue] {
        gateway.deadLetters.drain()
        return try directory.text("dead/dead-letters.ndjson").split(separator: "\n").map {
            try JSONValue(parsing: String($0))
        }
    }
}

func zstd(_ content: [UInt8]) throws -> [UInt8] {
    var compressor = ZstdCompressor()
    return try compressor.compress(content)
}
