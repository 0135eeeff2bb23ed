/// Says how long to rest after some work, so that no more than a share of one core and a number of bytes a second are
/// used. Pure: the clock stays outside.
package struct Throttle: Sendable {
    private let share: Double
    private let bytesPerSecond: Double
    /// Work that was not rested for yet, because the rest would have been too short to be worth it; nanoseconds.
    private var owed: Double = 0

    /// Rests shorter than this are added up.
    private static let leastRest = 2_000_000.0

    /// Makes a throttle.
    ///
    /// - Parameters:
    ///   - share: of one core, over 0 up to 1.
    ///   - bytesPerSecond: read and written together; over 0.
    package init(share: Double, bytesPerSecond: Int) {
        self.share = min(1, max(0.01, share))
        self.bytesPerSecond = Double(max(1, bytesPerSecond))
    }

    /// Never asks for a rest.
    package static let unlimited = Throttle(share: 1, bytesPerSecond: .max)

    /// Notes a piece of work.
    ///
    /// - Parameters:
    ///   - nanos: how long it took.
    ///   - bytes: how many bytes it read and wrote.
    /// - Returns: nanoseconds to rest now; 0 for a short piece.
    package mutating func rest(afterNanos nanos: UInt64, bytes: Int) -> UInt64 {
        let busy = Double(nanos)
        let whole = max(busy / share, Double(bytes) / bytesPerSecond * 1e9)
        owed += whole - busy
        guard owed >= Self.leastRest else { return 0 }
        defer { owed = 0 }
        return UInt64(owed)
    }
}
