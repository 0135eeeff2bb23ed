import ByteCoding
import LineFormats
import QueryEngine
import SystemIO

extension ExecutionSummary {
    /// Appends the members that answers about events have in common: `scanned`, `took_ms`, `complete` and, when it is
    /// not, `incomplete` with sentences for people; and `completeness` with times and reasons for programs.
    func writeMembers(_ completeness: Completeness, since start: UInt64, to writer: inout ByteWriter) {
        let isComplete = isComplete && completeness.isComplete
        let gaps = gaps + completeness.agentSentences
        let milliseconds = (SystemClock.monotonicNanos() - start) / 1_000_000
        writer.append(utf8: #""scanned":\#(scannedRows),"took_ms":\#(milliseconds),"complete":\#(isComplete)"#)
        if !gaps.isEmpty {
            writer.append(utf8: #","incomplete":"#)
            JSONValue.array(gaps.map { .string($0) }).write(to: &writer)
        }
        writer.append(utf8: #","completeness":"#)
        completeness.document.write(to: &writer)
    }
}
