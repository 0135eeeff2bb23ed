import SegmentCatalog
import SystemIO
import TestSupport

/// A directory of its own for a catalog; goes away with the value.
final class CatalogFolder: Sendable {
    private let directory: TemporaryDirectory
    var path: String { directory.path }

    init() throws { directory = try TemporaryDirectory() }

    var file: String { path + "/catalog.db" }
    var quarantine: String { path + "/quarantine" }
    /// Names in the quarantine.
    var setAside: [String] { (try? FileSystem.list(quarantine)) ?? [] }

    func open(maxBytes: Int = SegmentCatalog.maxBytes) throws -> SegmentCatalog.Opened {
        try SegmentCatalog.open(file, quarantine: quarantine, maxBytes: maxBytes)
    }

    /// Changes bytes of the file.
    func overwrite(at offset: Int, _ bytes: [UInt8]) throws {
        try OpenFile(file, .readWrite).write(bytes, at: offset)
    }
}

/// A record whose values follow from the position.
func record(_ position: UInt64, generation: Int = 0, state: SegmentState = .live) -> SegmentRecord {
    let time = Int64(position) * 1_000
    return SegmentRecord(
        name: "\(position)-\(generation).segment", positions: position...(position + 9), generation: generation,
        level: generation, tier: .hot, state: state, rows: 10, bytes: 1_234, timeBounds: -time...time,
        ingestBounds: time...(time + 5), createdAt: 77)
}
