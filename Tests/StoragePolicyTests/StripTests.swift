import SegmentCatalog
import StoragePolicy
import TestSupport
import Testing

@Suite("Stripping: which segments, in which order")
struct StripTests {
    private func segment(
        _ age: Int64, bytes: UInt64 = 1_000, strippable: UInt64 = 60, _ tier: StorageTier = .warm, level: Int = 3
    ) -> StripCandidate {
        var record = record("\(age)", newest: -age * day, bytes: bytes, tier: tier)
        record.level = level
        return StripCandidate(record, strippable: strippable)
    }

    private func names(_ plan: StripPlan) -> [String] { plan.strips.map(\.name) }

    @Test("The oldest go first, and no more than are needed")
    func order() {
        let segments = [segment(1), segment(9), segment(5)]
        #expect(names(StripPlan(segments, goal: .max, room: 5_000)) == ["9", "5", "1"])
        let plan = StripPlan(segments, goal: 61, room: 5_000)
        #expect(names(plan) == ["9", "5"] && plan.freed == 120 && plan.tooLarge == 0)
        #expect(StripPlan(segments, goal: 0, room: 5_000).strips.isEmpty)
    }

    @Test("What is cold, about to be merged, stripped before, or not worth it stays as it is")
    func others() {
        let segments = [
            segment(1, .cold), segment(2, .hot, level: 0), segment(3, strippable: 0), segment(4, strippable: 19),
            segment(5, bytes: 10, strippable: 11), segment(6, .hot, level: 1), segment(7, .warm, level: 0),
            segment(8, strippable: 20),
        ]
        #expect(names(StripPlan(segments, goal: .max, room: 5_000)) == ["8", "7", "6"])
    }

    @Test("One whose copy does not fit waits until others have made room for it")
    func room() {
        let segments = [
            segment(9, bytes: 1_060), segment(8, bytes: 900), segment(7, bytes: 500), segment(6, bytes: 500),
        ]
        let plan = StripPlan(segments, goal: .max, room: 900)
        #expect(names(plan) == ["8", "7", "9", "6"] && plan.tooLarge == 0)
        let stuck = StripPlan(segments, goal: .max, room: 500)
        #expect(names(stuck) == ["7", "6"] && stuck.freed == 120 && stuck.tooLarge == 2)
        #expect(StripPlan(segments, goal: .max, room: 0).tooLarge == 4)
        #expect(names(StripPlan(segments, goal: .max, room: .max)) == ["9", "8", "7", "6"])
    }

    @Test("A plan is carried out a step at a time: the rest of it is the plan of what is left, and fits (random)")
    func steps() {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            var segments = (0..<Int64(generator.below(12))).map { age in
                segment(
                    age, bytes: UInt64(500 + generator.below(1_000)), strippable: UInt64(generator.below(80)),
                    generator.pick(StorageTier.allCases), level: generator.below(4))
            }
            segments.shuffle(using: &generator)
            var (goal, room) = (UInt64(generator.below(600)), UInt64(generator.below(2_000)))
            let plan = StripPlan(segments, goal: goal, room: room)
            #expect(plan.freed == plan.strips.reduce(0) { $0 + $1.freed })
            for (index, strip) in plan.strips.enumerated() {
                guard let place = segments.firstIndex(where: { $0.record.name == strip.name }) else {
                    Issue.record("\(strip.name) is named twice, seed \(seed)")
                    return
                }
                let left = StripPlan(segments, goal: goal, room: room)
                #expect(left.strips == Array(plan.strips[index...]), "seed \(seed)")
                #expect(segments[place].record.bytes - strip.freed <= room && goal > 0, "seed \(seed)")
                segments[place].record.bytes -= strip.freed
                segments[place].strippable = 0
                room += strip.freed
                goal -= min(goal, strip.freed)
            }
            #expect(StripPlan(segments, goal: goal, room: room).strips.isEmpty, "seed \(seed)")
        }
    }
}
