internal import ByteCoding
package import LogModel
internal import Synchronization

/// Bytes at an offset of a file or an object: all that a segment needs of the place where it is kept.
package protocol RandomAccessBytes: Sendable {
    /// The length in bytes.
    var length: UInt64 { get }
    /// The offset from which on reading is cheap; what lies before may have to come over a network.
    var cheapFrom: UInt64 { get }
    /// Reads exactly `count` bytes at `offset`, or throws.
    func read(at offset: UInt64, count: Int) throws -> [UInt8]
}

extension RandomAccessBytes {
    /// All of it.
    package var cheapFrom: UInt64 { 0 }
}

/// An open segment: the footer is held, and few streams; everything else is read when asked for. Shared between threads
/// freely.
package final class SegmentReader: Sendable {
    /// The table of contents.
    package let footer: SegmentFooter
    /// How many streams the segment has.
    package let streamCount: Int
    /// Bytes of memory that ``streams`` take while somebody holds them; 0 when the reader holds them anyway.
    package let streamBytes: Int
    /// The streams, if they are few.
    private let heldStreams: [StreamIdentity]?
    /// What all blocks' identities have in common. The footer's checksum says it all: it holds those of all sections.
    let identity: BlockIdentity
    /// The format's version.
    package let version: SegmentVersion
    /// The length of the file in bytes.
    package let byteCount: UInt64
    /// Names of the labels of all streams.
    let labelNames: Set<String>
    /// What has been read and decoded of this and other segments.
    let cache: BlockCache
    private let bytes: any RandomAccessBytes
    /// Tells the readers apart that share a cache.
    private let number: UInt64
    private static let numbers = Atomic<UInt64>(0)

    /// Opens a segment by its trailer, footer and streams.
    ///
    /// - Parameters:
    ///   - bytes: the file.
    ///   - cache: keeps what has been read and decoded; shared by all segments.
    ///   - holdsStreams: whether the streams are held even if they are many.
    /// - Throws: ``StoreFormatError`` when it is none, of an unknown version, or damaged; what reading throws.
    package init(_ bytes: any RandomAccessBytes, cache: BlockCache = BlockCache(), holdsStreams: Bool = false) throws {
        self.bytes = bytes
        self.cache = cache
        number = Self.numbers.add(1, ordering: .relaxed).newValue
        byteCount = bytes.length
        // Most tails are read whole by one call.
        let end = try SegmentEnd(bytes)
        let checksum: UInt32
        (footer, version, checksum) = try Self.decodedFooter(end)
        identity = BlockIdentity(footer, checksum: checksum)
        guard footer.tailOffset <= bytes.length - UInt64(SegmentBuilder.trailerBytes) else {
            throw StoreFormatError("tail begins past the end")
        }
        guard let streamsSection = footer.section(.streams) else { throw StoreFormatError("segment without streams") }
        // They are looked at once, so that a segment whose streams are damaged is none.
        let streams = try Self.streams(streamsSection, end)
        streamCount = streams.count
        heldStreams = holdsStreams || streams.count <= Self.sharedStreams ? streams : nil
        streamBytes = heldStreams == nil ? streams.reduce(0) { $0 + $1.memoryBytes + 8 } : 0
        guard !streams.isEmpty || footer.rowCount == 0 else { throw StoreFormatError("segment without streams") }
        labelNames = StreamIdentity.labelNames(of: streams)
        for block in footer.blocks
        where ![.packed, .scaled].contains(block.streams.kind) || block.times.kind != .integers {
            throw StoreFormatError("block with sections of the wrong kind")
        }
    }

    /// The streams of the segment. Where they are many, they are kept in the cache if there is room, and read anew if not.
    ///
    /// - Throws: ``StoreFormatError`` when they are damaged; what reading throws.
    package var streams: [StreamIdentity] {
        get throws {
            if let heldStreams { return heldStreams }
            guard let reference = footer.section(.streams) else { return [] }
            return try cached(reference, .streams, cost: { _ in streamBytes }) { try Self.streams(reference, bytes) }
        }
    }

    /// Checks that a segment is whole up to its end and that its footer is not damaged; decodes nothing.
    ///
    /// - Parameter bytes: the segment.
    /// - Throws: ``StoreFormatError`` when it is none, of an unknown version, or damaged; what reading throws.
    package static func check(_ bytes: any RandomAccessBytes) throws {
        _ = try footer(SegmentEnd(bytes))
    }

    /// The footer of a segment of which only the end may be there: a stub.
    ///
    /// - Parameter bytes: the end of a segment, with all of its footer.
    /// - Returns: the footer; its offsets count from the start of the whole segment.
    /// - Throws: ``StoreFormatError`` when it is none, of an unknown version, or damaged; what reading throws.
    package static func footer(atEndOf bytes: any RandomAccessBytes) throws -> SegmentFooter {
        try decodedFooter(SegmentEnd(bytes)).footer
    }

    /// Roughly how many bytes of memory it takes; few streams are shared between segments.
    package var memoryBytes: Int {
        footer.memoryBytes + (heldStreams?.count ?? 0) * 8 + 256
    }

    /// Streams of a segment up to which they are held, and looked up among those that are known in the process.
    private static let sharedStreams = 256

    /// The blocks as sources for queries, in the order of arrival.
    package var blocks: [any BlockSource] {
        footer.blocks.map { SegmentBlock(segment: self, description: $0, memo: nil) }
    }

    /// Reads how many events there are by stream, level and interval; nil when the segment does not say.
    ///
    /// - Returns: the counts, exact.
    /// - Throws: ``StoreFormatError`` when they are damaged; what reading throws.
    package func rollup() throws -> Rollup? {
        guard let reference = footer.section(.rollup) else { return nil }
        let content = try section(reference)
        var context = CodecContext()
        var cells = ByteWriter()
        unsafe try content.withUnsafeBytes { raw in
            var reader = unsafe ByteReader(raw)
            unsafe try context.decompress(&reader, limit: StoreLimits.sectionBytes, into: &cells)
        }
        do {
            return unsafe try cells.withBytes { (raw) throws(ByteCodingError) in
                var reader = unsafe ByteReader(raw)
                return unsafe try Rollup(from: &reader, streamCount: streamCount, rowCount: footer.rowCount)
            }
        } catch {
            throw StoreFormatError("rollup: \(error)")
        }
    }

    /// Reads the header and every section and compares the checksums; throws for the first that is damaged.
    package func verify() throws {
        try Self.check(header: try bytes.read(at: 0, count: SegmentBuilder.headerBytes), version)
        for part in footer.sections { _ = try section(part) }
        for block in footer.blocks {
            for part in [block.times, block.ids, block.levels, block.streams, block.messages] { _ = try section(part) }
            for column in block.columns { _ = try section(column.section) }
            if let overflow = block.overflow { _ = try section(overflow.section) }
            for part in block.presences + block.extras { _ = try section(part) }
        }
    }

    /// The segment that a block belongs to; nil for one in memory.
    package static func holding(_ block: any BlockSource) -> SegmentReader? { (block as? SegmentBlock)?.segment }

    deinit {
        cache.removeAll(of: number)
    }

    /// The values of a label of the segment's streams.
    ///
    /// - Throws: what reading the streams throws.
    func labels(_ name: String) throws -> LabelValues {
        // Most names of fields are no labels; nothing is kept for those.
        guard labelNames.contains(name) else { return LabelValues(name, of: []) }
        return try cache.value(BlockCache.Key(segment: number, offset: 0, form: .label(name)), cost: \.memoryBytes) {
            LabelValues(name, of: try streams)
        }
    }

    /// Streams up to which their texts are worth being kept.
    private static let keptTexts = 1 << 12

    /// The texts of the streams; nil when these are many.
    ///
    /// - Throws: what reading the streams throws.
    func streamTexts() throws -> LabelValues? {
        guard streamCount <= Self.keptTexts else { return nil }
        let key = BlockCache.Key(segment: number, offset: 0, form: .streamTexts)
        return try cache.value(key, cost: \.memoryBytes) { LabelValues(of: try streams) { Array($0.text.utf8) } }
    }

    /// What was made of a section, made and kept if need be.
    ///
    /// - Parameters:
    ///   - reference: the section.
    ///   - form: what is made of it.
    ///   - cost: bytes of memory.
    ///   - make: makes it.
    /// - Returns: what was made.
    func cached<T: Sendable>(
        _ reference: SectionReference, _ form: BlockCache.Form, cost: (T) -> Int, _ make: () throws -> T
    ) rethrows -> T {
        try cache.value(BlockCache.Key(segment: number, offset: reference.offset, form: form), cost: cost, make: make)
    }

    /// What was made of a section, if it is there.
    func known<T: Sendable>(_ reference: SectionReference, _ form: BlockCache.Form) -> T? {
        cache.known(BlockCache.Key(segment: number, offset: reference.offset, form: form))
    }

    /// The checked bytes of a section.
    func section(_ reference: SectionReference) throws -> [UInt8] {
        try Self.section(reference, bytes)
    }

    /// Some bytes of a section, which nothing has checked.
    func bytes(_ range: Range<Int>, of reference: SectionReference) throws -> [UInt8] {
        guard reference.offset <= bytes.length, UInt64(reference.length) <= bytes.length - reference.offset else {
            throw StoreFormatError("section at \(reference.offset) reaches past the end")
        }
        return try bytes.read(at: reference.offset + UInt64(range.lowerBound), count: range.count)
    }

    private static func section(_ reference: SectionReference, _ bytes: any RandomAccessBytes) throws -> [UInt8] {
        guard reference.offset <= bytes.length, UInt64(reference.length) <= bytes.length - reference.offset else {
            throw StoreFormatError("section at \(reference.offset) reaches past the end")
        }
        let content = try bytes.read(at: reference.offset, count: Int(reference.length))
        guard crc32c(content) == reference.checksum else {
            throw StoreFormatError("section at \(reference.offset) fails its checksum")
        }
        return content
    }

    private static func footer(_ end: SegmentEnd) throws -> (trailer: Trailer, bytes: [UInt8]) {
        let overhead = SegmentBuilder.headerBytes + SegmentBuilder.trailerBytes
        guard end.length >= UInt64(overhead) else {
            throw StoreFormatError("segment of \(end.length) bytes is cut off")
        }
        let trailerOffset = end.length - UInt64(SegmentBuilder.trailerBytes)
        let trailer = try trailer(try end.read(at: trailerOffset, count: SegmentBuilder.trailerBytes))
        guard UInt64(trailer.footerLength) + UInt64(SegmentBuilder.headerBytes) <= trailerOffset,
            trailer.footerLength <= StoreLimits.footerBytes
        else { throw StoreFormatError("footer of \(trailer.footerLength) bytes does not fit") }
        let encoded = try end.read(at: trailerOffset - UInt64(trailer.footerLength), count: trailer.footerLength)
        guard crc32c(encoded) == trailer.checksum else { throw StoreFormatError("footer fails its checksum") }
        return (trailer, encoded)
    }

    private typealias DecodedFooter = (footer: SegmentFooter, version: SegmentVersion, checksum: UInt32)

    private static func decodedFooter(_ end: SegmentEnd) throws -> DecodedFooter {
        let (trailer, encoded) = try footer(end)
        do {
            let footer = unsafe try encoded.withUnsafeBytes { raw in
                var reader = unsafe ByteReader(raw)
                return unsafe try SegmentFooter(from: &reader, version: trailer.version)
            }
            return (footer, trailer.version, trailer.checksum)
        } catch {
            throw StoreFormatError("footer: \(error)")
        }
    }

    private static func check(header: [UInt8], _ version: SegmentVersion) throws {
        unsafe try header.withUnsafeBytes { raw in
            var reader = unsafe ByteReader(raw)
            guard unsafe try reader.littleEndian(UInt64.self) == SegmentBuilder.magic else {
                throw StoreFormatError("no segment: wrong first bytes")
            }
            guard unsafe try reader.littleEndian(UInt16.self) == version.rawValue else {
                throw StoreFormatError("first and last bytes state different versions")
            }
        }
    }

    private typealias Trailer = (version: SegmentVersion, footerLength: Int, checksum: UInt32)

    private static func trailer(_ bytes: [UInt8]) throws -> Trailer {
        unsafe try bytes.withUnsafeBytes { raw in
            var reader = unsafe ByteReader(raw)
            let length = unsafe try reader.littleEndian(UInt32.self)
            let checksum = unsafe try reader.littleEndian(UInt32.self)
            guard let version = SegmentVersion(endMagic: unsafe try reader.littleEndian()) else {
                throw StoreFormatError("segment is cut off, or of a version that this program does not know")
            }
            return (version, Int(length), checksum)
        }
    }

    private static func streams(
        _ reference: SectionReference, _ bytes: any RandomAccessBytes
    ) throws -> [StreamIdentity] {
        let content = try section(reference, bytes)
        var context = CodecContext()
        var table = ByteWriter()
        unsafe try content.withUnsafeBytes { raw in
            var reader = unsafe ByteReader(raw)
            unsafe try context.decompress(&reader, limit: StoreLimits.sectionBytes, into: &table)
        }
        return unsafe try table.withBytes { raw in
            var reader = unsafe ByteReader(raw)
            var streams: [StreamIdentity] = []
            let count = unsafe try reader.count(limit: reader.remaining)
            streams.reserveCapacity(count)
            for _ in 0..<count {
                let stream = unsafe try StreamIdentity(from: &reader)
                streams.append(count > sharedStreams ? stream : stream.shared())
            }
            return streams
        }
    }
}
