import LogModel
import RegularExpressions

/// Tests of values beyond words and exact values: they read the value, and storage knows nothing of them.
indirect enum ValueCondition: Sendable {
    case expression(RegularExpression)
    /// An expression that could not be compiled matches nothing; the parser refuses it before.
    case never
    case substring(ByteSearch)
    case sequence([PhraseFinder])
    case all([ValueMatcher])
    case any([ValueMatcher])
    case numbers(ClosedRange<Double>)
    case addresses(ClosedRange<UInt32>)
    case strings(from: [UInt8], below: [UInt8]?)
    case lengths(ClosedRange<UInt64>)

    func passes(_ bytes: UnsafeRawBufferPointer) -> Bool {
        switch self {
        case .expression(let expression): return expression.matches(bytes)
        case .never: return false
        case .substring(let search): return search.contains(in: bytes) { _ in true }
        case .sequence(let phrases):
            var rest = bytes
            for phrase in phrases {
                guard let end = phrase.end(in: rest) else { return false }
                rest = rest.dropping(end)
            }
            return true
        case .all(let matchers): return matchers.allSatisfy { $0.matches(bytes) }
        case .any(let matchers): return matchers.contains { $0.matches(bytes) }
        case .numbers(let range):
            // NaN lies in no range.
            return range.contains(NumberReading.mathNumber(bytes))
        case .addresses(let range): return NumberReading.ipv4(bytes).map { range.contains($0) } ?? false
        case .strings(let low, let high):
            let isAbove = low.withUnsafeBytes { !bytes.lexicographicallyPrecedes($0) }
            guard isAbove, let high else { return isAbove }
            return high.withUnsafeBytes { bytes.lexicographicallyPrecedes($0) }
        case .lengths(let range):
            var count: UInt64 = 0
            var index = 0
            while index < bytes.count {
                // A byte that is no UTF-8 counts as one character.
                index += WordRule.scalar(at: index, in: bytes)?.length ?? 1
                count += 1
            }
            return range.contains(count)
        }
    }
}
