import AgentPipeline
import ByteCoding
import LogModel

/// Parts that several records of the spool have in common.
extension ByteReader {
    /// A level as a byte.
    mutating func level() throws(ByteCodingError) -> Level {
        guard let level = Level(rawValue: try byte()) else { throw .invalid(offset: offset, what: "level over 6") }
        return level
    }

    /// The earliest time as a zigzag, and what the latest is beyond it.
    mutating func times() throws(ByteCodingError) -> ClosedRange<Timestamp> {
        let low = try zigzag()
        let span = try varint()
        // Wrapping undoes what writing them did, also for times whose distance is beyond 63 bits.
        let high = low &+ Int64(truncatingIfNeeded: span)
        guard high >= low else { throw .invalid(offset: offset, what: "a time before the earliest") }
        return Timestamp(nanoseconds: low)...Timestamp(nanoseconds: high)
    }

    /// The first byte and the count of bytes.
    mutating func byteRange() throws(ByteCodingError) -> Range<Int> {
        let from = try count(limit: Int.max)
        let length = try count(limit: Int.max - from)
        return from..<(from + length)
    }
}

extension ByteWriter {
    mutating func append(times: ClosedRange<Timestamp>) {
        let (low, high) = (times.lowerBound.nanoseconds, times.upperBound.nanoseconds)
        append(zigzag: low)
        append(varint: UInt64(truncatingIfNeeded: high &- low))
    }
}

extension SourceProgress {
    /// The first offset, and the state behind the last line; see ``SourceState/init(from:hasCursor:)``.
    init(from reader: inout ByteReader, hasCursor: Bool) throws(ByteCodingError) {
        let from = try reader.count(limit: Int.max)
        self.init(from: from, state: try SourceState(from: &reader, hasCursor: hasCursor))
    }

    func write(to writer: inout ByteWriter) {
        writer.append(varint: UInt64(from))
        state.write(to: &writer)
    }
}
