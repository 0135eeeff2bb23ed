/// Whose batch is sent next: those of the lane that matters most, but one in ``share`` is another lane's, each in its turn.
/// Without that, ERROR that comes as fast as the line takes it would keep back all else until the spool drops it.
struct LaneTurns {
    /// One of so many delivered batches goes out of the order of priorities.
    static let share = 8

    private var delivered = 0
    private var next = 0

    /// The lanes in the order in which they are asked for a batch.
    var order: [Lane] {
        let lanes = Lane.inOrder
        guard delivered >= Self.share - 1 else { return lanes }
        return Array(lanes[next...] + lanes[..<next])
    }

    /// Counts a batch that is dealt with.
    ///
    /// - Parameter lane: the lane it was in.
    mutating func finished(_ lane: Lane) {
        guard delivered >= Self.share - 1 else { return delivered += 1 }
        delivered = 0
        let place = Lane.inOrder.firstIndex(of: lane) ?? 0
        next = (place + 1) % Lane.inOrder.count
    }
}
