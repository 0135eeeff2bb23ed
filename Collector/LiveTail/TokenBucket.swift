/// Lets so many events pass in a second, and as many at once after a quiet second. Time is an argument.
struct TokenBucket: Sendable {
    private let perSecond: Double
    private var tokens: Double
    private var lastNanos: UInt64

    /// Starts full.
    init(perSecond: Int, now: UInt64) {
        self.perSecond = Double(max(1, perSecond))
        tokens = self.perSecond
        lastNanos = now
    }

    /// Whether one more may pass now.
    mutating func take(now: UInt64) -> Bool {
        if now > lastNanos {
            tokens = min(perSecond, tokens + Double(now - lastNanos) / 1e9 * perSecond)
            lastNanos = now
        }
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}
