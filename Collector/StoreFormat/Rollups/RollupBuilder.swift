internal import ByteCoding
internal import LogModel

/// Counts events by stream, level and interval while a segment is built. When there are too many cells, intervals become
/// wider; when the widest are too many still, there is no rollup.
struct RollupBuilder: ~Copyable {
    /// Cells that are held at most: some megabytes.
    private static let mostCells = 1 << 16
    /// A rollup may take so many bytes, however short the segment is,
    private static let leastRoom = 4_096
    /// and this part of a longer one.
    private static let share: UInt64 = 64
    private static let levels = 8

    private struct Key: Hashable {
        var streamAndLevel: UInt32
        var interval: Int64
    }

    /// The width in use; nil when none is wide enough.
    private var width: Int? = 0
    private var counts: [Key: Int] = [:]
    /// Events of the current interval, by stream and level, and which of them there are.
    private var current: Int64 = 0
    private var currentTimes: ClosedRange<Int64>
    private var currentCounts = ReusableBuffer<UInt32>(capacity: 1 << 10)
    private var touched = ReusableBuffer<UInt32>(capacity: 1 << 10)

    init() {
        currentTimes = Rollup.times(of: current, minutes: Rollup.widths[0])
    }

    /// Counts events; all three have one entry for each, and streams are numbered as in the segment.
    mutating func add(times: [Int64], levels: [UInt8], streams: [UInt32]) {
        guard width != nil, let highest = streams.max() else { return }
        let known = currentCounts.count
        let needed = (Int(highest) + 1) * Self.levels
        if needed > known {
            currentCounts.resize(to: max(needed, known * 2))
            for index in known..<currentCounts.count { currentCounts[index] = 0 }
        }
        for row in times.indices {
            if !currentTimes.contains(times[row]) {
                endInterval()
                guard let width else { return }
                let minutes = Rollup.widths[width]
                current = Rollup.interval(of: times[row], minutes: minutes)
                currentTimes = Rollup.times(of: current, minutes: minutes)
            }
            let slot = Int(streams[row]) * Self.levels + Int(levels[row] & 7)
            if currentCounts[slot] == 0 { touched.append(UInt32(truncatingIfNeeded: slot)) }
            currentCounts[slot] += 1
        }
    }

    /// Appends the section's frame to the tail, if there is one that is small enough.
    ///
    /// - Parameters:
    ///   - tail: where it goes.
    ///   - segmentBytes: bytes of the segment so far.
    ///   - context: compresses.
    /// - Returns: the section; its offset counts from the start of the tail.
    /// - Throws: ``StoreFormatError`` when zstd fails: out of memory.
    mutating func finish(
        into tail: inout SectionOutput, segmentBytes: UInt64, _ context: inout CodecContext
    ) throws(StoreFormatError) -> SectionReference? {
        endInterval()
        let room = max(Self.leastRoom, Int(segmentBytes / Self.share))
        while let width {
            var content = ByteWriter(capacity: 1 << 12)
            rollup(width).encode(into: &content)
            let start = tail.pendingBytes
            let section = try tail.compressed(.rollup, content, &context)
            if Int(section.length) <= room { return section }
            tail.pending.truncate(to: start)
            widen()
        }
        return nil
    }

    private func rollup(_ width: Int) -> Rollup {
        let keys = counts.keys.sorted {
            ($0.streamAndLevel, $0.interval) < ($1.streamAndLevel, $1.interval)
        }
        return Rollup(
            minutes: Rollup.widths[width],
            cells: keys.map { key in
                Rollup.Cell(
                    stream: key.streamAndLevel / UInt32(Self.levels),
                    level: Level(rawValue: UInt8(key.streamAndLevel % UInt32(Self.levels))) ?? .unknown,
                    interval: key.interval, count: counts[key] ?? 0)
            })
    }

    /// Puts the events of the current interval to the others.
    private mutating func endInterval() {
        for index in 0..<touched.count {
            let slot = touched[index]
            counts[Key(streamAndLevel: slot, interval: current), default: 0] += Int(currentCounts[Int(slot)])
            currentCounts[Int(slot)] = 0
        }
        touched.removeAll()
        while counts.count > Self.mostCells { widen() }
    }

    /// Joins intervals to the next width there is; gives up behind the widest.

    private mutating func widen() {
        guard let old = width, old + 1 < Rollup.widths.count else {
            width = nil
            counts.removeAll()
            return
        }
        let factor = Int64(Rollup.widths[old + 1] / Rollup.widths[old])
        var wider: [Key: Int] = [:]
        for (key, count) in counts {
            let interval = key.interval >= 0 ? key.interval / factor : (key.interval + 1) / factor - 1
            wider[Key(streamAndLevel: key.streamAndLevel, interval: interval), default: 0] += count
        }
        counts = wider
        width = old + 1
    }
}
