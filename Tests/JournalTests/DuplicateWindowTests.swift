import ByteCoding
import Journal
import TestSupport
import Testing

private func batch(_ sequence: UInt64, agent: String = "a", epoch: UInt64 = 1) -> BatchIdentity {
    BatchIdentity(tenant: "default", agent: agent, epoch: epoch, sequence: sequence)
}

@Suite("Journal: duplicate window")
struct DuplicateWindowTests {
    @Test("It knows what was inserted and nothing else, as a set does")
    func model() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        var window = DuplicateWindow()
        var model: Set<BatchIdentity> = []
        for position in 1...5_000 {
            let agent = "agent-\(Int.random(in: 0..<4, using: &generator))"
            let high = UInt64(position / 8 + 20)
            let identity = batch(
                UInt64.random(in: 1...high, using: &generator), agent: agent,
                epoch: UInt64.random(in: 0...1, using: &generator))
            #expect(window.isDuplicate(identity) == model.contains(identity), "seed \(seed)")
            if !model.contains(identity) {
                window.insert(identity, at: UInt64(position))
                model.insert(identity)
            }
            if position.isMultiple(of: 500) {
                window = try DuplicateWindow(encoded: window.encoded(), limits: window.limits)
            }
        }
        #expect(window.gapsClosed == 0)
        #expect(window.agentCount == 8)
    }

    @Test("Numbers in order are one range; the highest contiguous one is known")
    func contiguous() {
        var window = DuplicateWindow()
        for number in UInt64(1)...1_000 { window.insert(batch(number), at: number) }
        #expect(window.highestContiguous(of: batch(1)) == 1_000)
        window.insert(batch(1_002), at: 2_000)
        #expect(window.highestContiguous(of: batch(1)) == 1_000)
        #expect(!window.isDuplicate(batch(1_001)))
        window.insert(batch(1_001), at: 2_001)
        #expect(window.highestContiguous(of: batch(1)) == 1_002)
        #expect(window.highestContiguous(of: batch(1, epoch: 2)) == 0)
    }

    @Test("Over the bound of ranges the lowest gap is closed and counted")
    func rangeBound() {
        var window = DuplicateWindow(limits: .init(maxRanges: 4))
        for number in stride(from: UInt64(2), through: 12, by: 2) { window.insert(batch(number), at: number) }
        #expect(window.gapsClosed == 2)
        #expect(window.isDuplicate(batch(3)) && window.isDuplicate(batch(5)))
        #expect(!window.isDuplicate(batch(7)) && !window.isDuplicate(batch(1)))
    }

    @Test("Over the bound of agents the one unheard for the longest time is forgotten")
    func agentBound() {
        var window = DuplicateWindow(limits: .init(maxAgents: 2))
        window.insert(batch(1, agent: "a"), at: 1)
        window.insert(batch(1, agent: "b"), at: 2)
        window.insert(batch(2, agent: "a"), at: 3)
        window.insert(batch(1, agent: "c"), at: 4)
        #expect(window.isDuplicate(batch(1, agent: "a")) && window.isDuplicate(batch(1, agent: "c")))
        #expect(!window.isDuplicate(batch(1, agent: "b")))
        #expect(window.agentsForgotten == 1)
    }

    @Test("Thousands of hosts with four epochs each are remembered, and beyond the bound the newest are")
    func manyAgents() throws {
        var window = DuplicateWindow()
        let bound = window.limits.maxAgents
        for number in 1...bound + 3_000 {
            window.insert(batch(1, agent: "host-\(number)"), at: UInt64(number))
        }
        #expect(window.agentCount <= bound && window.agentCount > bound - bound / 64)
        #expect(window.agentCount + Int(window.agentsForgotten) == bound + 3_000)
        let forgotten = Int(window.agentsForgotten)
        #expect(!window.isDuplicate(batch(1, agent: "host-\(forgotten)")))
        #expect(window.isDuplicate(batch(1, agent: "host-\(forgotten + 1)")))
        #expect(window.encoded().count < JournalLimits.maxPayloadBytes)
    }

    @Test("The extreme numbers work")
    func extremes() throws {
        var window = DuplicateWindow()
        window.insert(batch(.max), at: 1)
        window.insert(batch(.max - 1), at: 2)
        window.insert(batch(1), at: 3)
        #expect(window.isDuplicate(batch(.max)) && window.isDuplicate(batch(.max - 1)) && window.isDuplicate(batch(1)))
        #expect(try DuplicateWindow(encoded: window.encoded(), limits: window.limits) == window)
    }

    @Test("Decoding with smaller bounds keeps the newest agents and the highest gaps")
    func shrink() throws {
        var window = DuplicateWindow()
        for number in UInt64(1)...10 { window.insert(batch(number * 2, agent: "a"), at: number) }
        window.insert(batch(1, agent: "b"), at: 11)
        window.insert(batch(20, agent: "c"), at: 12)
        var small = try DuplicateWindow(encoded: window.encoded(), limits: .init(maxRanges: 3, maxAgents: 2))
        #expect(small.agentCount == 2)
        #expect(small.isDuplicate(batch(1, agent: "b")) && small.isDuplicate(batch(20, agent: "c")))
        small = try DuplicateWindow(encoded: window.encoded(), limits: .init(maxRanges: 3, maxAgents: 3))
        #expect(small.isDuplicate(batch(3)) && !small.isDuplicate(batch(17)) && !small.isDuplicate(batch(19)))
    }

    @Test("Damaged and random bytes are refused or decoded, never trapped on")
    func fuzz() {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        var window = DuplicateWindow()
        for number in UInt64(1)...40 { window.insert(batch(number * 3 % 41, agent: "a\(number % 3)"), at: number) }
        let good = window.encoded()
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count * 2, using: &generator)))
            guard var decoded = try? DuplicateWindow(encoded: bytes, limits: .init(maxRanges: 5)) else { continue }
            decoded.insert(batch(17, agent: "a1"), at: .max)
            #expect(decoded.isDuplicate(batch(17, agent: "a1")))
        }
        #expect(throws: ByteCodingError.self) { try DuplicateWindow(encoded: [], limits: .init()) }
        #expect(throws: ByteCodingError.self) { try DuplicateWindow(encoded: good + [0], limits: .init()) }
    }
}
