/// How many seconds a local clock is ahead of UTC, with a small cache in front of a look-up that is slow.
public struct LocalOffsets {
    private static let slots = 256
    private let lookUp: ((Int64) -> Int)?
    private var buckets = [Int64](repeating: .min, count: LocalOffsets.slots)
    private var cached = [Int](repeating: 0, count: LocalOffsets.slots)

    /// The clock shows UTC.
    public static var utc: LocalOffsets { LocalOffsets(nil) }

    /// Makes offsets.
    ///
    /// - Parameter lookUp: gives the seconds east of UTC for what the local clock shows, written as seconds since 1970
    ///   as if it were UTC. It is asked once for a quarter of an hour: zones change at such times only.
    public init(_ lookUp: ((Int64) -> Int)?) {
        self.lookUp = lookUp
    }

    /// Seconds east of UTC when the local clock shows `seconds`.
    mutating func offset(atLocal seconds: Int64) -> Int {
        guard let lookUp else { return 0 }
        let bucket = seconds >= 0 ? seconds / 900 : (seconds - 899) / 900
        let slot = Int(bucket) & (LocalOffsets.slots - 1)
        if buckets[slot] != bucket {
            cached[slot] = lookUp(bucket * 900)
            buckets[slot] = bucket
        }
        return cached[slot]
    }
}
