import ByteCoding
package import Journal
package import LogModel
import WireProtocol
import ZstdCodec

extension JournalRecordKind {
    /// A body of JSON as it came, compressed, behind what is needed to read it.
    package static let jsonBody = JournalRecordKind(rawValue: 17)
}

/// How the journal keeps a batch. What came compressed is kept as it came: nothing is encoded and compressed again.
enum RecordForm: Sendable {
    /// Encoded by the wire protocol and compressed.
    case encoded
    /// The frame that was sent, which holds just that.
    case frame
    /// The body that was sent, and how it is read.
    case body(JSONBody)
}

/// What a journal record holds of a request.
struct RecordContent: Sendable {
    var kind: JournalRecordKind
    /// What the payload begins with.
    var preamble: [UInt8] = []
    var payload: [UInt8]

    /// Makes the content of a batch's record.
    ///
    /// - Parameters:
    ///   - batch: the events.
    ///   - form: how they are kept.
    ///   - body: the body as it came.
    ///   - contentBytes: the length of the body, decompressed.
    ///   - scratch: buffers.
    /// - Throws: ``IngestProblem`` when there is not enough memory.
    init(
        _ batch: EventBatch, _ form: RecordForm, _ body: [UInt8], contentBytes: Int,
        _ scratch: IngestScratch
    ) throws(IngestProblem) {
        switch form {
        case .encoded:
            kind = .batch
            payload = try scratch.compressed(batch)
        case .frame:
            kind = .batch
            payload = body
        case .body(let json):
            kind = .jsonBody
            scratch.encoded.removeAll()
            json.write(to: &scratch.encoded)
            scratch.encoded.append(varint: UInt64(contentBytes))
            preamble = scratch.encoded.array()
            payload = body
        }
    }
}

extension IngestScratch {
    /// A batch in the wire protocol, compressed.
    fileprivate func compressed(_ batch: EventBatch) throws(IngestProblem) -> [UInt8] {
        encoded.removeAll()
        BatchCodec.encode(batch, into: &encoded)
        return try encoded.withBytes { (bytes) throws(IngestProblem) in
            var failure: ZstdError?
            let result = [UInt8](unsafeUninitializedCapacity: zstdBound(bytes.count)) { room, count in
                do throws(ZstdError) {
                    count = try compressor.compress(bytes, into: UnsafeMutableRawBufferPointer(room))
                } catch {
                    failure = error
                }
            }
            if let failure { throw IngestProblem(.overloaded, "the batch cannot be compressed: \(failure)") }
            return result
        }
    }
}

/// Reads batches back from journal records. It keeps its buffers: use one for many records, on one thread at a time.
package struct RecordReader {
    /// Bytes of a batch in the wire protocol that are taken at most: many times the default limit of a body's content,
    /// because names and lengths can make a batch larger than its body was.
    private static let contentLimit = 512 << 20
    private let scratch = IngestScratch()

    /// Makes a reader.
    package init() {}

    /// The events of a record: the same ones, in the same rows, as when it was taken.
    ///
    /// - Parameter record: any record of the collector's journal.
    /// - Returns: its events; nil when it is of a kind that holds none.
    /// - Throws: a sentence when the payload is damaged.
    package func batch(of record: JournalRecord) throws -> EventBatch? {
        switch record.kind {
        case .batch:
            try record.payload.withUnsafeBytes { try scratch.decompress($0, limit: Self.contentLimit) }
            return try scratch.content.withBytes { try BatchCodec.decode($0, tenant: StreamIdentity.defaultTenant) }
        case .jsonBody:
            let (json, contentBytes) = try record.wholePayload.withUnsafeBytes { bytes in
                var reader = ByteReader(bytes)
                let json = try JSONBody(from: &reader)
                let contentBytes = try reader.count(limit: Self.contentLimit)
                try scratch.decompress(reader.bytes(reader.remaining), limit: contentBytes)
                return (json, contentBytes)
            }
            guard scratch.content.count == contentBytes else {
                throw ByteCodingError.invalid(offset: scratch.content.count, what: "body is cut off")
            }
            var rejections = Rejections()
            return try scratch.content.withBytes { content in
                try json.decode(
                    content, arrival: Timestamp(nanoseconds: record.ingestTime), with: &scratch.builder,
                    rejections: &rejections)
            }
        default: return nil
        }
    }
}
