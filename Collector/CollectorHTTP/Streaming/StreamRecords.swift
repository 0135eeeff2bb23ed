import ByteCoding
import LineFormats
import NIOCore
import QueryEngine
import SystemIO

/// The lines of a streamed answer: one JSON object a line, whose only member says what it is.
enum StreamRecord {
    /// The media type.
    static let type = "application/x-ndjson"

    /// Appends the line of a problem that ends the answer.
    static func write(error: any Error, to writer: inout ByteWriter) {
        let problem =
            error as? Problem
            ?? Problem(500, "internal", "The collector failed", "the query could not be answered: \(error)")
        writer.append(utf8: #"{"error":"#)
        problem.document.write(to: &writer)
        writer.append(utf8: "}\n")
    }

    /// The line that says how far a query is.
    ///
    /// - Parameters:
    ///   - share: the part of the work that is done, 0 to 1.
    ///   - progress: what has been read.
    ///   - start: when the request came, monotonic.
    ///   - more: further members.
    ///   - writer: where to append.
    static func write(
        share: Double, _ progress: QueryProgress, since start: UInt64, _ more: [JSONValue.Member],
        to writer: inout ByteWriter
    ) {
        // Four digits are enough for anybody, and a share below 1 does not look like the end.
        let parts = Int((max(0, min(1, share)) * 10_000).rounded(.down))
        let digits = String(parts % 10_000)
        let share = "\(parts / 10_000).\(String(repeating: "0", count: 4 - digits.utf8.count))\(digits)"
        let milliseconds = (SystemClock.monotonicNanos() - start) / 1_000_000
        writer.append(utf8: #"{"progress":"#)
        JSONValue.object(
            [
                .init("share", .number(share)), .init("scanned", .integer(progress.rows)),
                .init("scanned_bytes", .integer(progress.bytes)), .init("blocks", .integer(progress.blocksDone)),
                .init("took_ms", .integer(milliseconds)),
            ] + more
        ).write(to: &writer)
        writer.append(utf8: "}\n")
    }
}

extension ChunkChannel {
    /// Hands over what was written; blocks while too much waits.
    ///
    /// - Returns: false when nobody reads any more.
    func send(_ writer: borrowing ByteWriter) -> Bool { send(writer.withBytes { ByteBuffer(bytes: $0) }) }

    /// Hands over what was written if nothing else waits.
    func offer(_ writer: borrowing ByteWriter) { offer(writer.withBytes { ByteBuffer(bytes: $0) }) }
}
