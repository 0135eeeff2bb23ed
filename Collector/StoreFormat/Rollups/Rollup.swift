package import LogModel
internal import ByteCoding

/// How many events of a segment there are by stream, level and interval of time. Sums of cells are exact, and cells of
/// several segments add up.
package struct Rollup: Equatable, Sendable {
    /// Widths that intervals may have, in minutes; each is a multiple of the one before.
    static let widths = [1, 5, 30, 360, 1_440]
    private static let nanosecondsPerMinute: Int64 = 60_000_000_000

    /// The events of one stream, level and interval.
    package struct Cell: Hashable, Sendable {
        /// The stream's number in the segment.
        package var stream: UInt32
        /// The level of the events.
        package var level: Level
        /// The interval: the events' times divided by its width, rounded down.
        package var interval: Int64
        /// How many events there are, at least one.
        package var count: Int
    }

    /// The width of an interval in minutes.
    package let minutes: Int
    /// By stream, level and interval, ascending.
    package let cells: [Cell]

    /// The interval that a time lies in.
    ///
    /// - Parameters:
    ///   - nanoseconds: the time, since 1970.
    ///   - minutes: the width of an interval.
    /// - Returns: its number; 0 begins at 1970, and those before are negative.
    package static func interval(of nanoseconds: Int64, minutes: Int) -> Int64 {
        let width = Int64(minutes) * nanosecondsPerMinute
        let (quotient, remainder) = nanoseconds.quotientAndRemainder(dividingBy: width)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// The times of an interval, as far as they can be stated; whoever looks at a range of times counts the intervals
    /// that lie in it by their cells, and reads the events of those at its edges.
    ///
    /// - Parameters:
    ///   - interval: its number.
    ///   - minutes: the width of an interval.
    /// - Returns: the first and the last nanosecond since 1970.
    package static func times(of interval: Int64, minutes: Int) -> ClosedRange<Int64> {
        let width = Int64(minutes) * nanosecondsPerMinute
        let (start, overflow) = interval.multipliedReportingOverflow(by: width)
        if overflow, interval >= 0 { return Int64.max...Int64.max }
        let low = overflow ? Int64.min : start
        // The first interval there is begins before all times, and ends where the second does less a width.
        let (end, overflowAgain) =
            overflow
            ? (interval + 1).multipliedReportingOverflow(by: width) : start.addingReportingOverflow(width)
        if overflowAgain { return low...(interval >= 0 ? Int64.max : Int64.min) }
        return low...(end - 1)
    }

    // MARK: Bytes

    /// Appends the content of a section, before it is compressed.
    func encode(into writer: inout ByteWriter) {
        writer.append(varint: UInt64(minutes))
        writer.append(varint: UInt64(cells.count))
        var previous: UInt32 = 0
        for cell in cells {
            writer.append(varint: UInt64(cell.stream - previous))
            previous = cell.stream
        }
        for cell in cells { writer.append(cell.level.rawValue) }
        var interval: Int64 = 0
        for cell in cells {
            writer.append(zigzag: cell.interval &- interval)
            interval = cell.interval
        }
        for cell in cells { writer.append(varint: UInt64(cell.count)) }
    }

    /// Reads the content of a section.
    ///
    /// - Parameters:
    ///   - reader: stands at the first byte.
    ///   - streamCount: streams of the segment.
    ///   - rowCount: events of the segment: what the cells must add up to.
    /// - Throws: when the bytes are damaged.
    init(from reader: inout ByteReader, streamCount: Int, rowCount: Int) throws(ByteCodingError) {
        minutes = unsafe try reader.count(limit: Int.max)
        guard Self.widths.contains(minutes) else {
            throw unsafe .invalid(offset: reader.offset, what: "unknown width of intervals")
        }
        let count = unsafe try reader.count(limit: reader.remaining)
        var cells = [Cell](
            repeating: Cell(stream: 0, level: .unknown, interval: 0, count: 0), count: count)
        var stream = 0
        for index in 0..<count {
            stream += unsafe try reader.count(limit: streamCount)
            guard stream < streamCount else { throw unsafe .invalid(offset: reader.offset, what: "no such stream") }
            cells[index].stream = UInt32(truncatingIfNeeded: stream)
        }
        for index in 0..<count {
            guard let level = Level(rawValue: unsafe try reader.byte()) else {
                throw unsafe .invalid(offset: reader.offset, what: "no such level")
            }
            cells[index].level = level
        }
        var interval: Int64 = 0
        for index in 0..<count {
            interval = unsafe interval &+ (try reader.zigzag())
            cells[index].interval = interval
        }
        var left = rowCount
        for index in 0..<count {
            cells[index].count = unsafe try reader.count(limit: left)
            left -= cells[index].count
        }
        guard left == 0 else { throw unsafe .invalid(offset: reader.offset, what: "cells do not add up") }
        self.cells = cells
    }

    init(minutes: Int, cells: [Cell]) {
        self.minutes = minutes
        self.cells = cells
    }
}
