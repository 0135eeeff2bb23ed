/// When the next batch may go without sending more bytes a second than the line is to carry. Pure: time is an argument,
/// nanoseconds of the monotonic clock.
///
/// libcurl holds a transfer to a rate, but only behind its first buffer of 64 KiB: small batches would all pass at once.
struct SendPace {
    private let rate: UInt64
    /// Before this nothing may be sent.
    private(set) var readyAt: UInt64 = 0

    /// Bytes of a request that are not its body, roughly.
    private static let headBytes: UInt64 = 512

    /// Starts with an idle line.
    ///
    /// - Parameter rate: bytes a second.
    init(rate: Int) { self.rate = UInt64(max(1, rate)) }

    /// Counts what was sent.
    ///
    /// - Parameters:
    ///   - bytes: of the body.
    ///   - start: when sending began.
    mutating func sent(_ bytes: Int, from start: UInt64) {
        let (whole, part) = (UInt64(max(0, bytes)) + Self.headBytes).quotientAndRemainder(dividingBy: rate)
        // A rate is far below the 18 billion that would overflow, a part below it.
        readyAt = max(readyAt, start) &+ whole &* 1_000_000_000 &+ part &* 1_000_000_000 / rate
    }
}
