import SegmentCatalog
import TestSupport
import Testing

@Suite("Which segments of a directory count")
struct SegmentStandingsTests {
    private func candidate(
        _ first: UInt64, _ last: UInt64, generation: Int = 0, _ state: SegmentState = .live, isReadable: Bool = true
    ) -> SegmentStandings.Candidate {
        .init(
            name: "\(first)-\(last)-\(generation)", positions: first...last, generation: generation, state: state,
            isReadable: isReadable)
    }

    private let retirement = Retirement(since: 1, reason: "why")

    @Test(
        "Those that share no position all count, in their order, whatever the catalog says of an heir that is not there"
    )
    func apart() {
        let found = SegmentStandings([candidate(5, 9), candidate(1, 4, generation: 3, .superseded(retirement))])
        #expect(found.all == [.inUse, .inUse] && found.chosen == [1, 0])
        #expect(found.superseded.isEmpty && found.overlapping.isEmpty)
    }

    @Test("The highest generation supersedes what it speaks for altogether")
    func generations() {
        let found = SegmentStandings([
            candidate(1, 2), candidate(3, 4, generation: 1), candidate(1, 9, generation: 2), candidate(5, 9),
            candidate(1, 9, generation: 1),
        ])
        #expect(found.all == [2, nil, nil, nil, nil].enumerated().map { $0.offset == 2 ? .inUse : .superseded(by: 2) })
        #expect(found.chosen == [2] && found.superseded == [4, 1, 3, 0])
    }

    @Test("One that cannot be read supersedes nothing and does not count")
    func unreadable() {
        let found = SegmentStandings([candidate(1, 4), candidate(1, 9, generation: 1, isReadable: false)])
        #expect(found.all == [.inUse, .unreadable] && found.chosen == [0])
    }

    @Test("An expired one keeps what it was made of superseded, and does not count itself")
    func expired() {
        let found = SegmentStandings([
            candidate(1, 4), candidate(1, 4, generation: 1, .expired(retirement)),
            candidate(5, 5, .expired(retirement)),
        ])
        #expect(found.all == [.superseded(by: 1), .expired, .expired] && found.chosen == [1, 2])
    }

    @Test("Those that overlap without being superseded all count and are named; so do equal generations")
    func overlapping() {
        let found = SegmentStandings([
            candidate(1, 5), candidate(4, 8), candidate(7, 20, generation: 3), candidate(2, 3), candidate(8, 9),
        ])
        #expect(found.all == [.inUse, .inUse, .inUse, .inUse, .superseded(by: 2)])
        #expect(found.chosen == [0, 3, 1, 2] && Set(found.overlapping) == [1, 3])
    }

    @Test("Everything readable is in one place, every position is kept, and the order does not matter (random)")
    func invariants() {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            var candidates: [SegmentStandings.Candidate] = []
            for _ in 0..<generator.below(9) {
                let first = UInt64(generator.below(20))
                let state: SegmentState = generator.chance(20) ? .expired(retirement) : .live
                let made = candidate(
                    first, first + UInt64(generator.below(8)), generation: generator.below(4), state,
                    isReadable: generator.chance(90))
                if !candidates.contains(where: { $0.name == made.name }) { candidates.append(made) }
            }
            let found = SegmentStandings(candidates)
            let readable = candidates.indices.filter { candidates[$0].isReadable }
            #expect((found.chosen + found.superseded).sorted() == readable, "seed \(seed)")
            #expect(
                Set(readable.flatMap { candidates[$0].positions })
                    == Set(found.chosen.flatMap { candidates[$0].positions }))
            for index in found.superseded {
                guard case .superseded(let heir) = found.all[index], found.chosen.contains(heir),
                    candidates[heir].generation > candidates[index].generation,
                    candidates[index].positions.allSatisfy({ candidates[heir].positions.contains($0) })
                else {
                    Issue.record("\(candidates[index].name) is superseded by nobody, seed \(seed)")
                    return
                }
            }
            // None that counts is spoken for by one of a higher generation.
            for one in found.chosen {
                for other in found.chosen where candidates[other].generation > candidates[one].generation {
                    let isCovered = candidates[one].positions.allSatisfy { candidates[other].positions.contains($0) }
                    #expect(!isCovered, "seed \(seed)")
                }
            }
            let order = candidates.indices.shuffled(using: &generator)
            let again = SegmentStandings(order.map { candidates[$0] })
            #expect(Set(again.chosen.map { order[$0] }) == Set(found.chosen), "seed \(seed)")
            #expect(Set(again.overlapping.map { order[$0] }) == Set(found.overlapping), "seed \(seed)")
        }
    }
}
