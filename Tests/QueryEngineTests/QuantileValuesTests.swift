import TestSupport
import Testing

@testable import QueryEngine

@Suite struct QuantileValuesTests {
    /// Whatever comes, in whatever order, each quantile is the value that sorting all of them gives.
    @Test func quantilesAreThoseOfSortedValues() {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for round in 0..<300 {
            let spread = [1, 3, 50, 1_000_000].randomElement(using: &generator) ?? 1
            let texts = ["", "1.5", "007", "-0", "abc", "10ms", "2025-01-01T00:00:00Z", "99999999999999999999"]
            let isMixed = round % 3 == 0
            var all: [[UInt8]] = []
            var values = QuantileValues()
            for _ in 0..<Int.random(in: 1...200, using: &generator) {
                if Int.random(in: 0..<4, using: &generator) == 0 {
                    let text = Array((isMixed ? texts.randomElement(using: &generator) ?? "" : "").utf8)
                    values.add(text)
                    all.append(text)
                } else {
                    let number = Int64.random(in: -Int64(spread)...Int64(spread), using: &generator)
                    if Bool.random(using: &generator) {
                        values.add(Array("\(number)".utf8))
                    } else {
                        values.add([number], empties: 0)
                    }
                    all.append(Array("\(number)".utf8))
                }
            }
            let sorted = all.map { SortValue($0) }.sorted()
            for part in [0, 0.25, 0.5, 0.99, 1] {
                let index = min(Int(part * Double(sorted.count)), sorted.count - 1)
                let found = SortValue(values.quantile(part))
                #expect(found == sorted[index], "part \(part) of \(all), round \(round), seed \(seed)")
            }
        }
    }

    @Test func ofNothingItIsEmpty() {
        var values = QuantileValues()
        #expect(values.quantile(0.5).isEmpty)
    }

    /// Values in descending or equal order must not make it slow: quadratic time would not end here.
    @Test func orderDoesNotMatter() {
        let count = 400_000
        for numbers in [Array((0..<Int64(count)).reversed()), [Int64](repeating: 7, count: count)] {
            var values = QuantileValues()
            values.add(numbers[...], empties: 0)
            let middle = numbers.sorted()[count / 2]
            #expect(values.quantile(0.5) == Array("\(middle)".utf8))
        }
    }
}
