internal import StoreFormat
internal import SystemIO

/// The directory of segments. A segment is written under a temporary name, synced, renamed, and the directory synced:
/// a crash leaves it whole or not at all. Its name says which journal positions it holds.
struct SegmentDirectory: Sendable {
    let path: String
    /// What queries keep of the segments.
    let cache: BlockCache

    static let suffix = ".segment"
    static let temporarySuffix = ".segment.tmp"

    /// An open segment and its file.
    struct Entry: Sendable {
        var path: String
        var reader: SegmentReader

        /// Whether the segment holds any of these journal positions.
        func holdsAny(of positions: ClosedRange<UInt64>) -> Bool {
            reader.footer.journalPositions.overlaps(positions)
        }
    }

    /// A segment that could not be used and where it was put.
    struct Damage: Sendable {
        var path: String
        var reason: String
    }

    /// Opens all segments. Damaged ones are moved into `quarantine` and reported; unfinished ones are removed.
    ///
    /// - Throws: when the directory or a segment cannot be opened for a reason that is not damage, such as missing
    ///   permission or too many open files: nothing is set aside then.
    func open() throws(IOError) -> (segments: [Entry], damaged: [Damage]) {
        try FileSystem.createDirectory(path)
        var segments: [Entry] = []
        var damaged: [Damage] = []
        for name in try FileSystem.list(path) {
            let file = path + "/" + name
            if name.hasSuffix(Self.temporarySuffix) {
                // Never renamed, so the journal still has all that is in it.
                try? FileSystem.remove(file)
                continue
            }
            guard name.hasSuffix(Self.suffix) else { continue }
            do {
                segments.append(Entry(path: file, reader: try SegmentReader(SegmentFile(file), cache: cache)))
            } catch let error as IOError where !error.isDamage {
                throw error
            } catch {
                damaged.append(Damage(path: setAside(name), reason: "\(error)"))
            }
        }
        segments.sort {
            $0.reader.footer.journalPositions.lowerBound < $1.reader.footer.journalPositions.lowerBound
        }
        return (segments, damaged)
    }

    /// Writes a segment of blocks and opens it.
    ///
    /// - Parameters:
    ///   - blocks: the events; their ids ascend.
    ///   - level: zstd's level.
    /// - Returns: the segment, open.
    /// - Throws: `IOError` or `StoreFormatError`; the unfinished file is removed.
    func write(_ blocks: [BatchBlock], level: Int32) throws -> Entry {
        let ids = blocks[0].idBounds.lowerBound...blocks[blocks.count - 1].idBounds.upperBound
        let name = Self.name(RowID.position(of: ids.lowerBound)...RowID.position(of: ids.upperBound))
        let temporary = path + "/" + name + ".tmp"
        do {
            try writeFile(temporary, blocks, level)
            try FileSystem.rename(temporary, to: path + "/" + name)
            try FileSystem.syncDirectory(path)
        } catch {
            try? FileSystem.remove(temporary)
            throw error
        }
        let file = try SegmentFile(path + "/" + name)
        return Entry(path: path + "/" + name, reader: try SegmentReader(file, cache: cache))
    }

    private func writeFile(_ file: String, _ blocks: [BatchBlock], _ level: Int32) throws {
        try? FileSystem.remove(file)
        let output = try OpenFile(file, .createNew)
        var builder = SegmentBuilder(level: level)
        for block in blocks {
            try builder.append(block.batch, ids: block.ids(), ingestBounds: block.ingestBounds)
            if builder.output.pendingBytes >= 1 << 20 { try drain(&builder, to: output) }
        }
        _ = try builder.finish()
        try drain(&builder, to: output)
        try output.sync()
    }

    private func drain(_ builder: inout SegmentBuilder, to file: borrowing OpenFile) throws {
        try builder.output.withPending { try file.write($0) }
        builder.output.removePending()
    }

    private func setAside(_ name: String) -> String {
        let target = path + "/quarantine/" + name
        do {
            try FileSystem.createDirectory(path + "/quarantine")
            try FileSystem.rename(path + "/" + name, to: target)
            return target
        } catch {
            return path + "/" + name
        }
    }

    static func name(_ positions: ClosedRange<UInt64>) -> String {
        func padded(_ value: UInt64) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, 14 - digits.count)) + digits
        }
        return padded(positions.lowerBound) + "-" + padded(positions.upperBound) + suffix
    }
}
