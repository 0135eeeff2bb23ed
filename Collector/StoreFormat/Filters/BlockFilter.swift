internal import ByteCoding

/// What a block's filter tells: that no row has a word, or that some row may.
struct BlockFilter: Sendable {
    /// Places in the list of columns that a filter covers: the messages, and behind them the columns of the block.
    enum Place {
        static let messages = 0
        static func column(_ index: Int) -> Int { index + 1 }
    }

    private let covered: [Int]
    private let fuse: FuseFilter
    private let section: [UInt8]
    private let tableOffset: Int

    /// Reads a section of the kind `filter`.
    init(_ section: [UInt8]) throws(StoreFormatError) {
        do {
            (covered, fuse, tableOffset) = unsafe try section.span.bytes.withUnsafeBytes {
                (bytes) throws(ByteCodingError) in
                var reader = unsafe ByteReader(bytes)
                var covered: [Int] = []
                for _ in 0..<(unsafe try reader.count(limit: StoreLimits.blockColumns + 1)) {
                    covered.append(unsafe try reader.count(limit: StoreLimits.blockColumns))
                }
                let seed: UInt64 = unsafe try reader.littleEndian()
                let segmentBits = unsafe Int(try reader.byte())
                let segmentCount = unsafe try reader.count(limit: reader.remaining)
                guard let fuse = FuseFilter(seed: seed, segmentBits: segmentBits, segmentCount: segmentCount),
                    unsafe fuse.tableBytes == reader.remaining
                else { throw unsafe .invalid(offset: reader.offset, what: "shape of a filter") }
                return (covered, fuse, unsafe reader.offset)
            }
        } catch {
            throw StoreFormatError("filter: \(error)")
        }
        self.section = section
    }

    /// Whether all words of a column are in the filter, but for those of digits alone.
    func covers(_ place: Int) -> Bool { covered.contains(place) }

    /// Whether a word may be there; false is certain, if its column is covered.
    func mayContain(_ key: UInt64) -> Bool {
        unsafe section.withUnsafeBytes { bytes in
            unsafe fuse.mayContain(key, in: UnsafeRawBufferPointer(rebasing: bytes[tableOffset...]))
        }
    }

    /// Bytes of memory.
    var memoryBytes: Int { section.count + covered.count * 8 + 96 }
}

/// Gathers the words of a block while it is encoded and makes its filter.
struct BlockFilterBuilder: ~Copyable {
    /// The words of the columns that are covered.
    var words = WordCollector()
    private var covered: [Int] = []
    private var fuse = FuseFilterBuilder()
    private var table = ByteWriter(capacity: 1 << 16)

    /// Says that all words of a column have been added.
    mutating func cover(_ place: Int) { covered.append(place) }

    mutating func removeAll() {
        words.removeAll()
        covered.removeAll(keepingCapacity: true)
    }

    /// Appends a section of the kind `filter`.
    ///
    /// - Parameter tail: where the section goes.
    /// - Returns: where it is; nil when no column is covered, or there are too many words.
    mutating func finish(into tail: inout SectionOutput) -> SectionReference? {
        table.removeAll()
        guard !covered.isEmpty, let filter = words.withKeys({ fuse.build($0, into: &table) }) else { return nil }
        let start = tail.pending.count
        tail.pending.append(varint: UInt64(covered.count))
        for place in covered { tail.pending.append(varint: UInt64(place)) }
        tail.pending.append(littleEndian: filter.seed)
        tail.pending.append(UInt8(filter.segmentBits))
        tail.pending.append(varint: UInt64(filter.segmentCount))
        unsafe table.withBytes { unsafe tail.pending.append(contentsOf: $0) }
        return tail.section(.filter, from: start)
    }
}
