internal import SystemIO

/// How long a call of a store may take, and whether somebody still waits for its answer.
package struct CallBounds: Sendable {
    /// The most bytes of one ``ObjectStore/read(_:_:_:)``.
    package static let maxReadBytes = 16 << 20

    /// When the call gives up, nanoseconds of the monotonic clock.
    package var deadline: UInt64
    /// Whether nobody waits any more; asked now and then from the thread of the call.
    package var isCancelled: @Sendable () -> Bool

    /// Bounds a call.
    ///
    /// - Parameters:
    ///   - limit: how long it may take from now on.
    ///   - isCancelled: whether nobody waits any more.
    package init(within limit: Duration, isCancelled: @escaping @Sendable () -> Bool = { false }) {
        let (seconds, attoseconds) = limit.components
        let nanos = UInt64(clamping: seconds) &* 1_000_000_000 &+ UInt64(clamping: attoseconds / 1_000_000_000)
        deadline = SystemClock.monotonicNanos() &+ nanos
        self.isCancelled = isCancelled
    }

    /// Throws when the call should end.
    ///
    /// - Parameter name: the store's name, for the sentence.
    /// - Throws: ``ObjectStoreError/cancelled``, or ``ObjectStoreError/unavailable(_:)`` behind the deadline.
    package func check(_ name: String) throws(ObjectStoreError) {
        if isCancelled() { throw .cancelled }
        if SystemClock.monotonicNanos() > deadline { throw .unavailable("\(name) takes too long to answer") }
    }
}
