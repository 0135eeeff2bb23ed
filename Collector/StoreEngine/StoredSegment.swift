package import SegmentCatalog
package import StoreFormat
internal import Synchronization

/// A segment that queries see: what the catalog says of it, and its bytes. Little memory; the footer is read when it is
/// asked for and kept in a bounded cache.
package final class StoredSegment: Sendable {
    /// What the catalog says. A change of tier makes a new object.
    package let record: SegmentRecord
    /// Where it is read from. Who holds on to this keeps the bytes from being removed.
    package let bytes: any RandomAccessBytes & AnyObject
    /// Whether nothing but its name is known, because its file could not be read: the record's counts and times mean
    /// nothing. The catalog does not know it, and no job works on it.
    let isProvisional: Bool
    private let readers: ReaderCache

    package init(
        _ record: SegmentRecord, _ bytes: any RandomAccessBytes & AnyObject, _ readers: ReaderCache,
        isProvisional: Bool = false
    ) {
        self.isProvisional = isProvisional
        self.record = record
        self.bytes = bytes
        self.readers = readers
    }

    deinit { readers.forget(ObjectIdentifier(self)) }

    /// The segment, open. Blocks for the disk when it is not in the cache.
    ///
    /// - Throws: `StoreFormatError` or `IOError` when it cannot be read.
    package func reader() throws -> SegmentReader {
        if let known = readers.reader(ObjectIdentifier(self)) { return known }
        let opened = try SegmentReader(bytes, cache: readers.cache)
        guard opened.footer.journalPositions == record.positions, isProvisional || opened.footer.rowCount == record.rows
        else {
            throw StoreFormatError("\(record.name) holds other events than the catalog says")
        }
        readers.keep(opened, ObjectIdentifier(self))
        return opened
    }

    /// For people: how many events it holds.
    var eventCount: String { isProvisional ? "events of the segment \(record.name)" : "\(record.rows) events" }

    /// Closes what the cache holds open.
    func close() { readers.forget(ObjectIdentifier(self)) }
}

/// Open segments, as many as fit a number of bytes of memory.
package final class ReaderCache: Sendable {
    /// What queries keep of the content of the segments.
    let cache: BlockCache
    private let readers: Mutex<BoundedCache<ObjectIdentifier, SegmentReader>>

    init(bytes: Int, _ cache: BlockCache) {
        self.cache = cache
        readers = Mutex(BoundedCache(limit: bytes))
    }

    fileprivate func reader(_ id: ObjectIdentifier) -> SegmentReader? { readers.withLock { $0.value(id) } }

    fileprivate func keep(_ reader: SegmentReader, _ id: ObjectIdentifier) {
        readers.withLock { $0.insert(reader, id, cost: reader.memoryBytes) }
    }

    fileprivate func forget(_ id: ObjectIdentifier) { readers.withLock { $0.remove(id) } }
}

extension SegmentRecord {
    /// The record of an open segment, as live and hot.
    init(_ footer: SegmentFooter, name: String, bytes: UInt64, createdAt: Int64) {
        let times = footer.timeBounds ?? footer.ingestBounds
        self.init(
            name: name, positions: footer.journalPositions, generation: Int(clamping: footer.generation),
            level: footer.compactionLevel, tier: .hot, state: .live, rows: footer.rowCount, bytes: bytes,
            timeBounds: times, ingestBounds: footer.ingestBounds, createdAt: createdAt)
    }
}
