import SegmentCatalog
@testable import StoreEngine
import TestSupport
import Testing

@Suite struct PlannerTests {
    private static let second: Int64 = 1_000_000_000
    private let planner = CompactionPlanner(maxSegmentBytes: 1_000)

    /// A segment whose events arrived from `start` on, in seconds.
    private func segment(
        _ position: UInt64, at start: Int64, level: Int = 0, bytes: UInt64 = 10, isFree: Bool = true
    ) -> CompactionPlanner.Candidate {
        let arrivals = start * Self.second...(start + 29) * Self.second
        let record = SegmentRecord(
            name: "\(position)", positions: position...position, generation: level, level: level, tier: .hot,
            state: .live, rows: 1, bytes: bytes, timeBounds: arrivals, ingestBounds: arrivals, createdAt: 0)
        return CompactionPlanner.Candidate(record, isFree: isFree)
    }

    private func next(
        _ candidates: [CompactionPlanner.Candidate], at seconds: Int64, settled: UInt64 = .max
    ) -> CompactionPlanner.Job? {
        planner.next(candidates, settled: settled, now: seconds * Self.second)
    }

    @Test func aWindowIsMergedWhenItIsOver() {
        let segments = (0..<5).map { segment(UInt64($0), at: 600 + Int64($0) * 30) } + [segment(5, at: 1_200)]
        #expect(next(segments, at: 1_199) == nil)
        #expect(next(segments, at: 1_259) == nil)
        #expect(next(segments, at: 1_260) == .init(inputs: ["0", "1", "2", "3", "4"], level: 1))
        #expect(next([segments[0], segments[5]], at: 9_000) == .init(inputs: ["0", "5"], level: 2))
        #expect(next([segments[0]], at: 1 << 30) == nil)
        #expect(next([], at: 1 << 30) == nil)
    }

    @Test func manySegmentsAreMergedBeforeTheirWindowIsOver() {
        let segments = (0..<16).map { segment(UInt64($0), at: 600) }
        #expect(next(segments, at: 601)?.inputs.count == 16)
        #expect(next(Array(segments.dropLast()), at: 601) == nil)
    }

    @Test func whatMayNotBeMergedPartsItsNeighbours() {
        var segments = (0..<4).map { segment(UInt64($0), at: 600) }
        segments[1].isFree = false
        #expect(next(segments, at: 5_000) == .init(inputs: ["2", "3"], level: 1))
        segments[2].record.level = 1
        // Not at level 1, but an hour merges both.
        #expect(next(segments, at: 5_000) == .init(inputs: ["2", "3"], level: 2))
        segments[3].isFree = false
        #expect(next(segments, at: 5_000) == nil)
    }

    @Test func nothingIsMergedAcrossWhatIsStillToCome() {
        let segments = (1...4).map { segment(UInt64($0), at: 600) }
        #expect(next(segments, at: 5_000, settled: 0) == nil)
        #expect(next(segments, at: 5_000, settled: 1) == nil)
        #expect(next(segments, at: 5_000, settled: 2)?.inputs == ["1", "2"])
    }

    @Test func aSegmentIsFullAtTheLimitOfBytes() {
        let segments = (0..<5).map { segment(UInt64($0), at: 600, bytes: 400) }
        // The window is not over, but no third one fits.
        #expect(next(segments, at: 601)?.inputs == ["0", "1"])
        #expect(next((0..<5).map { segment(UInt64($0), at: 600, bytes: 501) }, at: 5_000) == nil)
        #expect(next((0..<5).map { segment(UInt64($0), at: 600, bytes: .max >> 1) }, at: 5_000) == nil)
    }

    @Test func segmentsThatOverlapAreLeftAlone() {
        var segments = [segment(1, at: 600), segment(2, at: 600)]
        segments[0].record.positions = 1...2
        #expect(next(segments, at: 5_000) == nil)
    }

    @Test func timesBeforeTheEpochAndAtTheEndsOfTimeAreTaken() {
        var segments = [segment(1, at: -700), segment(2, at: -650)]
        #expect(next(segments, at: 0)?.inputs == ["1", "2"])
        segments[0].record.ingestBounds = .min ... .max
        segments[1].record.ingestBounds = .max ... .max
        #expect(next(segments, at: 0) == nil)
    }

    /// Any arrivals, merged whenever there is something to merge: each event is written at most four times, no output is
    /// over the limit, order is kept, and few segments are left.
    @Test func writingStaysBoundedForAnyArrivals() {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let limit = UInt64(50 + generator.below(5_000))
            let planner = CompactionPlanner(maxSegmentBytes: limit)
            var segments: [CompactionPlanner.Candidate] = []
            var now: Int64 = Int64(generator.below(100_000))
            var flushed: UInt64 = 0
            var written: UInt64 = 0
            let pause = [1, 30, 600, 4_000][generator.below(4)]
            for position in UInt64(1)...600 {
                now += Int64(generator.below(pause * 2))
                let bytes = UInt64(1 + generator.below(generator.below(10) == 0 ? 2_000 : 40))
                segments.append(segment(position, at: now, bytes: bytes))
                flushed += bytes
                if generator.below(5) > 0 { continue }
                written += mergeAll(&segments, planner, at: now, limit)
            }
            now += 200_000
            written += mergeAll(&segments, planner, at: now, limit)
            #expect(written <= 3 * flushed, "seed \(seed)")
            let positions = segments.flatMap { [$0.record.positions.lowerBound, $0.record.positions.upperBound] }
            #expect(positions == positions.sorted() && positions.first == 1 && positions.last == 600, "seed \(seed)")
            // Neighbours of one day that are left alone are too large for one segment, or as high as they can be.
            for (left, right) in zip(segments, segments.dropFirst())
            where left.record.level < 3 && right.record.level < 3
                && left.record.ingestBounds.lowerBound / (86_400 * Self.second)
                    == right.record.ingestBounds.lowerBound / (86_400 * Self.second)
            {
                #expect(left.record.bytes + right.record.bytes > limit, "seed \(seed)")
            }
        }
    }

    /// - Returns: bytes written.
    private func mergeAll(
        _ segments: inout [CompactionPlanner.Candidate], _ planner: CompactionPlanner, at now: Int64, _ limit: UInt64
    ) -> UInt64 {
        var written: UInt64 = 0
        while let job = planner.next(segments, settled: .max, now: now * Self.second) {
            guard let first = segments.firstIndex(where: { $0.record.name == job.inputs[0] }) else { break }
            let inputs = segments[first..<(first + job.inputs.count)].map(\.record)
            #expect(inputs.map(\.name) == job.inputs && inputs.allSatisfy { $0.level < job.level })
            var output = inputs[0]
            output.level = job.level
            output.bytes = inputs.reduce(0) { $0 + $1.bytes }
            output.positions = inputs[0].positions.lowerBound...inputs[inputs.count - 1].positions.upperBound
            output.ingestBounds =
                inputs[0].ingestBounds.lowerBound...inputs[inputs.count - 1].ingestBounds.upperBound
            #expect(output.bytes <= limit)
            written += output.bytes
            segments.replaceSubrange(
                first..<(first + job.inputs.count), with: [CompactionPlanner.Candidate(output, isFree: true)])
        }
        return written
    }
}

@Suite struct ThrottleTests {
    @Test func workRestsAsItsShareAsks() {
        var throttle = Throttle(share: 0.25, bytesPerSecond: .max)
        #expect(throttle.rest(afterNanos: 10_000_000, bytes: 0) == 30_000_000)
        var all = Throttle.unlimited
        #expect(all.rest(afterNanos: 10_000_000_000, bytes: 1 << 40) == 0)
    }

    @Test func bytesTakeTheirTime() {
        var throttle = Throttle(share: 1, bytesPerSecond: 1_000_000)
        #expect(throttle.rest(afterNanos: 200_000_000, bytes: 1_000_000) == 800_000_000)
        #expect(throttle.rest(afterNanos: 2_000_000_000, bytes: 1_000_000) == 0)
    }

    @Test func shortPiecesAreAddedUp() {
        var throttle = Throttle(share: 0.5, bytesPerSecond: .max)
        var rested: UInt64 = 0
        for _ in 0..<1_000 { rested += throttle.rest(afterNanos: 10_000, bytes: 0) }
        #expect(rested == 10_000_000)
    }
}
