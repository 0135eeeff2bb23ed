import ByteCoding
import LogModel
import StoreTestSupport
import TestSupport
import Testing

@testable import StoreFormat

@Suite struct RollupTests {
    /// Events of random streams and levels, at the times that `time` gives them.
    private func batches(
        _ count: Int, rows: Int, streams: Int, _ maker: inout MessageMaker, time: (inout MessageMaker) -> Int64
    ) -> [EventBatch] {
        (0..<count).map { _ in
            var builder = EventBatchBuilder(labels: [])
            let label = builder.name("service")
            for _ in 0..<rows {
                Array("s\(maker.number(streams))".utf8).withUnsafeBytes { builder.add(label: label, value: $0) }
                let level = Level.allCases[maker.number(Level.allCases.count)]
                let nanoseconds = time(&maker)
                Array("m".utf8).withUnsafeBytes {
                    builder.endEvent(time: Timestamp(nanoseconds: nanoseconds), level: level, message: $0)
                }
            }
            return builder.finish()
        }
    }

    private func segment(_ batches: [EventBatch]) throws -> SegmentReader {
        var builder = SegmentBuilder()
        for (index, batch) in batches.enumerated() {
            let ids = (0..<batch.count).map { RowID.make(position: UInt64(index + 1), row: $0) }
            try builder.append(batch, ids: ids, ingestBounds: 0...0)
        }
        _ = try builder.finish()
        var bytes: [UInt8] = []
        builder.output.withPending { bytes.append(contentsOf: $0) }
        return try SegmentReader(MemoryBytes(content: bytes))
    }

    /// What the cells have to be, from the rows.
    private func expected(_ reader: SegmentReader, minutes: Int) throws -> [Rollup.Cell: Int] {
        var counts: [Rollup.Cell: Int] = [:]
        for block in reader.blocks {
            let (times, levels, streams) = (try block.times(), try block.levels(), try block.streamIndexes())
            for row in 0..<block.rowCount {
                let cell = Rollup.Cell(
                    stream: streams[row], level: try #require(Level(rawValue: levels[row])),
                    interval: Rollup.interval(of: times[row], minutes: minutes), count: 0)
                counts[cell, default: 0] += 1
                #expect(Rollup.times(of: cell.interval, minutes: minutes).contains(times[row]))
            }
        }
        return counts
    }

    private func check(_ reader: SegmentReader, _ rollup: Rollup) throws {
        var counts: [Rollup.Cell: Int] = [:]
        for var cell in rollup.cells {
            let count = cell.count
            cell.count = 0
            #expect(counts.updateValue(count, forKey: cell) == nil)
        }
        #expect(try counts == expected(reader, minutes: rollup.minutes))
    }

    @Test func cellsCountWhatTheRowsAre() throws {
        let seed = drawSeed()
        var maker = MessageMaker(generator: SeededGenerator(seed: seed))
        let start: Int64 = 1_750_000_000_000_000_000
        let cases: [(Int64, Int64)] = [(start, 600_000_000_000), (-5_000_000_000, 10_000_000_000), (0, 1)]
        for (low, span) in cases {
            let reader = try segment(
                batches(3, rows: 2_000, streams: 7, &maker) { low + Int64($0.generator.next() >> 1) % span })
            let rollup = try #require(try reader.rollup(), "seed \(seed)")
            #expect(rollup.minutes == 1)
            try check(reader, rollup)
        }
    }

    @Test func manyCellsMakeIntervalsWider() throws {
        let seed = drawSeed()
        var maker = MessageMaker(generator: SeededGenerator(seed: seed))
        let day: Int64 = 86_400_000_000_000
        let reader = try segment(
            batches(2, rows: 20_000, streams: 3, &maker) { Int64($0.generator.next() >> 1) % (2 * day) - day })
        let rollup = try #require(try reader.rollup(), "seed \(seed)")
        #expect(rollup.minutes > 1)
        try check(reader, rollup)
        let section = try #require(reader.footer.section(.rollup))
        #expect(section.length <= max(4_096, reader.footer.tailOffset / 64))
        #expect(section.offset >= reader.footer.tailOffset)
    }

    @Test func timesAllOverHaveNoRollup() throws {
        var maker = MessageMaker(generator: SeededGenerator(seed: 9))
        let reader = try segment(
            batches(2, rows: 10_000, streams: 30, &maker) {
                Int64(bitPattern: $0.generator.next() &* 0x9E37_79B9_7F4A_7C15)
            })
        #expect(try reader.rollup() == nil)
        try reader.verify()
    }

    @Test func intervalsAtTheEndsOfTimeStayWithinIt() {
        for minutes in Rollup.widths {
            for time in [Int64.min, .min + 1, -1, 0, 1, .max - 1, .max] {
                let interval = Rollup.interval(of: time, minutes: minutes)
                #expect(Rollup.times(of: interval, minutes: minutes).contains(time))
                #expect(Rollup.times(of: .max, minutes: minutes).upperBound == .max)
                #expect(Rollup.times(of: .min, minutes: minutes).lowerBound == .min)
            }
        }
    }

    @Test func damagedCellsAreRefused() throws {
        let cells = (0..<40).map {
            Rollup.Cell(stream: UInt32($0 / 4), level: .info, interval: Int64($0), count: $0 + 1)
        }
        var writer = ByteWriter()
        Rollup(minutes: 5, cells: cells).encode(into: &writer)
        let bytes = writer.array()
        func decode(_ bytes: [UInt8], rows: Int = 820, streams: Int = 10) throws -> Rollup {
            try bytes.withUnsafeBytes { raw in
                var reader = ByteReader(raw)
                return try Rollup(from: &reader, streamCount: streams, rowCount: rows)
            }
        }
        #expect(try decode(bytes) == Rollup(minutes: 5, cells: cells))
        #expect(throws: ByteCodingError.self) { try decode(bytes, rows: 819) }
        #expect(throws: ByteCodingError.self) { try decode(bytes, streams: 9) }
        for length in 0..<bytes.count { #expect(throws: ByteCodingError.self) { try decode(Array(bytes[..<length])) } }
        var maker = MessageMaker(generator: SeededGenerator(seed: drawSeed()))
        for _ in 0..<500 {
            var damaged = bytes
            damaged[maker.number(bytes.count)] = UInt8(maker.number(256))
            if let rollup = try? decode(damaged) { #expect(rollup.cells.reduce(0) { $0 + $1.count } == 820) }
        }
    }
}
