internal import SegmentCatalog
internal import StoreFormat
internal import SystemIO

/// Stubs: copies of the tails of cold segments. A stub is written as a whole, synced and renamed like a segment.
extension SegmentDirectory {
    static let stubSuffix = ".stub"

    /// The file of the stub of a segment.
    static func stubName(_ name: String) -> String { name.dropLast(SegmentName.suffix.count) + stubSuffix }

    /// The name of the segment that a file is the stub of; nil when it is none.
    static func segmentName(ofStub file: String) -> String? {
        guard file.hasSuffix(stubSuffix) else { return nil }
        let name = String(file.dropLast(stubSuffix.count)) + SegmentName.suffix
        return SegmentName(name) == nil ? nil : name
    }

    /// The stub of a segment; nil when there is none.
    func stub(of name: String) -> SegmentFile? {
        let file = Self.stubName(name)
        guard let size = (try? FileSystem.status("\(path)/\(file)"))??.size else { return nil }
        return self.file(file, length: UInt64(size))
    }

    /// Removes the stub of a segment; no error when there is none.
    func removeStub(of name: String) throws(IOError) { try remove(Self.stubName(name)) }

    /// Removes the local file of a segment that has become cold, unless a query that began earlier still reads it.
    func removeUnread(_ name: String) throws(IOError) {
        guard departed.mayRemove(name) else { return }
        try remove(name)
        departed.forget(name)
    }

    /// Copies the tail of a segment into its stub.
    ///
    /// - Throws: when the tail cannot be read, or the stub not be written: then there is none.
    func writeStub(of segment: StoredSegment) throws {
        let tail = try SegmentReader.footer(atEndOf: segment.bytes).tailOffset
        let target = "\(path)/\(Self.stubName(segment.record.name))"
        let temporary = target + ".tmp"
        try? FileSystem.remove(temporary)
        do {
            let output = try OpenFile(temporary, .createNew)
            var offset = tail
            while offset < segment.bytes.length {
                let count = Int(min(UInt64(SegmentOutputFile.drainBytes), segment.bytes.length - offset))
                try output.write(try segment.bytes.read(at: offset, count: count), at: Int(offset - tail))
                offset += UInt64(count)
            }
            try output.sync()
            try FileSystem.rename(temporary, to: target)
            forget(Self.stubName(segment.record.name))
            try FileSystem.syncDirectory(path)
        } catch {
            try? FileSystem.remove(temporary)
            throw error
        }
    }
}
