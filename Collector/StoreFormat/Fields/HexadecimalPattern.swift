internal import ByteCoding

/// What values have in common that are hexadecimal digits at the same places and the same bytes at all others: ids of
/// traces, UUIDs, addresses of network cards, digests.
struct HexadecimalPattern {
    /// Runs of digits that a value may have.
    static let mostRuns = 16
    /// The longest value.
    static let mostBytes = 255

    /// Bytes before, between and behind the runs.
    let pieces: [[UInt8]]
    /// Digits of each run; even in all.
    let runs: [Int]
    let isUpper: Bool

    /// Bytes that the digits of a value take.
    var byteCount: Int { runs.reduce(0, +) / 2 }
    private var length: Int { runs.reduce(0, +) + pieces.reduce(0) { $0 + $1.count } }

    /// The digits of all values as bytes, appended to `digits`; nil, and nothing is appended, when they have no pattern
    /// in common.
    static func find(_ column: borrowing ColumnBuilder, digits: inout ByteWriter) -> HexadecimalPattern? {
        let start = digits.count
        return unsafe column.bytes.withBytes { bytes in
            guard let length = column.lengths.first, length <= mostBytes, length > 0,
                let places = unsafe Self.places(UnsafeRawBufferPointer(rebasing: bytes[..<Int(length)]))
            else { return nil }
            digits.reserve(column.lengths.count * places.count(where: \.self) / 2)
            // Bits that are set in upper-case and in lower-case letters.
            var letters: UInt8 = 0
            var offset = 0
            for other in column.lengths {
                guard other == length,
                    unsafe append(bytes, at: offset, places, to: &digits, letters: &letters)
                else {
                    digits.truncate(to: start)
                    return nil
                }
                offset += Int(length)
            }
            // Without letters they are numbers, of which others know more; in both cases they do not come back.
            guard letters == 1 || letters == 2 else {
                digits.truncate(to: start)
                return nil
            }
            return unsafe HexadecimalPattern(places, bytes, isUpper: letters == 2)
        }
    }

    /// For each byte of a value whether it is a digit: those of words that are hexadecimal throughout, or behind `0x`.
    private static func places(_ value: UnsafeRawBufferPointer) -> [Bool]? {
        var places = [Bool](repeating: false, count: value.count)
        var runs = 0
        var index = 0
        while index < value.count {
            guard unsafe isLetterOrDigit(value[index]) else {
                index += 1
                continue
            }
            var end = index
            while end < value.count, unsafe isLetterOrDigit(value[end]) { end += 1 }
            let hasPrefix = unsafe end - index > 2 && value[index] == 0x30 && value[index + 1] == 0x78
            let digits = (hasPrefix ? index + 2 : index)..<end
            if digits.allSatisfy({ unsafe HexadecimalForm.value(value[$0]) < 16 }) {
                for place in digits { places[place] = true }
                runs += 1
            }
            index = end
        }
        let count = places.count(where: \.self)
        return count > 0 && count % 2 == 0 && runs <= mostRuns ? places : nil
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        DecimalForm.isDigit(byte) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A)
    }

    private static func append(
        _ bytes: UnsafeRawBufferPointer, at offset: Int, _ places: [Bool], to digits: inout ByteWriter,
        letters: inout UInt8
    ) -> Bool {
        var high: UInt8?
        for place in places.indices {
            let byte = unsafe bytes[offset + place]
            guard places[place] else {
                if unsafe byte != bytes[place] { return false }
                continue
            }
            let value = HexadecimalForm.value(byte)
            if value > 15 { return false }
            if value > 9 { letters |= byte & 0x20 != 0 ? 1 : 2 }
            if let first = high {
                digits.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return true
    }

    private init(_ places: [Bool], _ value: UnsafeRawBufferPointer, isUpper: Bool) {
        var pieces: [[UInt8]] = [[]]
        var runs: [Int] = []
        for place in places.indices {
            if !places[place] {
                pieces[pieces.count - 1].append(unsafe value[place])
            } else if place > 0, places[place - 1] {
                runs[runs.count - 1] += 1
            } else {
                runs.append(1)
                pieces.append([])
            }
        }
        (self.pieces, self.runs, self.isUpper) = (pieces, runs, isUpper)
    }

    func encode(into writer: inout ByteWriter) {
        writer.append(isUpper ? 1 : 0)
        writer.append(UInt8(runs.count))
        for (index, piece) in pieces.enumerated() {
            unsafe piece.withUnsafeBytes { unsafe writer.append(lengthPrefixed: $0) }
            if index < runs.count { writer.append(UInt8(runs[index])) }
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodingError) {
        isUpper = unsafe try reader.byte() & 1 == 1
        let count = unsafe Int(try reader.byte())
        var pieces: [[UInt8]] = []
        var runs: [Int] = []
        for index in 0...count {
            pieces.append(unsafe Array(try reader.lengthPrefixed()))
            if index < count { runs.append(unsafe Int(try reader.byte())) }
        }
        (self.pieces, self.runs) = (pieces, runs)
        guard runs.reduce(0, +) % 2 == 0, length <= Self.mostBytes else {
            throw unsafe .invalid(offset: reader.offset, what: "no pattern of digits")
        }
    }

    /// Appends the value of some digits.
    ///
    /// - Parameters:
    ///   - digits: ``byteCount`` bytes.
    ///   - writer: where the value goes.
    func write(_ digits: UnsafeRawBufferPointer, to writer: inout ByteWriter) {
        let letters: UInt8 = isUpper ? 0x41 - 10 : 0x61 - 10
        var digit = 0
        for index in pieces.indices {
            writer.append(contentsOf: pieces[index])
            guard index < runs.count else { continue }
            let count = runs[index]
            unsafe writer.append(room: count) { target in
                for place in 0..<count {
                    let pair = unsafe digits[digit >> 1]
                    let value = digit & 1 == 0 ? pair >> 4 : pair & 15
                    unsafe target[place] = value < 10 ? 0x30 + value : letters + value
                    digit += 1
                }
                return count
            }
        }
    }
}
