internal import ByteCoding
internal import LogModel

extension SegmentBuilder {
    /// Adds a block of another segment as it is: its sections are copied byte for byte, only the numbers of streams are
    /// written anew. What was added before ends in a block of its own.
    ///
    /// Columns may have their values by stream, in the order of the streams' numbers. So that order must be the same here.
    ///
    /// - Parameters:
    ///   - index: of the block in the other segment's footer.
    ///   - segment: read from; each section is checked before it is copied.
    /// - Returns: false, and nothing was added, when the streams of the block have another order here.
    /// - Throws: ``StoreFormatError`` when the block is damaged; what reading throws.
    package mutating func copy(block index: Int, of segment: SegmentReader) throws -> Bool {
        var copied = segment.footer.blocks[index]
        let source = SegmentBlock(segment: segment, description: copied)
        let indexes = try source.streamIndexes()
        guard let numbers = numbersInOrder(of: indexes, try segment.streams) else { return false }
        try endBlocks()
        copied.times = output.copy(try segment.section(copied.times), copied.times)
        copied.ids = output.copy(try segment.section(copied.ids), copied.ids)
        copied.levels = output.copy(try segment.section(copied.levels), copied.levels)
        var encoder = ScaledIntegerEncoder()
        let renumbered = indexes.map { numbers[Int($0)] }
        rollup.add(times: try source.times(), levels: try source.levels(), streams: renumbered)
        copied.streams = try output.streams(
            renumbered, limit: Int(renumbered.max() ?? 0) + 1, &encoder, &context)
        copied.messages = output.copy(try segment.section(copied.messages), copied.messages)
        for column in copied.columns.indices {
            let section = copied.columns[column].section
            copied.columns[column].section = output.copy(try segment.section(section), section)
        }
        if let overflow = copied.overflow {
            copied.overflow?.section = output.copy(try segment.section(overflow.section), overflow.section)
        }
        for presence in copied.presences.indices {
            let section = copied.presences[presence]
            copied.presences[presence] = output.copy(try segment.section(section), section)
        }
        for extra in copied.extras.indices {
            copied.extras[extra] = tail.copy(try segment.section(copied.extras[extra]), copied.extras[extra])
        }
        widen(copied.idBounds, segment.footer.ingestBounds)
        blocks.append(copied)
        return true
    }

    /// The number here of each stream that some rows have; nil when the numbers are not in the same order.
    private mutating func numbersInOrder(of indexes: [UInt32], _ theirs: [StreamIdentity]) -> [UInt32]? {
        var isUsed = [Bool](repeating: false, count: theirs.count)
        for index in indexes { isUsed[Int(index)] = true }
        var numbers = [UInt32](repeating: 0, count: theirs.count)
        var highest: UInt32?
        for index in theirs.indices where isUsed[index] {
            numbers[index] = number(of: theirs[index])
            if let highest, numbers[index] <= highest { return nil }
            highest = numbers[index]
        }
        return numbers
    }
}
