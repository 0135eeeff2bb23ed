/// The rules of a time zone, from a file of the zone database (RFC 9636): when its clocks changed, and by how much.
public struct ZoneFile: Sendable, Equatable {
    /// Seconds since 1970, UTC, ascending.
    private let moments: [Int64]
    /// Seconds east of UTC from the moment of the same index on.
    private let offsets: [Int]
    /// Seconds east of UTC before the first moment.
    private let first: Int

    /// Reads a file's content; nil when it is none of a zone.
    public init?(_ content: [UInt8]) {
        guard let head = Head(content, at: 0) else { return nil }
        // From version 2 on the same follows with wider numbers.
        let isWide = content[4] >= 0x32
        let start = isWide ? head.end(width: 4) : 0
        guard let block = isWide ? Head(content, at: start) : head else { return nil }
        let width = isWide ? 8 : 4
        guard block.end(width: width) <= content.count, block.types > 0 else { return nil }
        let times = start + Head.length
        let kinds = times + block.times * width
        let types = kinds + block.times
        func offset(ofType type: Int) -> Int? {
            guard type < block.types else { return nil }
            let value = ZoneFile.number(content, at: types + type * 6, width: 4)
            return abs(value) < 86_400 * 2 ? Int(value) : nil
        }
        var moments: [Int64] = []
        var offsets: [Int] = []
        for index in 0..<block.times {
            guard let offset = offset(ofType: Int(content[kinds + index])) else { return nil }
            moments.append(ZoneFile.number(content, at: times + index * width, width: width))
            offsets.append(offset)
        }
        guard let first = offset(ofType: 0), zip(moments, moments.dropFirst()).allSatisfy({ $0 <= $1 }) else {
            return nil
        }
        self.moments = moments
        self.offsets = offsets
        self.first = first
    }

    /// Seconds east of UTC when the zone's clocks show `seconds`, written as seconds since 1970 as if it were UTC.
    public func offset(atLocal seconds: Int64) -> Int {
        // At the moment that would be shown in UTC, then at the moment that this offset leads to.
        offset(at: seconds &- Int64(offset(at: seconds)))
    }

    private func offset(at moment: Int64) -> Int {
        var low = 0
        var high = moments.count
        while low < high {
            let middle = (low + high) / 2
            if moments[middle] <= moment { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? first : offsets[low - 1]
    }

    /// A big-endian number with a sign; the caller has checked that it lies within the content.
    private static func number(_ content: [UInt8], at index: Int, width: Int) -> Int64 {
        var value: UInt64 = 0
        for byte in content[index..<(index + width)] { value = value << 8 | UInt64(byte) }
        return width == 8 ? Int64(bitPattern: value) : Int64(Int32(truncatingIfNeeded: value))
    }

    /// The numbers in front of a block of data.
    private struct Head {
        static let length = 44
        var start: Int
        var times: Int
        var types: Int
        private var characters: Int
        private var leaps: Int
        private var standards: Int
        private var universals: Int

        init?(_ content: [UInt8], at start: Int) {
            guard start >= 0, start + Head.length <= content.count,
                content[start..<(start + 4)].elementsEqual("TZif".utf8)
            else { return nil }
            func count(_ place: Int) -> Int { Int(ZoneFile.number(content, at: start + 20 + place * 4, width: 4)) }
            self.start = start
            universals = count(0)
            standards = count(1)
            leaps = count(2)
            times = count(3)
            types = count(4)
            characters = count(5)
            let limit = 0...(1 << 20)
            guard [universals, standards, leaps, times, types, characters].allSatisfy(limit.contains) else {
                return nil
            }
        }

        /// The index behind the block, whose moments have `width` bytes.
        func end(width: Int) -> Int {
            let perMoment = times * (width + 1) + leaps * (width + 4)
            return start + Head.length + perMoment + types * 6 + characters + standards + universals
        }
    }
}
