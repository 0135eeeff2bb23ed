internal import ByteCoding
package import LogModel

/// Writes a segment: header, the sections of each block, the tail (what pruning needs, footer, trailer). The layout is in
/// docs/format.md.
///
/// The caller appends batches in the order of the journal and writes away what ``output`` holds whenever it likes;
/// nothing is ever changed once it is out. The tail grows with the segment: what of it is encoded may be taken away too, to
/// where it waits until it has its turn. One thread.
package struct SegmentBuilder: ~Copyable {
    /// The first bytes of a segment: "LODGESEG".
    package static let magic: UInt64 = 0x4745_5345_4744_4F4C
    /// The version that is written.
    package static let version = SegmentVersion.newest
    /// Bytes before the first section: magic, version, two bytes of flags, four reserved.
    package static let headerBytes = 16
    /// Bytes behind the footer: its length, its CRC-32C, and the magic that tells the version.
    package static let trailerBytes = 16

    /// What has been encoded and not yet been written away.
    package var output: SectionOutput
    /// Events so far.
    package var rowCount: Int { blocks.reduce(block.rowCount) { $0 + $1.rowCount } }
    /// Sections that will stand in the tail; their offsets count from its start until it is known where that is. What is
    /// taken away before the end comes behind the last block: see ``endBlocks()``.
    package var tail = SectionOutput(fileOffset: 0)
    var block = BlockBuilder()
    var context: CodecContext
    let encoder: BlockEncoder
    var blocks: [BlockDescription] = []
    var rollup = RollupBuilder()
    private var missingRollups = 0
    private var streamNumbers: [StreamIdentity: UInt32] = [:]
    private var streams: [StreamIdentity] = []
    private var positions: ClosedRange<UInt64>?
    private var arrivals: ClosedRange<Int64>?

    /// What got a plainer form because of its shape, of the blocks that are complete.
    package var degraded: DegradedColumns {
        var degraded = block.degraded
        degraded.missingRollups = missingRollups
        return degraded
    }

    /// Begins a segment.
    ///
    /// - Parameters:
    ///   - level: zstd's level.
    ///   - streams: get their numbers in this order; further ones follow in the order of their appearance.
    ///   - encoder: may be shared by segments that are written at the same time.
    package init(level: Int32 = 1, streams: [StreamIdentity] = [], encoder: BlockEncoder = BlockEncoder()) {
        context = CodecContext(level: level)
        self.encoder = encoder
        output = SectionOutput(fileOffset: 0)
        output.pending.append(littleEndian: Self.magic)
        output.pending.append(littleEndian: Self.version.rawValue)
        output.pending.append(littleEndian: UInt16(0))
        output.pending.append(littleEndian: UInt32(0))
        for stream in streams { _ = number(of: stream) }
    }

    /// Adds the events of a batch.
    ///
    /// - Parameters:
    ///   - batch: the events.
    ///   - ids: their ``RowID``s, ascending, one a row.
    ///   - ingestBounds: the first and the last arrival, nanoseconds.
    /// - Throws: ``StoreFormatError`` when zstd fails: out of memory.
    package mutating func append(_ batch: EventBatch, ids: [UInt64], ingestBounds: ClosedRange<Int64>)
        throws(StoreFormatError)
    {
        precondition(ids.count == batch.count, "one id a row")
        guard let first = ids.first, let last = ids.last else { return }
        widen(first...last, ingestBounds)
        let streamMap = batch.streams.map { number(of: $0) }
        rollup.add(
            times: batch.timestamps, levels: batch.levels, streams: batch.streamIndexes.map { streamMap[Int($0)] })
        var row = 0
        while row < batch.count {
            row = block.add(batch, ids: ids, streamMap: streamMap, from: row)
            if block.isFull { blocks.append(try block.finish(into: &output, tail: &tail, &context, encoder)) }
        }
    }

    /// Encodes the last block. If some of the ``tail`` was taken away, ``output`` is to be written away next, then what was
    /// taken away of the tail, and then the segment to be finished.
    ///
    /// - Throws: ``StoreFormatError`` when zstd fails: out of memory.
    package mutating func endBlocks() throws(StoreFormatError) {
        if block.rowCount > 0 { blocks.append(try block.finish(into: &output, tail: &tail, &context, encoder)) }
    }

    /// Encodes the last block, the tail with the footer, and returns the footer.
    ///
    /// - Parameters:
    ///   - compactionLevel: 0 for a flush.
    ///   - generation: 0 for a flush; of a segment that replaces others, one more than the highest among them.
    ///   - positions: the journal positions that the segment stands for, where they are more than those of its events,
    ///     because some events were deleted by policy.
    /// - Returns: the footer.
    /// - Throws: ``StoreFormatError`` when zstd fails: out of memory.
    /// - Precondition: there is at least one event.
    package mutating func finish(
        compactionLevel: Int = 0, generation: UInt64 = 0, covering positions: ClosedRange<UInt64>? = nil
    ) throws(StoreFormatError) -> SegmentFooter {
        guard let own = self.positions, let arrivals else { preconditionFailure("a segment has at least one event") }
        try endBlocks()
        let tailOffset = output.offset
        if tail.startOffset > 0 { output.skip(tail.startOffset) }
        var table = ByteWriter()
        table.append(varint: UInt64(streams.count))
        for stream in streams { stream.write(to: &table) }
        var sections = [try tail.compressed(.streams, table, &context)]
        if let counts = try rollup.finish(into: &tail, segmentBytes: tailOffset, &context) { sections.append(counts) }
        if sections.count == 1 { missingRollups = 1 }
        for index in sections.indices { sections[index].offset += tailOffset }
        for index in blocks.indices {
            for extra in blocks[index].extras.indices { blocks[index].extras[extra].offset += tailOffset }
        }
        let covered = positions.map { min($0.lowerBound, own.lowerBound)...max($0.upperBound, own.upperBound) } ?? own
        let footer = SegmentFooter(
            rowCount: rowCount, journalPositions: covered, ingestBounds: arrivals, compactionLevel: compactionLevel,
            generation: generation, tailOffset: tailOffset, sections: sections, blocks: blocks)
        unsafe tail.withPending { unsafe output.pending.append(contentsOf: $0) }
        tail.removePending()
        var encoded = ByteWriter(capacity: 1 << 14)
        footer.encode(into: &encoded)
        let checksum = unsafe encoded.withBytes { unsafe crc32c($0) }
        unsafe encoded.withBytes { unsafe output.pending.append(contentsOf: $0) }
        output.pending.append(littleEndian: UInt32(encoded.count))
        output.pending.append(littleEndian: checksum)
        output.pending.append(littleEndian: Self.version.endMagic)
        return footer
    }

    mutating func widen(_ ids: ClosedRange<UInt64>, _ ingestBounds: ClosedRange<Int64>) {
        let (low, high) = (RowID.position(of: ids.lowerBound), RowID.position(of: ids.upperBound))
        positions = positions.map { min($0.lowerBound, low)...max($0.upperBound, high) } ?? low...high
        arrivals =
            arrivals.map {
                min($0.lowerBound, ingestBounds.lowerBound)...max($0.upperBound, ingestBounds.upperBound)
            } ?? ingestBounds
    }

    mutating func number(of stream: StreamIdentity) -> UInt32 {
        if let known = streamNumbers[stream] { return known }
        let number = UInt32(streams.count)
        streamNumbers[stream] = number
        streams.append(stream)
        return number
    }
}
