import ByteCoding
import TestSupport
import Testing

@testable import StoreFormat

@Suite struct VarintRunTests {
    @Test func numbersOfAllLengthsComeBack() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let numbers = (0..<(generator.next() % 40)).map { _ in generator.next() >> (generator.next() % 64) }
            var writer = ByteWriter()
            for number in numbers { writer.append(varint: number) }
            let bytes = writer.array()
            try bytes.withUnsafeBytes { raw in
                var run = VarintRun(raw)
                for number in numbers {
                    let read = try run.next()
                    #expect(read == number, "seed \(seed)")
                }
                #expect(run.offset == bytes.count, "seed \(seed)")
                let end = try? run.next()
                #expect(end == nil, "seed \(seed)")
            }
        }
    }

    @Test(arguments: [[0x80], [0xFF, 0xFF], [UInt8](repeating: 0x80, count: 11), [UInt8](repeating: 0xFF, count: 20)])
    func whatIsCutOffOrTooLongIsRefused(bytes: [UInt8]) {
        bytes.withUnsafeBytes { raw in
            var run = VarintRun(raw)
            let value = try? run.next()
            #expect(value == nil)
        }
    }
}
