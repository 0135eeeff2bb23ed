internal import LogModel

/// A word as a column of variables would store it, so that values are compared without being put together.
enum EncodedWord {
    /// The column cannot have it.
    case none
    /// Rows whose numbers are all these, each in a column of its own.
    case numbers([(column: Int, number: UInt64)])
    /// Rows with these bytes.
    case bytes([UInt8])
    /// Only the values themselves tell.
    case unknown

    /// How a column would store a whole word.
    init(_ word: MessageWord, _ number: Int, _ directory: TemplateDirectory, _ texts: UnsafeRawBufferPointer) {
        let column = directory.columns[number]
        if word.isPrefix {
            self = .unknown
            return
        }
        switch column.kind {
        case .decimal, .digits:
            self = Self.number(word.bytes[...], column).map { .numbers([(number, $0)]) } ?? .none
        case .hexadecimal: self = Self.hexadecimal(word, column)
        case .parts: self = unsafe Self.parts(word, column, directory, texts)
        case .constant, .copy, .dictionary, .text, .pieces: self = .unknown
        }
    }

    /// The number that stands for a run of digits; nil when the column has no such run.
    private static func number(_ digits: ArraySlice<UInt8>, _ column: TemplateColumn) -> UInt64? {
        guard !digits.isEmpty, digits.count <= VariableColumns.mostDigits, digits.allSatisfy(DecimalForm.isDigit) else {
            return nil
        }
        let value = digits.reduce(UInt64(0)) { $0 * 10 + UInt64($1 - 0x30) }
        let hasZeros = digits.count > 1 && digits.first == 0x30
        let number: UInt64
        switch column.kind {
        case .decimal where column.first == 0:
            if hasZeros { return nil }
            number = value
        case .decimal:
            if digits.count != column.first { return nil }
            number = value
        case .digits: number = value + DecimalForm.firstOfLength[digits.count]
        default: return nil
        }
        return column.integers.mayHold(number) ? number : nil
    }

    private static func hexadecimal(_ word: MessageWord, _ column: TemplateColumn) -> EncodedWord {
        var digits = word.bytes[...]
        if column.first & 2 == 2 {
            guard digits.count > 2, digits[0] == 0x30, digits[1] | (word.ignoresCase ? 0x20 : 0) == 0x78 else {
                return .none
            }
            digits = digits.dropFirst(2)
        }
        guard digits.count == column.second * 2 else { return .none }
        let isUpper = column.first & 1 == 1
        var bytes: [UInt8] = []
        for (index, digit) in digits.enumerated() {
            let value = HexadecimalForm.value(digit)
            let isOtherCase = value >= 10 && (digit < 0x60) != isUpper
            if value > 15 || (isOtherCase && !word.ignoresCase) { return .none }
            if index % 2 == 0 { bytes.append(value << 4) } else { bytes[bytes.count - 1] |= value }
        }
        return .bytes(bytes)
    }

    private static func parts(
        _ word: MessageWord, _ column: TemplateColumn, _ directory: TemplateDirectory, _ texts: UnsafeRawBufferPointer
    ) -> EncodedWord {
        // Beyond ASCII a value may be more than one word.
        if unsafe directory.hasWidePieces(column, texts) { return .unknown }
        var numbers: [(column: Int, number: UInt64)] = []
        var rest = word.bytes[...]
        for run in 0...column.second {
            let piece = directory.entries[column.first + run]
            for position in Int(piece.offset)..<piece.end {
                let byte = unsafe texts[position]
                guard let first = rest.popFirst() else { return .none }
                if first != byte, !word.ignoresCase || first ^ byte != 0x20 || !isLetter(byte) { return .none }
            }
            if run == column.second { break }
            let digits = rest.prefix(while: DecimalForm.isDigit)
            rest = rest.dropFirst(digits.count)
            let part = directory.columns[column.third + run]
            switch part.kind {
            case .constant:
                let value = unsafe texts[part.first..<(part.first + part.second)]
                if unsafe !digits.elementsEqual(value) { return .none }
            case .dictionary:
                let entries = part.first..<(part.first + part.second)
                guard
                    let index = entries.firstIndex(where: { entry in
                        let range = directory.entries[entry]
                        return unsafe digits.elementsEqual(texts[Int(range.offset)..<range.end])
                    })
                else { return .none }
                numbers.append((column.third + run, UInt64(entries.distance(from: entries.startIndex, to: index))))
            default:
                guard let number = number(digits, part) else { return .none }
                numbers.append((column.third + run, number))
            }
        }
        return rest.isEmpty ? .numbers(numbers) : .none
    }

    private static func isLetter(_ byte: UInt8) -> Bool { byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A }
}

extension TemplateDirectory {
    /// Whether a column of parts has pieces beyond ASCII.
    func hasWidePieces(_ column: TemplateColumn, _ texts: UnsafeRawBufferPointer) -> Bool {
        entries[column.first...(column.first + column.second)].contains { piece in
            unsafe texts[Int(piece.offset)..<piece.end].contains { $0 >= 0x80 }
        }
    }
}

extension PackedIntegers {
    /// Whether a number lies between the lowest and the highest that could be stored. True when in doubt.
    func mayHold(_ number: UInt64) -> Bool {
        guard storage == .offsets, number >= base else { return storage == .differences }
        return width >= 64 || number - base < 1 << UInt64(width)
    }
}
