/// Segments whose files could not be read: the disk failed, or too many files were open. They stay where they are and in
/// use, because a disk that fails once may work again; answers say that their events are missing, and they are tried
/// again. Only bytes that were read and are wrong make a segment damaged.
struct UnreadableSegments: Sendable {
    /// What could not be done with a segment.
    enum Failure: Sendable {
        /// It could not be opened. Trying again costs little.
        case opening
        /// Its content could not be read to the end. Trying again costs reading it.
        case reading

        fileprivate var retryNanos: UInt64 {
            switch self {
            case .opening: 2_000_000_000
            case .reading: 600_000_000_000
            }
        }
    }

    private struct Entry {
        var retryAt: UInt64
        /// Whether a try has begun whose end has not been told.
        var isTrying = false
    }

    /// By name; not more than there are segments.
    private var entries: [String: Entry] = [:]

    var count: Int { entries.count }

    func contains(_ name: String) -> Bool { entries[name] != nil }

    /// Notes that a segment could not be read.
    ///
    /// - Parameters:
    ///   - name: of the segment.
    ///   - failure: what could not be done with it.
    ///   - now: nanoseconds of the monotonic clock.
    /// - Returns: whether that is new.
    mutating func note(_ name: String, _ failure: Failure, now: UInt64) -> Bool {
        let isNew = entries[name] == nil
        entries[name] = Entry(retryAt: now &+ failure.retryNanos)
        return isNew
    }

    /// Takes the segments that are to be tried again now; each is told of by ``note(_:_:now:)`` or ``forget(_:)``.
    ///
    /// - Parameter now: nanoseconds of the monotonic clock.
    /// - Returns: their names.
    mutating func due(now: UInt64) -> [String] {
        let due = entries.filter { !$0.value.isTrying && $0.value.retryAt <= now }.map(\.key).sorted()
        for name in due { entries[name]?.isTrying = true }
        return due
    }

    /// Notes that a segment can be read again, or is not in use any more.
    mutating func forget(_ name: String) { entries[name] = nil }
}
