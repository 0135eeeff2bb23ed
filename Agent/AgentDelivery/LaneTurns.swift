/// Whose batch is sent next: those of the lane that matters most, but one in ``share`` is another lane's, each in its turn.
/// Without that, ERROR that comes as fast as the line takes it would keep back all else until the spool drops it.
///
/// It is attempts that count: a batch that never gets through, because something on the way does not let it, keeps back
/// its own lane alone.
struct LaneTurns {
    /// One of so many attempts goes out of the order of priorities.
    static let share = 8

    private var attempts = 0
    /// Never the first lane: all other attempts are its.
    private var next = 1

    /// The lanes in the order in which they are asked for a batch.
    var order: [Lane] {
        let lanes = Lane.inOrder
        guard attempts >= Self.share - 1 else { return lanes }
        return Array(lanes[next...] + lanes[..<next])
    }

    /// Counts an attempt to deliver a batch, whatever became of it.
    ///
    /// - Parameter lane: the lane it is in.
    mutating func tried(_ lane: Lane) {
        guard attempts >= Self.share - 1 else { return attempts += 1 }
        attempts = 0
        let place = Lane.inOrder.firstIndex(of: lane) ?? 0
        next = place + 1 < Lane.inOrder.count ? place + 1 : 1
    }
}
