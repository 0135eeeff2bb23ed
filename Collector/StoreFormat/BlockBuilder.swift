internal import ByteCoding
internal import LogModel

/// Gathers up to 65,536 events of any batches into columns and writes them as the sections of one block.
struct BlockBuilder: ~Copyable {
    private(set) var rowCount = 0
    private var times: [Int64] = []
    private var ids: [UInt64] = []
    private var levels: [UInt32] = []
    private var streamIndexes: [UInt32] = []
    private var messages = ColumnBuilder(capacity: 1 << 20)
    private var columns = ColumnTable()
    private var overflow = ColumnBuilder(capacity: 16)
    private var overflowNames: [String: Int] = [:]
    private var overflowEntry = ByteWriter()
    private var byteCount = 0
    /// Of all blocks so far.
    private(set) var degraded = DegradedColumns()

    /// Whether the next event belongs into a new block.
    var isFull: Bool {
        rowCount >= StoreLimits.blockRows || byteCount >= StoreLimits.blockBytes
            || overflowNames.count >= StoreLimits.packedNames
            || byteCount >= StoreLimits.longBlockBytes && byteCount >= rowCount * StoreLimits.longRowBytes
    }

    /// Adds rows of a batch from `first` on, until the block is full.
    ///
    /// - Parameters:
    ///   - batch: the events.
    ///   - batchIDs: their ``RowID``s, one a row of the batch.
    ///   - streamMap: for each stream of the batch, its number in the segment.
    ///   - first: the row to begin with.
    /// - Returns: the first row that did not fit.
    mutating func add(_ batch: EventBatch, ids batchIDs: [UInt64], streamMap: [UInt32], from first: Int) -> Int {
        // Which column each field name of the batch goes to: looked up once a batch, not once an event.
        var columnOfName = [Int](repeating: Int.min, count: batch.fieldNames.count)
        var row = first
        unsafe batch.arena.withUnsafeBytes { arena in
            while row < batch.count, !isFull {
                times.append(batch.timestamps[row])
                ids.append(batchIDs[row])
                levels.append(UInt32(batch.levels[row]))
                streamIndexes.append(streamMap[Int(batch.streamIndexes[row])])
                let message = batch.messages[row]
                let text = unsafe UnsafeRawBufferPointer(rebasing: arena[Int(message.offset)..<message.end])
                unsafe messages.set(text, row: rowCount)
                byteCount += text.count
                overflowEntry.removeAll()
                for index in Int(batch.fieldStarts[row])..<Int(batch.fieldStarts[row + 1]) {
                    let field = batch.fields[index]
                    let name = Int(field.name)
                    if columnOfName[name] == Int.min { columnOfName[name] = columns.index(of: batch.fieldNames[name]) }
                    let value = unsafe UnsafeRawBufferPointer(
                        rebasing: arena[Int(field.value.offset)..<field.value.end])
                    byteCount += value.count
                    if columnOfName[name] >= 0 {
                        unsafe columns.set(value, column: columnOfName[name], row: rowCount)
                    } else {
                        overflowNames[batch.fieldNames[name]] = 0
                        degraded.packedValues += 1
                        overflowEntry.append(lengthPrefixed: batch.fieldNames[name])
                        unsafe overflowEntry.append(lengthPrefixed: value)
                    }
                }
                if overflowEntry.count > 0 {
                    unsafe overflowEntry.withBytes { unsafe overflow.set($0, row: rowCount) }
                }
                rowCount += 1
                row += 1
            }
        }
        return row
    }

    /// Writes the block's sections and forgets its events.
    ///
    /// - Parameters:
    ///   - output: gets the sections of the columns.
    ///   - tail: gets what pruning needs; the offsets of the block's extras count from its start.
    ///   - context: compresses.
    ///   - encoder: encodes; waits when it is at work for another segment.
    /// - Returns: the block.
    /// - Throws: ``StoreFormatError`` when zstd fails: out of memory.
    mutating func finish(
        into output: inout SectionOutput, tail: inout SectionOutput, _ context: inout CodecContext,
        _ encoder: BlockEncoder
    ) throws(StoreFormatError) -> BlockDescription {
        try encoder.work { (work) throws(StoreFormatError) in
            try encode(into: &output, tail: &tail, &context, &work)
        }
    }

    private mutating func encode(
        into output: inout SectionOutput, tail: inout SectionOutput, _ context: inout CodecContext,
        _ work: inout BlockEncoder.Work
    ) throws(StoreFormatError) -> BlockDescription {
        precondition(rowCount > 0, "a block has at least one event")
        // It may be left from a block that failed.
        work.filter.removeAll()
        let timeBounds = bounds(times)
        let idBounds = ids.reduce(into: (ids[0], ids[0])) { $0 = (min($0.0, $1), max($0.1, $1)) }
        let timesSection = try output.integers(times, &context)
        let idsSection = try output.integers(ids.map { Int64(bitPattern: $0) }, &context)
        let levelsSection = try output.packed(levels, limit: Int(Level.fatal.rawValue) + 1, &context)
        let streamLimit = Int(streamIndexes.max() ?? 0) + 1
        let streamsSection = try output.streams(streamIndexes, limit: streamLimit, &work.fields.integers, &context)
        let messagesSection = try output.messages(
            &messages, rowCount: rowCount, &work.templates, &work.filter.words, &context)
        coverMessages(messagesSection.kind, &work.filter)
        if messagesSection.kind == .text { degraded.textMessages += rowCount }
        degraded.packedFields += overflowNames.count
        let present = (0..<columns.count).filter { columns.hasValues($0) }
        let byStream = RowGroups(streamIndexes)
        let presences = PresencePlan(present.map { columns.rows($0) }, streams: byStream, &output)
        let rows = FieldEncoder.Surroundings(
            rowCount: rowCount, streams: byStream, levels: RowGroups(levels), presences: presences)
        var described: [(name: String, section: SectionReference)] = []
        for (number, index) in present.enumerated() {
            let (section, hasFreeWords) = try columns.write(
                index, number: number, rows, &work.fields, &work.templates, &output, &context)
            if hasFreeWords {
                columns.collectWords(index, &work.filter.words)
                work.filter.cover(BlockFilter.Place.column(described.count))
            }
            described.append((columns.names[index], section))
        }
        var overflowSection: (names: [String], section: SectionReference)?
        if !overflowNames.isEmpty {
            overflowSection = (
                overflowNames.keys.sorted(), try output.overflow(overflow, rowCount: rowCount, &context)
            )
        }
        var extras = work.filter.finish(into: &tail).map { [$0] } ?? []
        var pages = ByteWriter(capacity: 1 << 11)
        if output.appendPageChecksums([messagesSection] + described.map(\.section), to: &pages) {
            extras.append(tail.plain(.pages, pages))
        }
        let block = BlockDescription(
            rowCount: rowCount, timeBounds: timeBounds, idBounds: idBounds.0...idBounds.1, times: timesSection,
            ids: idsSection, levels: levelsSection, streams: streamsSection, messages: messagesSection,
            columns: described, overflow: overflowSection, presences: presences.sections,
            extras: extras)
        work.filter.removeAll()
        removeAll()
        return block
    }

    /// Sees to it that the filter has the words of the messages, of which a dictionary has no need.
    private func coverMessages(_ kind: SectionKind, _ filter: inout BlockFilterBuilder) {
        switch kind {
        case .templates: filter.cover(BlockFilter.Place.messages)
        case .text:
            // The encoder of templates may have begun.
            filter.words.removeAll()
            filter.words.add(wordsOf: messages, WordHash.Salt.variables)
            filter.cover(BlockFilter.Place.messages)
        default: filter.words.removeAll()
        }
    }

    private mutating func removeAll() {
        rowCount = 0
        byteCount = 0
        times.removeAll(keepingCapacity: true)
        ids.removeAll(keepingCapacity: true)
        levels.removeAll(keepingCapacity: true)
        streamIndexes.removeAll(keepingCapacity: true)
        messages.removeAll()
        columns.removeAll()
        overflow.removeAll()
        overflowNames.removeAll()
    }

    private func bounds(_ times: [Int64]) -> ClosedRange<Int64> {
        var low = times[0]
        var high = times[0]
        for time in times {
            if time < low { low = time }
            if time > high { high = time }
        }
        return low...high
    }
}
