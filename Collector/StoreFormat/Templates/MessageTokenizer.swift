internal import ByteCoding

/// Splits the messages of a block into templates and variables, in one pass over their bytes.
struct MessageTokenizer: ~Copyable {
    /// Longer messages are kept whole: they are no log lines that repeat.
    private static let longestMessage = 1 << 16
    /// Messages with more variables are kept whole: they are data, not text.
    private static let mostVariables = 255

    private(set) var table = TemplateTable()
    /// The template of each row.
    private(set) var templates = ReusableBuffer<UInt32>(capacity: 1 << 12)
    /// The first variable of each row.
    private(set) var firstVariable = ReusableBuffer<UInt32>(capacity: 1 << 12)
    /// The variables of all rows, in order.
    private(set) var variables = ReusableBuffer<VariableValue>(capacity: 1 << 14)
    private var pattern = ReusableBuffer<UInt8>(capacity: longestMessage + 16)
    private var classes = ReusableBuffer<UInt8>(capacity: 256)

    init() {
        for value in TokenClass.table { classes.append(value) }
    }

    mutating func removeAll() {
        table.removeAll()
        templates.removeAll()
        firstVariable.removeAll()
        variables.removeAll()
    }

    /// Splits the next message: `length` bytes from `offset` on.
    mutating func add(_ messages: MessageBytes, offset: Int, length: Int) {
        firstVariable.append(UInt32(truncatingIfNeeded: variables.count))
        templates.append(unsafe number(messages, offset, length))
    }

    /// The number of the template of a message; nothing else is kept of it.
    mutating func template(of messages: MessageBytes, offset: Int, length: Int) -> UInt32 {
        variables.removeAll()
        return unsafe number(messages, offset, length)
    }

    @inline(__always)
    private mutating func number(_ messages: MessageBytes, _ offset: Int, _ length: Int) -> UInt32 {
        let start = variables.count
        guard length <= Self.longestMessage, let patternLength = unsafe split(messages, offset, length) else {
            variables.resize(to: start)
            variables.append(
                VariableValue(offset: offset, length: length, classes: TokenClass.other | TokenClass.wholeMessage))
            unsafe pattern.pointer[0] = TokenClass.placeholder
            return unsafe table.number(of: UnsafeRawBufferPointer(start: pattern.pointer, count: 1), variables: 1)
        }
        let text = unsafe UnsafeRawBufferPointer(start: pattern.pointer, count: patternLength)
        return unsafe table.number(of: text, variables: variables.count - start)
    }

    /// Writes the template of a message to `pattern` and appends its variables.
    ///
    /// - Returns: the template's length; nil when the message cannot be split.
    @inline(__always)
    private mutating func split(_ messages: MessageBytes, _ offset: Int, _ length: Int) -> Int? {
        variables.reserve(Self.mostVariables + 1)
        let bytes = unsafe messages.base + offset
        let classes = unsafe UnsafePointer(self.classes.pointer)
        let target = unsafe pattern.pointer
        var written = 0
        var staticStart = 0
        var index = 0
        var room = Self.mostVariables
        while index < length {
            var kinds = unsafe classes[Int(bytes[index])]
            if kinds == 0 {
                if unsafe bytes[index] == TokenClass.placeholder { return nil }
                index += 1
                continue
            }
            let start = index
            index += 1
            while index < length {
                let kind = unsafe classes[Int(bytes[index])]
                if kind == 0 { break }
                kinds |= kind
                index += 1
            }
            let isVariable =
                TokenClass.isVariable(kinds, length: index - start) || (unsafe start > 0 && bytes[start - 1] == 0x3D)
            if isVariable {
                if room == 0 { return nil }
                room -= 1
                unsafe Self.copy(bytes + staticStart, to: target + written, start - staticStart)
                written += start - staticStart
                unsafe target[written] = TokenClass.placeholder
                written += 1
                staticStart = index
                variables.appendReserved(VariableValue(offset: offset + start, length: index - start, classes: kinds))
            }
        }
        unsafe Self.copy(bytes + staticStart, to: target + written, length - staticStart)
        return written + length - staticStart
    }

    /// Copies in steps of eight bytes: up to seven bytes too many are read and written, for which there is room.
    @inline(__always)
    private static func copy(_ source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, _ count: Int) {
        var index = 0
        while index < count {
            let word = unsafe UnsafeRawPointer(source + index).loadUnaligned(as: UInt64.self)
            unsafe UnsafeMutableRawPointer(target + index).storeBytes(of: word, as: UInt64.self)
            index += 8
        }
    }
}
