import LogModel
import ObjectStores
import SegmentCatalog
import StoreEngine
import StoreFormat
import SystemIO
import TestSupport

/// A store in a directory of its own whose events go all the ways that there are: into memory, segments, merged ones, and
/// through the tiers.
final class LivingStore {
    private let directory: TemporaryDirectory
    private let store: Store
    private var position: UInt64 = 0
    private var events = RandomEvents()
    /// All events, as queries see them.
    private(set) var rows: [PlainRow] = []

    init() throws {
        directory = try TemporaryDirectory()
        var options = StoreOptions(directory: directory.path + "/segments", flushInterval: .seconds(3_600))
        options.compaction.isOn = false
        options.grace = .seconds(3_600)
        options.warmCompressionLevel = 3
        let objects = DirectoryStore(directory.path + "/objects", owner: "test")
        try objects.open(mayClaim: true)
        var cache = DownloadCache.Options(directory: directory.path + "/objects-cache", maxBytes: 1 << 20)
        cache.pieceBytes = 4_096
        cache.pause = .zero
        options.cold = ColdStorage(objects, cache: try DownloadCache(objects, cache))
        store = try Store(options) { print($0) }
        store.finishReplay()
    }

    deinit { store.close() }

    /// What a query is run on.
    var blocks: [any BlockSource] { store.snapshot().blocks }

    /// Adds a batch, and lets something happen to those before it.
    func step(_ generator: inout SeededGenerator) throws {
        let batch = events.batch(&generator)
        position += 1 + UInt64(generator.below(5) / 4)
        store.append(
            batch.batch, position: position, ingestTime: Timestamp(nanoseconds: Int64(position) * 60_000_000_000))
        rows += batch.rows(position: position)
        if generator.chance(50) { try store.flush() }
        let segments = store.ledger.segments.live.map(\.record)
        guard !segments.isEmpty else { return }
        let segment = generator.pick(segments)
        switch generator.below(5) {
        case 0: try store.compact(asOf: .max / 2)
        case 1 where segment.tier == .hot: _ = try store.rewrite(segment.name, tier: .warm)
        case 2 where segment.tier == .warm:
            _ = try store.makeCold(segment.name)
            try store.tidyCold()
        case 3: _ = try store.strip(segment.name)
        default: break
        }
        if generator.chance(20) { store.removeRetired(asOf: .max / 2) }
    }
}
