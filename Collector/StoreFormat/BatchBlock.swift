package import LogModel

/// Events in memory as queries see them: one batch of the head.
package struct BatchBlock: BlockSource {
    /// The events.
    package let batch: EventBatch
    /// The first and the last arrival, nanoseconds.
    package let ingestBounds: ClosedRange<Int64>
    /// The earliest and the latest time, nanoseconds.
    package let timeBounds: ClosedRange<Int64>
    private let rowIDs: [UInt64]
    /// The numbers of ``fieldNames`` while a query works on a block with many of them.
    private var numbers: [String: UInt32]?

    /// Names up to which looking through all of them is quick.
    private static let fewNames = 64

    /// Makes a block of a batch; nil when it has no events.
    ///
    /// - Parameters:
    ///   - batch: the events.
    ///   - position: the batch's position in the journal.
    ///   - ingestTime: when it arrived, nanoseconds.
    package init?(_ batch: EventBatch, position: UInt64, ingestTime: Int64) {
        guard let bounds = batch.timeBounds else { return nil }
        self.batch = batch
        ingestBounds = ingestTime...ingestTime
        timeBounds = bounds.lowerBound.nanoseconds...bounds.upperBound.nanoseconds
        rowIDs = (0..<batch.count).map { RowID.make(position: position, row: $0) }
    }

    private init(merging older: BatchBlock, _ newer: BatchBlock) {
        batch = older.batch.merged(with: newer.batch)
        ingestBounds =
            min(
                older.ingestBounds.lowerBound, newer.ingestBounds.lowerBound)...max(
                older.ingestBounds.upperBound, newer.ingestBounds.upperBound)
        timeBounds =
            min(
                older.timeBounds.lowerBound, newer.timeBounds.lowerBound)...max(
                older.timeBounds.upperBound, newer.timeBounds.upperBound)
        rowIDs = older.rowIDs + newer.rowIDs
    }

    /// This block's events and, behind them, those of a block that arrived later.
    package func merged(with newer: BatchBlock) -> BatchBlock {
        BatchBlock(merging: self, newer)
    }

    /// Number of events.
    package var rowCount: Int { batch.count }
    /// The lowest and the highest id.
    package var idBounds: ClosedRange<UInt64> { rowIDs[0]...rowIDs[rowIDs.count - 1] }
    /// The streams of the batch.
    package var streams: [StreamIdentity] { batch.streams }
    /// The fields of the batch.
    package var fieldNames: [String] { batch.fieldNames }
    /// Names in the batch.
    package var fieldNameCount: Int { batch.fieldNames.count }

    /// Whether some row has the field: names of the batch may be those of labels alone.
    package func hasField(_ name: String) -> Bool {
        guard let number = number(of: name) else { return false }
        return batch.fields.contains { $0.name == number }
    }

    /// The names that the rows have, if the batch has many.
    package func fieldNames(of rows: RowBitmap) -> [String] {
        guard batch.fieldNames.count > Self.fewNames else { return batch.fieldNames }
        var has = [Bool](repeating: false, count: batch.fieldNames.count)
        rows.forEach { row in
            for index in Int(batch.fieldStarts[row])..<Int(batch.fieldStarts[row + 1]) {
                has[Int(batch.fields[index].name)] = true
            }
        }
        return has.indices.filter { has[$0] }.map { batch.fieldNames[$0] }
    }

    /// The block with its names numbered.
    package func opened() -> any BlockSource {
        guard batch.fieldNames.count > Self.fewNames else { return self }
        var block = self
        block.numbers = Dictionary(
            batch.fieldNames.enumerated().map { ($1, UInt32($0)) }, uniquingKeysWith: { first, _ in first })
        return block
    }

    private func number(of name: String) -> UInt32? {
        if let numbers { return numbers[name] }
        return batch.fieldNames.firstIndex(of: name).map { UInt32($0) }
    }

    private func value(of number: UInt32, at row: Int) -> ByteRange {
        var value = ByteRange.absent
        for index in Int(batch.fieldStarts[row])..<Int(batch.fieldStarts[row + 1])
        where batch.fields[index].name == number {
            value = batch.fields[index].value
        }
        return value
    }

    /// The values of a field of some rows; only positions are gathered, no value is copied.
    package func column(_ name: String, picking rows: RowBitmap) -> ColumnData? {
        guard let number = number(of: name) else { return nil }
        return ColumnData(arena: batch.arena, ranges: rows.rows.map { value(of: number, at: $0) })
    }

    /// Looks at the streams of the rows alone: a batch may have nearly as many streams as events.
    package func labelNames(of rows: RowBitmap) -> Set<String> {
        StreamIdentity.labelNames(of: Set(rows.rows.map { batch.streamIndexes[$0] }).map { batch.streams[Int($0)] })
    }

    /// Looks at the streams of the rows alone.
    package func labels(_ name: String, picking rows: RowBitmap) -> ColumnData? {
        var arena: [UInt8] = []
        let ranges = rows.rows.map { row in
            guard let value = batch.streams[Int(batch.streamIndexes[row])].value(of: name) else {
                return ByteRange.absent
            }
            arena.append(contentsOf: value)
            return ByteRange(offset: arena.count - value.count, length: value.count)
        }
        return ranges.allSatisfy(\.isAbsent) ? nil : ColumnData(arena: arena, ranges: ranges)
    }

    /// Bytes of memory.
    package var byteCount: Int { batch.memoryBytes }

    /// Nothing has to be read.
    package func byteCount(of names: [String]?) -> Int { 0 }

    /// Times of the rows.
    package func times() -> [Int64] { batch.timestamps }
    /// Ids of the rows.
    package func ids() -> [UInt64] { rowIDs }
    /// Levels of the rows.
    package func levels() -> [UInt8] { batch.levels }
    /// The stream of each row.
    package func streamIndexes() -> [UInt32] { batch.streamIndexes }

    /// All messages; nothing is copied.
    package func messages(_ candidates: RowBitmap) -> ColumnData {
        ColumnData(arena: batch.arena, ranges: batch.messages)
    }

    /// The values of a field; only positions are gathered, no value is copied.
    package func column(_ name: String, _ candidates: RowBitmap) -> ColumnData? {
        guard let number = number(of: name) else { return nil }
        return ColumnData(arena: batch.arena, ranges: (0..<batch.count).map { value(of: number, at: $0) })
    }
}
