internal import ByteCoding
package import LogModel

extension SegmentReader {
    /// The events of a block as a batch, to be written again.
    ///
    /// Every value is as it was; fields are in the order of the block's columns. The batch shares the arenas of the
    /// decoded columns, so its memory is about what the block's values take.
    ///
    /// - Parameters:
    ///   - index: of the block in the footer.
    ///   - rows: which events; nil for all.
    /// - Returns: the events and their ``RowID``s.
    /// - Throws: ``StoreFormatError`` when the block is damaged or holds over 4 GiB; what reading throws.
    package func events(ofBlock index: Int, rows: RowBitmap? = nil) throws -> (batch: EventBatch, ids: [UInt64]) {
        let block = SegmentBlock(segment: self, description: footer.blocks[index])
        let wanted = rows ?? RowBitmap(rowCount: block.rowCount, filled: true)
        let selected = wanted.rows
        var fields = FieldGathering(selected: selected)
        let messages = try block.messages(wanted)
        let shift = try fields.take(messages.arena)
        let ranges = selected.map { row in
            let range = messages.range(at: row)
            return range.isAbsent ? ByteRange(offset: 0, length: 0) : range.moved(by: shift)
        }
        var names: [String] = []
        for column in block.description.columns {
            try fields.add(try block.values(column.section, wanted), name: UInt32(names.count))
            names.append(column.name)
        }
        if let overflow = block.description.overflow {
            let pairs = try block.values(overflow.section, wanted)
            try fields.add(pairs: pairs, names: overflow.names, from: UInt32(names.count))
            names += overflow.names
        }
        let (times, ids, levels) = (try block.times(), try block.ids(), try block.levels())
        let (streams, streamIndexes) = try usedStreams(block, selected)
        let (starts, entries, arena) = fields.finish()
        let batch = EventBatch(
            timestamps: selected.map { times[$0] }, levels: selected.map { levels[$0] },
            streamIndexes: streamIndexes, streams: streams, messages: ranges, fieldStarts: starts,
            fields: entries, fieldNames: names, arena: arena)
        return (batch, selected.map { ids[$0] })
    }

    /// The streams of some rows and, for each row, the index among them.
    private func usedStreams(
        _ block: SegmentBlock, _ selected: [Int]
    ) throws -> (streams: [StreamIdentity], indexes: [UInt32]) {
        let all = try block.streamIndexes()
        let streams = try streams
        var numbers = [UInt32](repeating: .max, count: streams.count)
        var used: [StreamIdentity] = []
        let indexes = selected.map { row in
            let stream = Int(all[row])
            if numbers[stream] == .max {
                numbers[stream] = UInt32(used.count)
                used.append(streams[stream])
            }
            return numbers[stream]
        }
        return (used, indexes)
    }
}

/// Turns columns into the fields of rows: columns are taken one by one, and put in the order of rows at the end.
private struct FieldGathering {
    private var arena: [UInt8] = []
    /// The rows of the block that are wanted.
    private let selected: [Int]
    private var counts: [UInt32]
    /// The fields, column by column: the place of the row, and the field.
    private var found: [(place: UInt32, field: FieldEntry)] = []

    init(selected: [Int]) {
        self.selected = selected
        counts = [UInt32](repeating: 0, count: selected.count)
    }

    /// Appends bytes that ranges point into and says where they begin.
    mutating func take(_ bytes: [UInt8]) throws(StoreFormatError) -> UInt32 {
        guard arena.count + bytes.count < Int(UInt32.max) else { throw StoreFormatError("block holds over 4 GiB") }
        let start = UInt32(arena.count)
        if arena.isEmpty { arena = bytes } else { arena += bytes }
        return start
    }

    mutating func add(_ column: ColumnData, name: UInt32) throws(StoreFormatError) {
        let shift = try take(column.arena)
        for (place, row) in selected.enumerated() {
            let range = column.range(at: row)
            if range.isAbsent { continue }
            append(FieldEntry(name: name, value: range.moved(by: shift)), at: place)
        }
    }

    /// Adds the fields of the overflow column: name and value pairs.
    mutating func add(pairs: ColumnData, names: [String], from first: UInt32) throws {
        let shift = try take(pairs.arena)
        let numbers = Dictionary(
            names.enumerated().map { (Array($1.utf8), first + UInt32($0)) }, uniquingKeysWith: { known, _ in known })
        let start = Int(shift)
        unsafe try pairs.arena.withUnsafeBytes { bytes in
            for (place, row) in selected.enumerated() where !pairs.range(at: row).isAbsent {
                let range = pairs.range(at: row)
                var reader = unsafe ByteReader(UnsafeRawBufferPointer(rebasing: bytes[Int(range.offset)..<range.end]))
                while unsafe reader.remaining > 0 {
                    let name = unsafe Array(try reader.lengthPrefixed())
                    let value = unsafe try reader.lengthPrefixed()
                    guard let number = numbers[name] else { throw StoreFormatError("overflow has an unknown field") }
                    let end = unsafe Int(range.offset) + reader.offset
                    append(
                        FieldEntry(
                            name: number, value: ByteRange(offset: start + end - value.count, length: value.count)),
                        at: place)
                }
            }
        }
    }

    /// - Returns: where the fields of each row start, the fields, and the bytes they point into.
    consuming func finish() -> (starts: [UInt32], fields: [FieldEntry], arena: [UInt8]) {
        var starts: [UInt32] = [0]
        starts.reserveCapacity(counts.count + 1)
        var sum: UInt32 = 0
        for count in counts {
            sum += count
            starts.append(sum)
        }
        var next = starts
        var fields = [FieldEntry](
            repeating: FieldEntry(name: 0, value: ByteRange(offset: 0, length: 0)), count: found.count)
        for (place, field) in found {
            fields[Int(next[Int(place)])] = field
            next[Int(place)] += 1
        }
        return (starts, fields, arena)
    }

    private mutating func append(_ field: FieldEntry, at place: Int) {
        counts[place] += 1
        found.append((UInt32(place), field))
    }
}

extension ByteRange {
    fileprivate func moved(by shift: UInt32) -> ByteRange {
        var moved = self
        moved.offset += shift
        return moved
    }
}
