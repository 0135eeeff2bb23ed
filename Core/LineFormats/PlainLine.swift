public import LogModel

/// Reads time and level from plain lines, where they plainly stand. One owner, one thread at a time.
public struct PlainLineReader {
    private var times: TimeGuess

    /// Makes a reader.
    ///
    /// - Parameter offsets: what zone times without one are in.
    public init(offsets: LocalOffsets = .utc) {
        times = TimeGuess(offsets: offsets)
    }

    /// What the line says of itself.
    ///
    /// - Parameters:
    ///   - line: one line without its line break; any bytes.
    ///   - now: chooses the year of times that have none.
    /// - Returns: its time, nil when none stands at its start, and its level, `.unknown` when none plainly stands there.
    public mutating func read(_ line: UnsafeRawBufferPointer, now: Timestamp) -> (time: Timestamp?, level: Level) {
        let bytes = unsafe LineBytes(line)
        let found = times.find(in: bytes, now: now)
        return (found?.time, LevelGuess.level(of: bytes, after: found))
    }
}
