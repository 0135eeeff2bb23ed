import ByteCoding
import LogModel
import Synchronization
import SystemIO
import ZstdCodec

/// The buffers and contexts that decoding one request needs. They are reused; whoever has taken one owns it.
///
/// Sendable: one that is free is in the list of ``ScratchPool`` and nowhere else, and leaves it, under its lock, with the
/// one call of ``IngestGateway/accept(_:body:completion:)`` that takes it. That call uses it on its own thread, keeps no
/// reference, and gives it back when all that was made with it has been copied out. The compiler cannot check this: what
/// leaves a list behind a `Mutex` counts as shared, and a lock around each scratch would have to be held while pointers
/// into the request's body are read, which may not be sent.
final class IngestScratch: @unchecked Sendable {
    /// The content of the body after decompression.
    var content = ByteWriter(capacity: 1 << 20)
    /// Builds batches, and remembers the streams of those before.
    var builder = EventBatchBuilder()
    /// A batch in the wire protocol.
    var encoded = ByteWriter(capacity: 1 << 20)
    var decompressor = ZstdDecompressor()
    /// Level 1: the journal is read once at most, and then deleted.
    var compressor = ZstdCompressor(level: 1)
    /// The most bytes of memory that a buffer has taken.
    var largestBuffer: Int { max(content.capacity, encoded.capacity, builder.memoryBytes) }

    /// Frees the memory of the buffers.
    func empty() {
        content = ByteWriter(capacity: 16)
        builder = EventBatchBuilder()
        encoded = ByteWriter(capacity: 16)
        MemoryAllocator.giveBack()
    }

    /// Fills ``content`` with what `body` decompresses to.
    ///
    /// - Throws: ``IngestProblem`` for a damaged or truncated frame, or more content than `limit`.
    func decompress(_ body: UnsafeRawBufferPointer, limit: Int) throws(IngestProblem) {
        content.removeAll()
        do throws(ZstdError) {
            if let size = zstdContentSize(body), size <= limit {
                // The usual case: one frame that says how much it holds, decompressed right into the buffer.
                do throws(ZstdError) {
                    try content.append(room: size + 1) { (room) throws(ZstdError) in
                        try decompressor.decompress(body, into: room)
                    }
                    return
                } catch  where error.code == .tooLarge {
                    // More than one frame: piece by piece.
                    content.removeAll()
                }
            }
            try decompressor.decompress(body, limit: limit) { content.append(contentsOf: $0) }
        } catch {
            content.removeAll()
            switch error.code {
            case .tooLarge:
                throw IngestProblem(
                    .tooLarge, "the body decompresses to more than \(limit) bytes: send it in parts", limit: limit)
            case .corrupt:
                throw IngestProblem(.malformed, "the body is no complete zstd frame: \(error.message)")
            case .outOfMemory:
                throw IngestProblem(.overloaded, "there is not enough memory to decompress the body: try again later")
            }
        }
    }
}

/// Scratches that nobody uses at present.
final class ScratchPool: Sendable {
    /// Scratches kept; more are freed after use.
    private static let kept = 8
    /// One that has held more than this is freed instead of kept, so that one large body does not cost memory for ever.
    private static let keptBytes = 8 << 20
    private let free = Mutex<[IngestScratch]>([])

    func take() -> IngestScratch {
        free.withLock { $0.popLast() } ?? IngestScratch()
    }

    func give(_ scratch: IngestScratch) {
        guard scratch.largestBuffer <= Self.keptBytes else { return scratch.empty() }
        free.withLock { if $0.count < Self.kept { $0.append(scratch) } }
    }
}
