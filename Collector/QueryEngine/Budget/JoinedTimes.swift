extension Sequence where Element == ClosedRange<Int64> {
    /// The same times ascending and apart from each other: those that overlap or touch become one.
    package var joined: [ClosedRange<Int64>] {
        var result: [ClosedRange<Int64>] = []
        for time in sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = result.last, last.upperBound == .max || time.lowerBound <= last.upperBound + 1 {
                result[result.count - 1] = last.lowerBound...Swift.max(last.upperBound, time.upperBound)
            } else {
                result.append(time)
            }
        }
        return result
    }
}
