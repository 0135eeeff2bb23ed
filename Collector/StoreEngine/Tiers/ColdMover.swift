internal import ByteCoding
internal import ObjectStores
internal import SegmentCatalog
internal import StoreFormat
internal import SystemIO

/// Moves a segment into the object store.
///
/// The object is stored and checked, then the stub is written, then the catalog says that the segment is cold: that is
/// the moment in which it moves. Only then the local file goes. A crash before leaves the local file in use and an object
/// that the next attempt replaces; a crash after leaves a file that is removed at the next start.
struct ColdMover {
    let ledger: SegmentLedger
    let directory: SegmentDirectory
    let cold: ColdStorage
    let bounds: CallBounds

    /// Moves a segment that no other job works on.
    ///
    /// - Throws: ``DamagedInput`` when its bytes are damaged; `ObjectStoreError`, `IOError`.
    func move(_ segment: StoredSegment) throws {
        let record = segment.record
        guard let key = ColdStorage.key(record.name) else { throw StoreError("\(record.name) is no name of a segment") }
        // What is damaged must not be taken for safe because it is in the store.
        try DamagedInput.meeting(segment) { try segment.reader().verify() }
        let content = try content(of: segment)
        try cold.store.put(key, file: "\(directory.path)/\(record.name)", content: content, bounds)
        guard try cold.store.head(key, bounds).length == content.length else {
            throw ObjectStoreError.refused("\(cold.store.name) holds another object as \(key) than was stored")
        }
        try directory.writeStub(of: segment)
        var moved = record
        moved.tier = .cold
        cold.cache.forget(key)
        let stored = directory.segment(moved)
        // The stub and what the store gives back fit together.
        _ = try stored.reader()
        _ = try stored.bytes.read(at: 0, count: SegmentBuilder.headerBytes)
        cold.cache.forget(key)
        directory.departed.note(record.name, segment.bytes)
        try ledger.commit { (segments) throws(StoreError) in try segments.setTier(of: stored) }
    }

    private func content(of segment: StoredSegment) throws -> ObjectContent {
        var checksum: UInt32 = 0
        var offset: UInt64 = 0
        while offset < segment.bytes.length {
            let count = Int(min(UInt64(SegmentOutputFile.drainBytes), segment.bytes.length - offset))
            checksum = crc32c(try segment.bytes.read(at: offset, count: count), seed: checksum)
            offset += UInt64(count)
        }
        return ObjectContent(length: offset, checksum: checksum)
    }
}
