internal import Synchronization

extension StreamIdentity {
    /// Streams that are known process-wide, so that equal ones are one object and are compared by address.
    private static let known = Mutex<Set<StreamIdentity>>([])
    /// Streams that are remembered at most; beyond, remembering starts anew and equal ones may be several objects.
    static let knownLimit = 1 << 14

    /// The one object that stands for this stream in the process.
    ///
    /// - Complexity: O(1), under a lock: for each stream of a batch at most, never for each event.
    package func shared() -> StreamIdentity {
        Self.known.withLock { known in
            if known.count >= Self.knownLimit { known.removeAll() }
            return known.insert(self).memberAfterInsert
        }
    }
}
