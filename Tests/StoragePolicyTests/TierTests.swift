import SegmentCatalog
import StoragePolicy
import TestSupport
import Testing

@Suite("Tiers: which segments move")
struct TierTests {
    private let now: Int64 = 20_000 * day

    private func aged(_ age: Double, _ tier: StorageTier = .hot) -> SegmentRecord {
        record("\(age)", newest: now - Int64(age * Double(day)), tier: tier)
    }

    private func moves(
        _ live: [SegmentRecord], cold: Bool, stage: PressureStage = .normal, surplus: UInt64 = 0
    ) -> [String] {
        var rules = TierRules()
        rules.hasColdTier = cold
        return TierPlan(rules, live: live, stage: stage, surplus: surplus, now: now).moves.map {
            "\($0.name) \($0.tier.rawValue)"
        }
    }

    @Test("Segments become warm after 7 days and cold after 30, the oldest first")
    func ages() {
        let live = [
            aged(1), aged(6.9), aged(7.1), aged(29), aged(31), aged(20, .warm), aged(40, .warm), aged(50, .cold),
        ]
        #expect(moves(live, cold: true) == ["40.0 cold", "31.0 cold", "29.0 warm", "7.1 warm"])
        #expect(moves(live, cold: false) == ["31.0 warm", "29.0 warm", "7.1 warm"])
    }

    @Test(
        "Under early pressure as many of the oldest as are needed become cold before their time, but none that is hot")
    func early() {
        let live = [aged(1), aged(8), aged(9, .warm), aged(10, .warm)]
        #expect(moves(live, cold: true, stage: .early, surplus: 1_500) == ["10.0 cold", "9.0 cold", "8.0 warm"])
        #expect(moves(live, cold: true, stage: .early, surplus: 1 << 40) == ["10.0 cold", "9.0 cold", "8.0 cold"])
        #expect(moves(live, cold: false, stage: .early, surplus: 1 << 40) == ["8.0 warm"])
    }

    @Test("Under high pressure only three days stay hot")
    func high() {
        let live = [aged(1), aged(2.9), aged(3.1), aged(5)]
        #expect(moves(live, cold: false, stage: .high, surplus: 1 << 40) == ["5.0 warm", "3.1 warm"])
        #expect(moves(live, cold: true, stage: .critical, surplus: 1 << 40) == ["5.0 cold", "3.1 cold"])
    }

    @Test("A move is wanted once: after it nothing is left to do (random)")
    func fixpoint() {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            var rules = TierRules()
            rules.hasColdTier = .random(using: &generator)
            let stage = PressureStage.allCases.randomElement(using: &generator) ?? .normal
            var live = (0..<10).map { number in
                record(
                    "\(number)", newest: now - Int64.random(in: -day...60 * day, using: &generator),
                    tier: StorageTier.allCases.randomElement(using: &generator) ?? .hot)
            }
            let before = live
            let surplus = UInt64.random(in: 0...20_000, using: &generator)
            let plan = TierPlan(rules, live: live, stage: stage, surplus: surplus, now: now)
            #expect(Set(plan.moves.map(\.name)).count == plan.moves.count)
            var freed: UInt64 = 0
            for move in plan.moves {
                guard let index = live.firstIndex(where: { $0.name == move.name }) else { continue }
                #expect(live[index].tier != move.tier && live[index].tier != .cold, "seed \(seed)")
                #expect(move.tier != .cold || rules.hasColdTier)
                live[index].tier = move.tier
                if move.tier == .cold { freed += live[index].bytes }
            }
            let again = TierPlan(rules, live: live, stage: stage, surplus: surplus - min(surplus, freed), now: now)
            #expect(again.moves.isEmpty, "seed \(seed): \(before) \(plan) \(again)")
        }
    }
}
