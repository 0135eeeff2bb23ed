internal import ByteCoding
internal import SegmentCatalog
internal import StoreFormat
internal import SystemIO
internal import Workers

/// Segments without what only makes searching faster, for a disk that is nearly full.
extension Store {
    /// Writes a segment on the local disk anew without what only makes searching faster.
    ///
    /// The new one is durable, was read back, and is in the catalog before the old one is out of use, which goes like all
    /// that are superseded. A crash at any point leaves one of them in use.
    ///
    /// - Parameter name: of a live segment.
    /// - Returns: how many bytes smaller it is; 0 when there is nothing to leave out; nil when another job works on it.
    /// - Throws: ``WorkStopped`` when the store is closing; when it cannot be read or written; a damaged one is set aside.
    package func strip(_ name: String) throws -> UInt64? {
        guard let segment = claim(name) else { return nil }
        defer { state.withLock { $0.segments.release([name]) } }
        guard segment.record.tier != .cold else { return 0 }
        do {
            guard let stripped = try stripped(segment) else { return 0 }
            try ledger.commit { (segments) throws(StoreError) in
                try segments.replace([segment], with: stripped, now: SystemClock.wallNanos())
            }
            return segment.record.bytes - min(segment.record.bytes, stripped.record.bytes)
        } catch let damaged as DamagedInput {
            try handle(damaged)
            return 0
        }
    }

    /// - Returns: the new segment, durable and not yet in use; nil when there is nothing to leave out.
    private func stripped(_ segment: StoredSegment) throws -> StoredSegment? {
        let reader = try DamagedInput.meeting(segment) {
            try SegmentReader(segment.bytes, cache: BlockCache(maxBytes: 0))
        }
        guard let strip = SegmentStrip(reader) else { return nil }
        // Ingest is refused meanwhile: only the disk is to be spared.
        let throttle = Throttle(share: 1, bytesPerSecond: options.compaction.bytesPerSecond)
        let pacer = Pacer(throttle, state, waitingHeads: options.waitingHeads, waitsForIngest: false)
        let record = segment.record
        let name = SegmentName(positions: record.positions, generation: record.generation + 1)
        let written = try directory.write(name, createdAt: SystemClock.wallNanos()) { output in
            do {
                return try strip.write { section in
                    let count = section.count
                    try section.withBytes { bytes in try output.file.write(bytes) }
                    try pacer.step(2 * count)
                }
            } catch let error as StoreFormatError {
                throw DamagedInput(segment: segment, cause: error)
            }
        }
        // The old one does not wait for long on a full disk: what takes its place must be good now.
        do { try written.reader().verify() } catch {
            try? directory.remove(name.text)
            throw error
        }
        var made = written.record
        made.tier = record.tier
        return directory.segment(made)
    }
}

extension StoredSegment {
    /// Bytes that ``Store/strip(_:)`` would leave out of it; reads its footer.
    ///
    /// - Throws: when that cannot be read.
    package func strippableBytes() throws -> UInt64 {
        SegmentStrip.bytes(of: try SegmentReader.footer(atEndOf: bytes))
    }
}
