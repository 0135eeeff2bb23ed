internal import ByteCoding

/// Finds the smallest form for each position of a template and writes it to the areas and the directory.
struct VariableColumns: ~Copyable {
    /// Distinct values up to which a column becomes a dictionary, if they are at most a quarter of its values.
    static let dictionaryValues = 1 << 10
    /// Digits that a number may have, so that differences of two fit 64 bits.
    static let mostDigits = 18
    /// Runs of digits in a value.
    static let mostParts = 8
    /// Two to this power are the values of a piece.
    static let pieceBits = 12
    /// How many positions back a column is looked for that holds the same values.
    static let copyDistance = 32

    /// Descriptions of the columns.
    var directory = ByteWriter(capacity: 1 << 14)
    var areas = ColumnAreas()
    /// The values of the template, position by position; what the caller fills in.
    var values = ReusableBuffer<VariableValue>(capacity: 1 << 14)
    private var packer = IntegerPacker()
    private var finder = DistinctFinder()
    private var runs = ReusableBuffer<VariableValue>(capacity: 1 << 12)
    private var pieces: [VariableValue] = []

    /// Lengths and classes of a column's values.
    private struct Shape {
        var classes: UInt8 = 0
        var shortest = Int.max
        var longest = 0
    }

    mutating func removeAll() {
        directory.removeAll()
        areas.removeAll()
        values.removeAll()
    }

    /// Writes the columns of one template, whose values are in ``values``.
    mutating func write(_ messages: MessageBytes, rows: Int, positions: Int, _ words: inout WordCollector) {
        for position in 0..<positions {
            unsafe write(messages, position: position, rows: rows, &words)
            areas.endColumn()
        }
    }

    /// Writes ``values`` as text: one column, or pieces if they are many.
    mutating func writeText(_ messages: MessageBytes, _ words: inout WordCollector) {
        let all = unsafe UnsafePointer(values.pointer)
        unsafe words.add(messages, all, values.count)
        let piece = 1 << Self.pieceBits
        if values.count <= piece {
            unsafe text(messages, all, values.count)
            areas.endColumn()
            return
        }
        let classes = unsafe Self.shape(all, values.count).classes
        directory.append(VariableKind.pieces.rawValue)
        directory.append(Self.areWords(classes) ? 1 : 0)
        directory.append(UInt8(Self.pieceBits))
        for start in stride(from: 0, to: values.count, by: piece) {
            unsafe appendText(messages, all + start, min(piece, values.count - start))
            areas.endColumn()
        }
    }

    private mutating func write(
        _ messages: MessageBytes, position: Int, rows: Int, _ words: inout WordCollector
    ) {
        let column = unsafe UnsafePointer(values.pointer + position * rows)
        let shape = unsafe Self.shape(column, rows)
        if shape.shortest == shape.longest, unsafe Self.isConstant(messages, column, rows) {
            directory.append(VariableKind.constant.rawValue)
            unsafe directory.append(lengthPrefixed: messages.bytes(column[0]))
            unsafe words.add(wordsOf: messages.bytes(column[0]), WordHash.Salt.dictionaries)
            return
        }
        for earlier in max(0, position - Self.copyDistance)..<position {
            if unsafe Self.areEqual(messages, values.pointer + earlier * rows, column, rows) {
                directory.append(VariableKind.copy.rawValue)
                directory.append(varint: UInt64(earlier))
                return
            }
        }
        if shape.classes == TokenClass.digit, shape.longest <= Self.mostDigits {
            unsafe digits(messages, column, rows, shape)
            return
        }
        if unsafe dictionary(messages, column, rows) {
            for entry in 0..<finder.firstRows.count {
                let value = unsafe column[Int(finder.firstRows[entry])]
                unsafe words.add(wordsOf: messages.bytes(value), WordHash.Salt.dictionaries)
            }
            return
        }
        unsafe words.add(messages, column, rows)
        if unsafe hexadecimal(messages, column, rows, shape) { return }
        if shape.classes & TokenClass.wholeMessage == 0, unsafe parts(messages, column, rows) { return }
        unsafe text(messages, column, rows)
    }

    private static func shape(_ column: UnsafePointer<VariableValue>, _ rows: Int) -> Shape {
        var shape = Shape()
        for row in 0..<rows {
            let value = unsafe column[row]
            shape.classes |= value.classes
            shape.shortest = min(shape.shortest, value.length)
            shape.longest = max(shape.longest, value.length)
        }
        return shape
    }

    private static func isConstant(
        _ messages: MessageBytes, _ column: UnsafePointer<VariableValue>, _ rows: Int
    ) -> Bool {
        for row in 1..<rows where unsafe !messages.equal(column[0], column[row]) { return false }
        return true
    }

    private static func areEqual(
        _ messages: MessageBytes, _ left: UnsafePointer<VariableValue>, _ right: UnsafePointer<VariableValue>,
        _ rows: Int
    ) -> Bool {
        for row in 0..<rows where unsafe !messages.equal(left[row], right[row]) { return false }
        return true
    }

    /// Writes a column of runs of up to 18 digits.
    private mutating func digits(
        _ messages: MessageBytes, _ column: UnsafePointer<VariableValue>, _ rows: Int, _ shape: Shape
    ) {
        packer.numbers.resize(to: rows)
        var isCanonical = true
        for row in 0..<rows {
            let value = unsafe column[row]
            let number = unsafe messages.decimal(value)
            packer.numbers[row] = number
            if value.length > 1, unsafe messages.base[value.offset] == 0x30 { isCanonical = false }
        }
        let hasOneForm = isCanonical || shape.shortest == shape.longest
        if !hasOneForm {
            for row in 0..<rows {
                packer.numbers[row] += DecimalForm.firstOfLength[unsafe column[row].length]
            }
        }
        // Long numbers that come back, such as ids of users.
        if shape.longest > 2, finder.find(packer.numbers, limit: min(Self.dictionaryValues, rows / 4)) {
            unsafe writeDictionary(messages, column)
            return
        }
        if hasOneForm {
            directory.append(VariableKind.decimal.rawValue)
            directory.append(UInt8(isCanonical ? 0 : shape.longest))
        } else {
            directory.append(VariableKind.digits.rawValue)
        }
        packer.pack(into: &areas, directory: &directory)
    }

    private mutating func dictionary(
        _ messages: MessageBytes, _ column: UnsafePointer<VariableValue>, _ rows: Int
    ) -> Bool {
        guard unsafe finder.find(messages, column, rows, limit: min(Self.dictionaryValues, max(2, rows / 4))) else {
            return false
        }
        unsafe writeDictionary(messages, column)
        return true
    }

    private mutating func writeDictionary(_ messages: MessageBytes, _ column: UnsafePointer<VariableValue>) {
        directory.append(VariableKind.dictionary.rawValue)
        directory.append(varint: UInt64(finder.firstRows.count))
        for entry in 0..<finder.firstRows.count {
            unsafe directory.append(lengthPrefixed: messages.bytes(column[Int(finder.firstRows[entry])]))
        }
        packer.numbers.resize(to: finder.indexes.count)
        for row in 0..<finder.indexes.count { packer.numbers[row] = UInt64(finder.indexes[row]) }
        packer.pack(into: &areas, directory: &directory)
    }

    private mutating func hexadecimal(
        _ messages: MessageBytes, _ column: UnsafePointer<VariableValue>, _ rows: Int, _ shape: Shape
    ) -> Bool {
        guard shape.shortest == shape.longest, shape.longest % 2 == 0 else { return false }
        let hasPrefix = shape.classes & TokenClass.letterX != 0
        let digits = shape.longest - (hasPrefix ? 2 : 0)
        let letters = shape.classes & ~(TokenClass.digit | TokenClass.letterX)
        guard letters == 0 || letters == TokenClass.lowerHex || letters == TokenClass.upperHex, digits >= 2,
            digits <= 254
        else { return false }
        let start = areas.wide.count
        areas.wide.reserve(rows * digits / 2)
        for row in 0..<rows {
            let bytes = unsafe messages.bytes(column[row])
            if hasPrefix, unsafe bytes[0] != 0x30 || bytes[1] != 0x78 {
                areas.wide.truncate(to: start)
                return false
            }
            var index = hasPrefix ? 2 : 0
            while index < bytes.count {
                let high = unsafe HexadecimalForm.value(bytes[index])
                let low = unsafe HexadecimalForm.value(bytes[index + 1])
                // An `x` that is no prefix.
                if high | low > 15 {
                    areas.wide.truncate(to: start)
                    return false
                }
                areas.wide.append(high << 4 | low)
                index += 2
            }
        }
        directory.append(VariableKind.hexadecimal.rawValue)
        directory.append((letters == TokenClass.upperHex ? 1 : 0) | (hasPrefix ? 2 : 0))
        directory.append(UInt8(digits / 2))
        return true
    }

    /// Writes values that agree in all but runs of digits: the pieces between them once, the runs as columns.
    private mutating func parts(
        _ messages: MessageBytes, _ column: UnsafePointer<VariableValue>, _ rows: Int
    ) -> Bool {
        pieces.removeAll(keepingCapacity: true)
        let first = unsafe column[0]
        let firstBytes = unsafe messages.bytes(first)
        var index = 0
        while true {
            let start = index
            while index < firstBytes.count, unsafe !DecimalForm.isDigit(firstBytes[index]) { index += 1 }
            pieces.append(VariableValue(offset: first.offset + start, length: index - start, classes: 0))
            if index == firstBytes.count { break }
            while index < firstBytes.count, unsafe DecimalForm.isDigit(firstBytes[index]) { index += 1 }
        }
        let runCount = pieces.count - 1
        guard runCount > 0, runCount <= Self.mostParts else { return false }
        runs.resize(to: runCount * rows)
        for row in 0..<rows {
            let value = unsafe column[row]
            let bytes = unsafe messages.bytes(value)
            var index = 0
            for run in 0...runCount {
                let piece = pieces[run]
                guard bytes.count - index >= piece.length,
                    unsafe messages.equal(
                        piece, VariableValue(offset: value.offset + index, length: piece.length, classes: 0))
                else { return false }
                index += piece.length
                if run == runCount { break }
                let start = index
                while index < bytes.count, unsafe DecimalForm.isDigit(bytes[index]) { index += 1 }
                guard index > start, index - start <= Self.mostDigits else { return false }
                runs[run * rows + row] = VariableValue(
                    offset: value.offset + start, length: index - start, classes: TokenClass.digit)
            }
            if index != bytes.count { return false }
        }
        directory.append(VariableKind.parts.rawValue)
        directory.append(varint: UInt64(runCount))
        for piece in pieces { unsafe directory.append(lengthPrefixed: messages.bytes(piece)) }
        for run in 0..<runCount {
            let part = unsafe UnsafePointer(runs.pointer + run * rows)
            let shape = unsafe Self.shape(part, rows)
            if shape.shortest == shape.longest, unsafe Self.isConstant(messages, part, rows) {
                directory.append(VariableKind.constant.rawValue)
                unsafe directory.append(lengthPrefixed: messages.bytes(part[0]))
            } else {
                unsafe digits(messages, part, rows, shape)
            }
        }
        return true
    }

    private mutating func text(_ messages: MessageBytes, _ column: UnsafePointer<VariableValue>, _ rows: Int) {
        directory.append(VariableKind.text.rawValue)
        directory.append(Self.areWords(unsafe Self.shape(column, rows).classes) ? 1 : 0)
        unsafe appendText(messages, column, rows)
    }

    private static func areWords(_ classes: UInt8) -> Bool {
        classes & (TokenClass.wide | TokenClass.wholeMessage) == 0
    }

    /// Appends values to the areas, and how many bytes they take there to the directory.
    private mutating func appendText(
        _ messages: MessageBytes, _ column: UnsafePointer<VariableValue>, _ rows: Int
    ) {
        let lengthsStart = areas.bytes.count
        let textStart = areas.text.count
        areas.bytes.reserve(rows)
        for row in 0..<rows {
            let bytes = unsafe messages.bytes(column[row])
            areas.bytes.append(varint: UInt64(bytes.count))
            unsafe areas.text.append(contentsOf: bytes)
        }
        directory.append(varint: UInt64(areas.bytes.count - lengthsStart))
        directory.append(varint: UInt64(areas.text.count - textStart))
    }
}
