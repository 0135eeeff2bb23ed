internal import SegmentCatalog
internal import StoreFormat
internal import SystemIO

/// The directory of segments. A segment is written under a temporary name, synced, renamed, and the directory synced:
/// a crash leaves it whole or not at all. Its name says which journal positions it speaks for.
struct SegmentDirectory: Sendable {
    let path: String
    private let pool: FilePool
    private let readers: ReaderCache
    private let cold: ColdStorage?
    /// Of all segments that are written: there is memory for one.
    let encoder = BlockEncoder()
    /// Local files of segments that became cold.
    let departed = DepartedFiles()

    /// - Parameters:
    ///   - options: see there.
    ///   - cache: gets what queries read of the segments.
    init(_ options: StoreOptions, _ cache: BlockCache) {
        cold = options.cold
        path = options.directory
        pool = FilePool(limit: options.openFiles)
        readers = ReaderCache(bytes: options.openSegmentBytes, cache)
    }

    /// Names of the segments in the directory, and their sizes. Unfinished files are removed: what was to be in them is
    /// in the journal or in other segments.
    func list() throws(IOError) -> [(name: String, size: Int)] {
        try FileSystem.createDirectory(path)
        var found: [(name: String, size: Int)] = []
        for name in try FileSystem.list(path) {
            if name.hasSuffix(SegmentName.temporarySuffix) || name.hasSuffix(Self.stubSuffix + ".tmp") {
                try? FileSystem.remove("\(path)/\(name)")
            } else if SegmentName(name) != nil, let status = try FileSystem.status("\(path)/\(name)") {
                found.append((name, status.size))
            }
        }
        return found
    }

    /// The bytes of a segment that has this length.
    func file(_ name: String, length: UInt64) -> SegmentFile {
        SegmentFile("\(path)/\(name)", length: length, pool)
    }

    /// A segment of this directory as queries see it.
    func segment(_ record: SegmentRecord, isProvisional: Bool = false) -> StoredSegment {
        guard record.tier == .cold else {
            return StoredSegment(
                record, file(record.name, length: record.bytes), readers, isProvisional: isProvisional)
        }
        let bytes = ColdSegmentBytes(record.name, length: record.bytes, stub: stub(of: record.name), cold)
        return StoredSegment(record, bytes, readers)
    }

    /// Writes a segment and makes it durable.
    ///
    /// - Parameters:
    ///   - name: of the segment; a file of this name, left behind by an attempt that failed, is replaced.
    ///   - createdAt: nanoseconds since the epoch.
    ///   - body: encodes the segment; it calls ``SegmentOutputFile/drain(_:)`` now and then.
    /// - Returns: the segment, open to queries.
    /// - Throws: what `body` throws, `IOError` or `StoreFormatError`; the unfinished file is removed.
    func write(
        _ name: SegmentName, createdAt: Int64, _ body: (inout SegmentOutputFile) throws -> SegmentFooter
    ) throws -> StoredSegment {
        let target = "\(path)/\(name.text)"
        let temporary = target + ".tmp"
        var unfinished = temporary
        do {
            try? FileSystem.remove(temporary)
            var output = try SegmentOutputFile(temporary, tailPath: "\(path)/tail-of-\(name.text).tmp")
            let footer = try body(&output)
            try output.file.sync()
            try FileSystem.rename(temporary, to: target)
            unfinished = target
            pool.forget(target)
            try FileSystem.syncDirectory(path)
            let size = try FileSystem.status(target)?.size ?? 0
            let segment = segment(
                SegmentRecord(footer, name: name.text, bytes: UInt64(size), createdAt: createdAt))
            // Read back at once: better to learn now that it cannot be than when the journal has forgotten the events.
            _ = try segment.reader()
            return segment
        } catch {
            // Also one that has its name already: nobody knows of it, and its generation would count at the next start.
            pool.forget(target)
            try? FileSystem.remove(unfinished)
            throw error
        }
    }

    /// Removes the file of a segment; no error when it is gone already.
    func remove(_ name: String) throws(IOError) {
        pool.forget("\(path)/\(name)")
        do { try FileSystem.remove("\(path)/\(name)") } catch  where error.isMissing {}
    }

    /// Says that a file of this name is another one now, or gone.
    func forget(_ name: String) { pool.forget("\(path)/\(name)") }

    /// Moves a file into the quarantine, where it cannot be, it stays.
    ///
    /// - Returns: where it is now.
    func setAside(_ name: String) -> String {
        let target = "\(path)/quarantine/\(name)"
        pool.forget("\(path)/\(name)")
        do {
            try FileSystem.createDirectory("\(path)/quarantine")
            try FileSystem.rename("\(path)/\(name)", to: target)
            return target
        } catch {
            return "\(path)/\(name)"
        }
    }
}
