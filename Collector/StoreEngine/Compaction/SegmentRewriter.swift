internal import LogModel
internal import SegmentCatalog
package import StoreFormat
package import SystemIO

/// Writes one segment that holds the events of several, or some of them. One block is in memory at a time.
///
/// The inputs are neighbours in the order of journal positions, so merging is putting blocks one behind the other. Blocks
/// that are full and were compressed well before are copied byte for byte; others are decoded, and their events gathered
/// into full blocks.
package struct SegmentRewriter: Sendable {
    /// Chooses events to keep: gives the rows of a block, nil for all of them.
    package typealias RowFilter = @Sendable (any BlockSource) throws -> RowBitmap?

    /// What came of it.
    package struct Output: Sendable {
        /// The new segment, durable but not yet in use; nil when no event was kept.
        package var segment: StoredSegment?
        /// Bytes that were read.
        package var bytesRead: UInt64
        /// What could not be kept in the usual form.
        package var degraded = DegradedColumns()
    }

    /// There is no event to write.
    private struct NothingKept: Error {}

    let directory: SegmentDirectory
    let compressionLevel: Int32
    /// Whether blocks that were compressed well before are copied as they are.
    var copiesBlocks = true
    /// Called after each block with the bytes read and written for it. It may rest, and throws to give up.
    let pace: @Sendable (Int) throws -> Void

    /// Streams of all inputs together, or of the first one alone, that are held in memory.
    static let maxStreams = 1 << 16

    /// The inputs have more streams than may be held in memory.
    struct TooManyStreams: Error {
        /// So many of the inputs, from the first on, have not.
        var fitting: Int
    }

    /// Blocks with at least so many rows are copied when their segment has been compacted before.
    private static let wellFilledRows = StoreLimits.blockRows / 4 * 3

    /// Writes the segment that takes the place of others.
    ///
    /// - Parameters:
    ///   - inputs: in the order of their positions, without one between them.
    ///   - level: of the output.
    ///   - filter: which events to keep.
    /// - Returns: the output, which is on the disk and not yet in the catalog.
    /// - Throws: what `pace` and `filter` throw; ``TooManyStreams`` of several inputs; ``DamagedInput`` or ``UnreadableInput``; `IOError` when the output cannot be written.
    package func rewrite(_ inputs: [StoredSegment], level: Int, keeping filter: RowFilter? = nil) throws -> Output {
        let records = inputs.map(\.record)
        guard let first = records.map(\.positions.lowerBound).min(),
            let last = records.map(\.positions.upperBound).max(), let newest = records.map(\.generation).max()
        else { return Output(segment: nil, bytesRead: 0) }
        let name = SegmentName(positions: first...last, generation: newest + 1)
        var bytesRead: UInt64 = 0
        var degraded = DegradedColumns()
        do {
            let segment = try directory.write(name, createdAt: SystemClock.wallNanos()) { output in
                var builder = SegmentBuilder(
                    level: compressionLevel, streams: try streams(inputs, filter), encoder: directory.encoder)
                for input in inputs {
                    bytesRead += UInt64(try copy(input, to: &builder, &output, filter))
                }
                guard builder.rowCount > 0 else { throw NothingKept() }
                let footer = try output.finish(&builder) { (builder) throws(StoreFormatError) in
                    try builder.finish(
                        compactionLevel: level, generation: UInt64(name.generation), covering: name.positions)
                }
                degraded = builder.degraded
                return footer
            }
            return Output(segment: segment, bytesRead: bytesRead, degraded: degraded)
        } catch is NothingKept {
            return Output(segment: nil, bytesRead: bytesRead)
        }
    }

    /// All streams of the events that are kept, in an order that is the same for every set of streams. So the order of two
    /// streams never changes from one merge to the next, and blocks that were merged before can be copied.
    private func streams(_ inputs: [StoredSegment], _ filter: RowFilter?) throws -> [StreamIdentity] {
        var streams: Set<StreamIdentity> = []
        for (index, input) in inputs.enumerated() {
            let segment = try open(input)
            let own = try segment.streams
            if index > 0, streams.count + own.count > Self.maxStreams,
                streams.union(own).count > Self.maxStreams
            {
                throw TooManyStreams(fitting: index)
            }
            guard let filter else {
                streams.formUnion(own)
                continue
            }
            for block in segment.blocks {
                try DamagedInput.meeting(input) {
                    let kept = try filter(block)
                    for (row, stream) in try block.streamIndexes().enumerated() where kept?.contains(row) ?? true {
                        streams.insert(own[Int(stream)])
                    }
                }
            }
        }
        return streams.sorted { $0.id < $1.id }
    }

    /// - Returns: bytes read.
    private func copy(
        _ input: StoredSegment, to builder: inout SegmentBuilder, _ output: inout SegmentOutputFile,
        _ filter: RowFilter?
    ) throws -> Int {
        var bytesRead = 0
        let segment = try open(input)
        for (index, block) in segment.blocks.enumerated() {
            let kept = try filter.map { filter in try DamagedInput.meeting(input) { try filter(block) } } ?? nil
            if let kept, kept.isEmpty { continue }
            let isWhole = kept.map { $0.count == block.rowCount } ?? true
            let isWell = isWhole && copiesBlocks && input.record.level > 0 && block.rowCount >= Self.wellFilledRows
            var isCopied = false
            if isWell { isCopied = try DamagedInput.meeting(input) { try builder.copy(block: index, of: segment) } }
            if !isCopied {
                let events = try DamagedInput.meeting(input) {
                    try segment.events(ofBlock: index, rows: isWhole ? nil : kept)
                }
                try builder.append(events.batch, ids: events.ids, ingestBounds: segment.footer.ingestBounds)
            }
            bytesRead += block.byteCount
            try pace(block.byteCount + (try output.drain(&builder)))
        }
        return bytesRead
    }

    /// Opens an input without keeping anything of it in the cache of queries.
    private func open(_ input: StoredSegment) throws -> SegmentReader {
        try DamagedInput.meeting(input) {
            try SegmentReader(input.bytes, cache: BlockCache(maxBytes: 0), holdsStreams: true)
        }
    }
}

/// A segment that was to be rewritten is damaged or gone.
package struct DamagedInput: Error {
    /// The segment.
    package var segment: StoredSegment
    /// What is wrong with it.
    package var cause: any Error

    /// Runs `body`, which does nothing but read a segment, and says of what it throws which segment it is about.
    static func meeting<T>(_ segment: StoredSegment, _ body: () throws -> T) throws -> T {
        do { return try body() } catch let error as IOError where !error.isMissing {
            throw UnreadableInput(segment: segment, cause: error)
        } catch { throw DamagedInput(segment: segment, cause: error) }
    }
}

/// A segment that was to be rewritten cannot be read at present: the disk fails, or too many files are open.
package struct UnreadableInput: Error, CustomStringConvertible {
    /// The segment.
    package var segment: StoredSegment
    /// Why it cannot be read.
    package var cause: IOError

    package var description: String { cause.description }
}
