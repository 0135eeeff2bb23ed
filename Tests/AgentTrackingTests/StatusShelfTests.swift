import TestSupport
import Testing

@testable import AgentTracking

struct StatusShelfTests {
    @Test func theLastDocumentCounts() {
        var shelf = StatusShelf(limit: 100)
        shelf.put([1], of: "a")
        shelf.put([2, 2], of: "a")
        #expect(shelf.document(of: "a") == [2, 2])
        #expect(shelf.document(of: "b") == nil)
        shelf.remove("a")
        #expect(shelf.document(of: "a") == nil)
        shelf.put([UInt8](repeating: 0, count: 101), of: "a")
        #expect(shelf.document(of: "a") == nil)
    }

    /// Against a list that is searched through: never more bytes than allowed, and those that were renewed last stay.
    @Test func thoseThatWereRenewedLastStay() {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        var shelf = StatusShelf(limit: 1_000)
        var model: [(name: String, document: [UInt8])] = []
        for step in 0..<5_000 {
            let name = "agent-\(generator.below(60))"
            if generator.chance(5) {
                shelf.remove(name)
                model.removeAll { $0.name == name }
            } else {
                let document = [UInt8](repeating: UInt8(truncatingIfNeeded: step), count: generator.below(80))
                shelf.put(document, of: name)
                model.removeAll { $0.name == name }
                model.append((name, document))
                while model.reduce(0, { $0 + $1.document.count }) > 1_000 { model.removeFirst() }
            }
            for number in 0..<60 {
                let name = "agent-\(number)"
                #expect(shelf.document(of: name) == model.first { $0.name == name }?.document, "seed \(seed)")
            }
        }
    }
}
