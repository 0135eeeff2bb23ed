import SegmentCatalog
@testable import StoreEngine
import TestSupport
import Testing

@Suite struct ReconciliationTests {
    private func record(
        _ first: UInt64, _ last: UInt64, generation: Int = 0, rows: Int = 10, state: SegmentState = .live
    ) -> SegmentRecord {
        SegmentRecord(
            name: SegmentName(positions: first...last, generation: generation).text, positions: first...last,
            generation: generation, level: min(generation, 3), tier: .hot, state: state, rows: rows, bytes: 1_000,
            timeBounds: 0...9, ingestBounds: 0...9, createdAt: 5)
    }

    private func reconcile(_ intact: [SegmentRecord], _ known: [SegmentRecord]) -> Reconciliation {
        Reconciliation(intact: intact.shuffled(), known: known, now: 100)
    }

    @Test func whatIsAsTheCatalogSaysChangesNothing() {
        let old = record(1, 2, state: .superseded(Retirement(since: 1, reason: "x")))
        let all = [record(1, 4, generation: 1), record(5, 5), old]
        let result = reconcile(all, all)
        #expect(result.live == [all[0], all[1]] && result.retired == [old])
        #expect(result.changes.isEmpty && result.losses.isEmpty && result.overlapping.isEmpty)
    }

    @Test func filesThatTheCatalogDoesNotKnowAreAdopted() {
        let result = reconcile([record(1, 4), record(5, 9)], [record(5, 9)])
        #expect(result.live == [record(1, 4), record(5, 9)])
        #expect(result.changes == [.insert(record(1, 4))])
    }

    @Test func theHighestGenerationSupersedesWhatItCovers() {
        let inputs = [record(1, 2), record(3, 4, generation: 1), record(5, 9)]
        let output = record(1, 9, generation: 2)
        for known in [inputs, []] {
            let result = reconcile(inputs + [output], known)
            #expect(result.live == [output])
            #expect(Set(result.retired.map(\.name)) == Set(inputs.map(\.name)))
            let state = SegmentState.superseded(Retirement(since: 100, reason: output.name))
            #expect(result.retired.allSatisfy { $0.state == state })
            #expect(result.changes.count == 4 && result.losses.isEmpty)
        }
    }

    @Test func aSupersededSegmentCountsAgainWhenItsHeirIsGone() {
        let retirement = Retirement(since: 1, reason: "heir")
        let inputs = [record(1, 2, rows: 10), record(3, 4, rows: 30)]
        let superseded = inputs.map {
            var record = $0
            record.state = .superseded(retirement)
            return record
        }
        let output = record(1, 4, generation: 1, rows: 40)
        let all = reconcile(superseded, superseded + [output])
        #expect(all.live == inputs && all.losses.isEmpty && all.retired.isEmpty)
        let some = reconcile([superseded[1]], superseded + [output])
        #expect(some.live == [inputs[1]] && some.losses == [.init(record: output, lostRows: 10)])
        #expect(some.changes.contains(.remove(output.name)) && some.changes.contains(.remove(inputs[0].name)))
    }

    @Test func whatIsMissingIsLostUnlessAnotherSegmentHasItsPlace() {
        let gone = record(10, 19, rows: 77)
        #expect(reconcile([record(1, 9)], [record(1, 9), gone]).losses == [.init(record: gone, lostRows: 77)])
        // A crash after the inputs were removed, with a catalog that could not be written before.
        let heir = record(1, 30, generation: 1, rows: 50)
        let result = reconcile([heir], [gone])
        #expect(result.losses.isEmpty && result.changes == [.insert(heir), .remove(gone.name)])
    }

    @Test func whatIsRetiredAndGoneIsForgottenInSilence() {
        let expired = record(1, 2, state: .expired(Retirement(since: 1, reason: "age")))
        let result = reconcile([], [expired])
        #expect(result.losses.isEmpty && result.changes == [.remove(expired.name)])
    }

    @Test func anExpiredSegmentStaysExpiredAndKeepsItsInputsSuperseded() {
        let expired = record(1, 4, generation: 1, state: .expired(Retirement(since: 9, reason: "age")))
        let input = record(1, 2, state: .superseded(Retirement(since: 3, reason: expired.name)))
        let result = reconcile([expired, input], [expired, input])
        #expect(result.live.isEmpty && result.retired.count == 2 && result.changes.isEmpty)
    }

    @Test func segmentsThatOverlapWithoutCoveringAreAllKept() {
        let all = [record(1, 5), record(4, 8), record(7, 20, generation: 3)]
        let result = reconcile(all, all)
        #expect(result.live == all && result.retired.isEmpty)
        #expect(result.overlapping == [all[1].name])
    }

    /// Any crash in any course of merges, with any catalog: what is live holds each position once, and all of them.
    @Test func anyStateOfFilesAndCatalogGivesEachPositionOnce() {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            var live: [SegmentRecord] = (0..<20).map { (number: UInt64) in record(number * 10, number * 10 + 9) }
            var files = live
            var catalog = live
            for _ in 0..<generator.below(15) {
                let start = generator.below(live.count)
                let end = min(live.count, start + 2 + generator.below(4))
                guard end - start >= 2 else { continue }
                let inputs = Array(live[start..<end])
                let output = record(
                    inputs[0].positions.lowerBound, inputs[inputs.count - 1].positions.upperBound,
                    generation: inputs.map(\.generation).max().map { $0 + 1 } ?? 1,
                    rows: inputs.reduce(0) { $0 + $1.rows })
                live.replaceSubrange(start..<end, with: [output])
                files.append(output)
                // The crash may have come before the catalog was written.
                let isRecorded = generator.below(4) > 0
                if isRecorded {
                    catalog.append(output)
                    for input in inputs {
                        guard let index = catalog.firstIndex(where: { $0.name == input.name }) else { continue }
                        catalog[index].state = .superseded(Retirement(since: 1, reason: output.name))
                        if generator.below(2) == 0 { files.removeAll { $0.name == input.name } }
                    }
                }
            }
            let known = generator.below(4) == 0 ? [] : catalog
            let intact = files.map { file in known.first { $0.name == file.name } ?? file }
            let result = reconcile(intact, known)
            guard result.live == live, result.losses.isEmpty, result.overlapping.isEmpty else {
                Issue.record("\(result.live.map(\.name)) instead of \(live.map(\.name)), seed \(seed)")
                return
            }
        }
    }
}
