import ByteCoding
import TestSupport
import Testing

@testable import QueryEngine
@testable import StoreFormat

@Suite struct DistinctValuesTests {
    @Test func integersAreCountedOnce() {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for round in 0..<200 {
            let spreads: [Int64] = [3, 100, 5_000, 1_000_000, .max / 2]
            let spread = spreads.randomElement(using: &generator) ?? 3
            let low = round % 3 == 0 ? -spread : 0
            var expected: Set<Int64> = []
            var set = NumberSet()
            for _ in 0..<Int.random(in: 1...3_000, using: &generator) {
                let value = Int64.random(in: low...spread, using: &generator)
                expected.insert(value)
                set.insert(value)
            }
            #expect(set.count == expected.count, "spread \(spread), round \(round), seed \(seed)")
        }
    }

    /// The bits of a dense set take a fraction of what the numbers would.
    @Test func denseNumbersTakeBits() {
        var set = NumberSet()
        for value in 0..<Int64(200_000) { set.insert(value * 7 % 200_000) }
        #expect(set.count == 200_000)
        #expect(set.memoryBytes < 200_000)
    }

    /// Numbers and texts in any order, spelled in several ways: as many as there are distinct texts.
    @Test func numbersAndTextsAreOneSet() {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        func form(_ prefix: String, _ spelling: NumberForm.Spelling, _ digits: Int) -> NumberForm {
            NumberForm(prefix: Array(prefix.utf8), suffix: [], spelling: spelling, digits: digits)
        }
        let forms = [form("", .integer, 0), form("u_", .integer, 0), form("", .padded, 4), form("", .shortest, 2)]
        for round in 0..<200 {
            var expected: Set<[UInt8]> = []
            var values = DistinctValues()
            for _ in 0..<Int.random(in: 1...60, using: &generator) {
                let form = forms.randomElement(using: &generator) ?? forms[0]
                let numbers = (0..<Int.random(in: 1...9, using: &generator)).map { _ in
                    Int64.random(in: 0..<60, using: &generator)
                }
                let texts = numbers.map { text(of: $0, form) }
                expected.formUnion(texts)
                if Bool.random(using: &generator) {
                    values.insert(numbers[...], form, limit: .max)
                } else {
                    for text in texts { values.insert(text) }
                }
            }
            #expect(values.count == expected.count, "round \(round), seed \(seed)")
        }
    }

    @Test func theLimitEndsIt() {
        var values = DistinctValues()
        let form = NumberForm(prefix: [], suffix: [], spelling: .integer, digits: 0)
        values.insert([1, 2, 2, 3, 4, 5], form, limit: 3)
        #expect(values.count == 3)
    }

    private func text(of number: Int64, _ form: NumberForm) -> [UInt8] {
        var buffer = ByteWriter(capacity: 40)
        form.write(number, to: &buffer)
        return buffer.array()
    }
}
