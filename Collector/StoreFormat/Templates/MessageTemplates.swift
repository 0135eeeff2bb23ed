internal import ByteCoding
internal import LogModel

extension ColumnData {
    /// Stands in a template where a variable was taken out.
    package static let templatePlaceholder = TokenClass.placeholder

    /// The templates of messages: what storage makes of them when it writes a block, so that a message has the same
    /// template wherever it is kept.
    ///
    /// - Parameter candidates: the rows that are wanted; others may have none.
    /// - Returns: the template of each row, as a dictionary where there are few; absent where there is no message. Without
    ///   memory for the variables.
    package func messageTemplates(_ candidates: RowBitmap) -> ColumnData {
        var splitter = TemplateSplitter()
        return splitter.templates(of: self, candidates)
    }
}

/// Finds the templates of messages that are not stored as such.
private struct TemplateSplitter: ~Copyable {
    /// Templates that a dictionary of 16 bits can number, one less for rows without any.
    private static let mostEntries = 1 << 16 - 1

    private var tokenizer = MessageTokenizer()
    /// The message at work, and eight bytes more.
    private var message = ReusableBuffer<UInt8>(capacity: 1 << 12)

    mutating func templates(of messages: ColumnData, _ candidates: RowBitmap) -> ColumnData {
        var numbers = [Int32](repeating: -1, count: messages.ranges.count)
        unsafe messages.arena.withUnsafeBytes { arena in
            for index in numbers.indices where messages.indexes != nil || candidates.contains(index) {
                unsafe numbers[index] = number(messages.ranges[index], arena)
            }
        }
        if let indexes = messages.indexes {
            return ColumnData(arena: texts(), dictionary: ranges(of: numbers), indexes: indexes)
        }
        let count = tokenizer.table.count
        guard count < Self.mostEntries else { return ColumnData(arena: texts(), ranges: ranges(of: numbers)) }
        return ColumnData(
            arena: texts(), dictionary: ranges(of: Array(0..<Int32(count)) + [-1]),
            indexes: numbers.map { UInt16(truncatingIfNeeded: $0 < 0 ? count : Int($0)) })
    }

    /// The number of a message's template; -1 where there is no message.
    private mutating func number(_ range: ByteRange, _ arena: UnsafeRawBufferPointer) -> Int32 {
        if range.isAbsent { return -1 }
        let length = Int(range.length)
        message.resize(to: length + 16)
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: arena[Int(range.offset)..<range.end])
        if let start = bytes.baseAddress {
            unsafe UnsafeMutableRawPointer(message.pointer).copyMemory(from: start, byteCount: length)
        }
        let source = unsafe MessageBytes(base: UnsafePointer(message.pointer))
        return unsafe Int32(truncatingIfNeeded: tokenizer.template(of: source, offset: 0, length: length))
    }

    private func ranges(of numbers: [Int32]) -> [ByteRange] {
        var ranges: [ByteRange] = []
        ranges.reserveCapacity(numbers.count)
        for number in numbers {
            guard number >= 0 else {
                ranges.append(.absent)
                continue
            }
            let (offset, length) = (tokenizer.table.offsets[Int(number)], tokenizer.table.lengths[Int(number)])
            ranges.append(ByteRange(offset: Int(offset), length: Int(length)))
        }
        return ranges
    }

    private func texts() -> [UInt8] { tokenizer.table.bytes.array() }
}
