import Glibc

/// What a test waited for and did not see.
package struct NotSeen: Error, CustomStringConvertible {
    package let description: String
}

/// Looks again and again until something is so: for what other threads and processes do in their own time.
///
/// - Parameters:
///   - what: what is awaited; asked for when it did not come, so that it can say what there is instead.
///   - limit: how long it may take at most; far more than it should.
///   - file: the file of the test.
///   - line: the line of the call.
///   - isSo: the look. A look at another process that may fail says `try?`.
/// - Throws: ``NotSeen`` when the limit has passed, or what `isSo` throws.
package func eventually(
    _ what: @autoclosure () -> String, within limit: Duration = .seconds(120), file: String = #fileID,
    line: Int = #line,
    _ isSo: () throws -> Bool
) throws {
    var looks = Looks(limit)
    while try !isSo() {
        guard let pause = looks.nextPause() else { throw NotSeen(what(), limit, file, line) }
        // Between two looks, so that others can run; the deadline, not this pause, decides.
        usleep(UInt32(pause) * 1_000)
    }
}

/// ``eventually(_:within:file:line:_:)`` for looks that suspend.
package func eventually(
    _ what: @autoclosure () -> String, within limit: Duration = .seconds(120), file: String = #fileID,
    line: Int = #line,
    _ isSo: () async throws -> Bool
) async throws {
    var looks = Looks(limit)
    while try await !isSo() {
        guard let pause = looks.nextPause() else { throw NotSeen(what(), limit, file, line) }
        try await Task.sleep(for: .milliseconds(pause))
    }
}

/// When to look again. The pauses spare the processor; nothing depends on how long they are.
private struct Looks {
    private let deadline: ContinuousClock.Instant
    private var pause = 1

    init(_ limit: Duration) { deadline = .now + limit }

    /// Milliseconds until the next look; nil when the time is up.
    mutating func nextPause() -> Int? {
        guard ContinuousClock.now < deadline else { return nil }
        defer { pause = min(2 * pause, 50) }
        return pause
    }
}

extension NotSeen {
    fileprivate init(_ what: String, _ limit: Duration, _ file: String, _ line: Int) {
        description = "not within \(limit): \(what) (\(file):\(line))"
    }
}
