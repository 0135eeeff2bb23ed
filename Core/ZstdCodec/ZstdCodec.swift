internal import CZstd

/// Why zstd refused. `message` comes from libzstd.
public struct ZstdError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it was.
    public enum Code: Sendable, Equatable {
        /// The frame is damaged, truncated, or no zstd frame at all.
        case corrupt
        /// The content would be larger than the caller allows: a decompression bomb, or a limit set too low.
        case tooLarge
        /// libzstd could not allocate memory.
        case outOfMemory
    }
    /// What kind of failure it was.
    public var code: Code
    /// What libzstd, or the check here, said.
    public var message: String

    /// Makes an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// A sentence without a full stop.
    public var description: String { "zstd: \(message)" }
}

/// The most bytes that `count` bytes can become when compressed.
public func zstdBound(_ count: Int) -> Int {
    ZSTD_compressBound(count)
}

/// A compression context that owns itself. Reuse it: a context is several hundred kilobytes, made when it is first used. One
/// thread at a time.
@safe
public struct ZstdCompressor: ~Copyable {
    private var made: OpaquePointer?
    private let level: Int32
    private let hasChecksum: Bool

    /// A context for a compression level (1 is fastest; 3 is zstd's default; 19 is very slow).
    ///
    /// - Parameters:
    ///   - level: the compression level.
    ///   - checksum: whether each frame ends with a checksum of its content.
    public init(level: Int32 = 3, checksum: Bool = false) {
        self.level = level
        hasChecksum = checksum
    }

    deinit {
        if let made = unsafe made { unsafe ZSTD_freeCCtx(made) }
    }

    private mutating func context() -> OpaquePointer {
        if let made = unsafe made { return unsafe made }
        guard let new = unsafe ZSTD_createCCtx() else { preconditionFailure("zstd: out of memory") }
        unsafe ZSTD_CCtx_setParameter(new, ZSTD_c_compressionLevel, level)
        unsafe ZSTD_CCtx_setParameter(new, ZSTD_c_checksumFlag, hasChecksum ? 1 : 0)
        unsafe made = new
        return unsafe new
    }

    /// Compresses `source` as one frame into `target` and returns the frame's length.
    ///
    /// `target` must have ``zstdBound(_:)`` bytes; less may throw ``ZstdError/Code/tooLarge``.
    public mutating func compress(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
    ) throws(ZstdError) -> Int {
        let length = unsafe ZSTD_compress2(
            context(), target.baseAddress, target.count, source.baseAddress, source.count)
        try check(length)
        return length
    }

    /// Compresses an array as one frame.
    public mutating func compress(_ source: [UInt8]) throws(ZstdError) -> [UInt8] {
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: zstdBound(source.count), alignment: 1)
        defer { unsafe target.deallocate() }
        let length = unsafe try source.span.bytes.withUnsafeBytes { (bytes) throws(ZstdError) in
            unsafe try compress(bytes, into: target)
        }
        return unsafe [UInt8](target[0..<length])
    }
}

/// A decompression context that owns itself. One thread at a time.
@safe
public struct ZstdDecompressor: ~Copyable {
    private let context: OpaquePointer

    /// Makes a context, or takes one that another has left.
    public init() {
        if let spare = unsafe SpareDecompressors.take() {
            unsafe context = spare
            return
        }
        guard let made = unsafe ZSTD_createDCtx() else { preconditionFailure("zstd: out of memory") }
        unsafe context = made
    }

    deinit {
        if unsafe SpareDecompressors.keep(context) { return }
        unsafe ZSTD_freeDCtx(context)
    }

    /// Decompresses one frame whose content is at most `target.count` bytes and returns the content's length.
    ///
    /// - Throws: ``ZstdError/Code/corrupt`` for a damaged or truncated frame, ``ZstdError/Code/tooLarge`` when the
    ///   content does not fit `target`.
    public mutating func decompress(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
    ) throws(ZstdError) -> Int {
        let length = unsafe ZSTD_decompressDCtx(
            context, target.baseAddress, target.count, source.baseAddress, source.count)
        try check(length)
        return length
    }

    /// Decompresses any number of concatenated frames, piece by piece, handing each piece to `sink`.
    ///
    /// The output never exceeds `limit` bytes, whatever the frames' headers promise, and windows over 128 MiB are
    /// refused: what a stranger sends cannot take more memory than this.
    ///
    /// - Parameters:
    ///   - source: the frames.
    ///   - limit: the most bytes of content allowed.
    ///   - sink: takes each piece; the memory is lent for the call only.
    /// - Throws: ``ZstdError/Code/corrupt`` when a frame is damaged or ends early, ``ZstdError/Code/tooLarge`` when the
    ///   content passes `limit`.
    public mutating func decompress(
        _ source: UnsafeRawBufferPointer, limit: Int, into sink: (UnsafeRawBufferPointer) -> Void
    ) throws(ZstdError) {
        unsafe ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
        unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 27)
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: ZSTD_DStreamOutSize(), alignment: 16)
        defer { unsafe piece.deallocate() }
        var input = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
        var produced = 0
        var hint = 1
        repeat {
            var output = unsafe ZSTD_outBuffer(dst: piece.baseAddress, size: piece.count, pos: 0)
            hint = unsafe ZSTD_decompressStream(context, &output, &input)
            try check(hint)
            let made = unsafe output.pos
            produced += made
            if produced > limit { throw ZstdError(.tooLarge, "content is larger than \(limit) bytes") }
            if made > 0 { unsafe sink(UnsafeRawBufferPointer(rebasing: piece[0..<made])) }
            let stuck = unsafe input.pos == input.size && output.pos < output.size
            if stuck { break }
        } while true
        if hint != 0 || source.count == 0 { throw ZstdError(.corrupt, "frame is truncated") }
    }

    /// Decompresses one frame of at most `limit` bytes of content.
    public mutating func decompress(_ source: [UInt8], limit: Int) throws(ZstdError) -> [UInt8] {
        var result: [UInt8] = []
        unsafe try source.span.bytes.withUnsafeBytes { (bytes) throws(ZstdError) in
            unsafe try decompress(bytes, limit: limit) { unsafe result.append(contentsOf: $0) }
        }
        return result
    }
}

/// The content length that a frame's header states, or nil when it states none or is no zstd frame.
public func zstdContentSize(_ frame: UnsafeRawBufferPointer) -> Int? {
    let size = unsafe ZSTD_getFrameContentSize(frame.baseAddress, frame.count)
    // ZSTD_CONTENTSIZE_UNKNOWN is 2^64-1 and ZSTD_CONTENTSIZE_ERROR 2^64-2; the macros do not import.
    return size >= UInt64.max - 1 ? nil : Int(exactly: size)
}

private func check(_ code: Int) throws(ZstdError) {
    guard ZSTD_isError(code) != 0 else { return }
    let message = unsafe String(cString: ZSTD_getErrorName(code))
    switch ZSTD_getErrorCode(code) {
    case ZSTD_error_dstSize_tooSmall, ZSTD_error_frameParameter_windowTooLarge:
        throw ZstdError(.tooLarge, message)
    case ZSTD_error_memory_allocation:
        throw ZstdError(.outOfMemory, message)
    default:
        throw ZstdError(.corrupt, message)
    }
}
