internal import CZstd
internal import Synchronization

/// Decompression contexts that nobody uses at the moment. Making one costs as much as a small frame; a query over many
/// small columns would make thousands.
enum SpareDecompressors {
    /// A context takes 96 KiB or so.
    private static let most = 8
    /// One that has decompressed a stream holds its window; it goes.
    private static let mostBytes = 256 << 10

    /// Sendable: whoever has taken it is the only one who has it.
    @safe
    private struct Spare: @unchecked Sendable {
        let context: OpaquePointer
    }

    private static let spares = Mutex<[Spare]>([])

    /// A context that is as new; nil when there is none.
    static func take() -> OpaquePointer? {
        unsafe spares.withLock { $0.popLast() }?.context
    }

    /// Whether the context is kept; if not, it is still the caller's.
    static func keep(_ context: OpaquePointer) -> Bool {
        guard unsafe ZSTD_sizeof_DCtx(context) <= mostBytes,
            unsafe ZSTD_isError(ZSTD_DCtx_reset(context, ZSTD_reset_session_and_parameters)) == 0
        else { return false }
        let spare = unsafe Spare(context: context)
        return spares.withLock { spares in
            guard spares.count < most else { return false }
            spares.append(spare)
            return true
        }
    }
}
