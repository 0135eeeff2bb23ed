import LogModel
import ObjectStores
import SegmentCatalog
import StoreEngine
import StoreFormat
import SystemIO
import Testing

/// A store with an object store beside it.
private final class TieredFolder {
    let folder: TemporaryFolder
    var objects: String { "\(folder.base)/objects" }

    init() throws { folder = try TemporaryFolder() }

    func cold() throws -> ColdStorage {
        let store = DirectoryStore(objects, owner: "test")
        try? store.open(mayClaim: true)
        var options = DownloadCache.Options(directory: "\(objects)-cache", maxBytes: 1 << 20)
        options.pieceBytes = 4_096
        options.pause = .zero
        return ColdStorage(store, cache: try DownloadCache(store, options))
    }

    func options(cold: Bool = true) throws -> StoreOptions {
        var options = folder.options()
        options.compaction.isOn = false
        if cold { options.cold = try self.cold() }
        return options
    }

    /// Segments with the batches 1 to `count`, a batch each.
    func fill(_ store: Store, _ count: UInt64, rows: Int = 300) throws {
        store.finishReplay()
        for position in 1...count {
            store.add(position, rows: rows)
            try store.flush()
        }
    }
}

@Suite("Store: tiers and retention")
struct StoreTierTests {
    private func names(_ store: Store) -> [String] { store.ledger.segments.live.map(\.record.name) }
    private func tiers(_ store: Store) -> [StorageTier] { store.ledger.segments.live.map(\.record.tier) }

    private let all = expected((1...4).map { ($0, 300) })

    @Test("A cold segment is read as before, its file is gone, and so it stays after a restart")
    func cold() throws {
        let place = try TieredFolder()
        var store = try open(place.options())
        try place.fill(store, 4)
        for name in names(store).prefix(2) {
            #expect(try store.makeCold(name))
            try store.tidyCold()
        }
        #expect(tiers(store) == [.cold, .cold, .hot, .hot])
        #expect(try store.content() == all)
        #expect(place.folder.segments.count == 2)
        #expect(try FileSystem.list(place.folder.path).filter { $0.hasSuffix(".stub") }.count == 2)
        store.close()
        store = try open(place.options())
        #expect(tiers(store) == [.cold, .cold, .hot, .hot])
        #expect(try store.content() == all)
        store.close()
    }

    @Test("Without a catalog, stubs tell which segments are cold")
    func lostCatalog() throws {
        let place = try TieredFolder()
        var store = try open(place.options())
        try place.fill(store, 4)
        #expect(try store.makeCold(names(store)[1]))
        try store.tidyCold()
        store.close()
        try FileSystem.remove(place.options().catalog)
        store = try open(place.options())
        #expect(tiers(store) == [.hot, .cold, .hot, .hot])
        #expect(try store.content() == all)
        store.close()
    }

    @Test("A stub that is damaged or missing is made again from the object", arguments: [0, 1, 2])
    func damagedStub(kind: Int) throws {
        let place = try TieredFolder()
        var store = try open(place.options())
        try place.fill(store, 4)
        let name = names(store)[1]
        #expect(try store.makeCold(name))
        try store.tidyCold()
        store.close()
        let stub = "\(place.folder.path)/\(name.replacing(".segment", with: ".stub"))"
        let size = try #require(try FileSystem.status(stub)?.size)
        switch kind {
        case 0: try FileSystem.remove(stub)
        case 1: try OpenFile(stub, .readWrite).truncate(to: size - 5)
        default: try OpenFile(stub, .readWrite).write([0xFF, 0xFF, 0xFF, 0xFF], at: size - 20)
        }
        store = try open(place.options())
        #expect(try store.content() == all)
        try store.tidyCold()
        #expect(try FileSystem.status(stub)?.size == size)
        store.close()
    }

    @Test("A crash at any step of a move leaves each event once", arguments: 0..<8)
    func crashes(step: Int) throws {
        let place = try TieredFolder()
        var store = try open(place.options())
        try place.fill(store, 4)
        let name = names(store)[1]
        let path = place.folder.path
        let stub = "\(path)/\(name.replacing(".segment", with: ".stub"))"
        let faults: [SystemFaults.Rule] = [
            .init(.write, path: "\(place.objects)/.incoming", code: 5),
            .init(.sync, path: "\(place.objects)/.incoming", code: 5),
            .init(.rename, path: "\(place.objects)/segments", code: 5), .init(.open, path: stub, code: 5),
            .init(.write, path: stub, code: 5), .init(.rename, path: stub, code: 5),
            .init(.write, path: place.folder.catalog, code: 5), .init(.remove, path: "\(path)/\(name)", code: 5),
        ]
        let token = SystemFaults.add(faults[step])
        _ = try? store.makeCold(name)
        try? store.tidyCold()
        SystemFaults.remove(token)
        #expect(try store.content() == all)
        // The process dies here: nothing more is tidied up.
        store.close()
        store = try open(place.options())
        #expect(try store.content() == all)
        if tiers(store)[1] != .cold { #expect(try store.makeCold(name)) }
        try store.tidyCold()
        #expect(try store.content() == all && tiers(store)[1] == .cold)
        #expect(place.folder.segments.count == 3)
        store.close()
    }

    @Test("An object store that is away makes answers incomplete, with the reason, and nothing is set aside")
    func away() throws {
        let place = try TieredFolder()
        let store = try open(place.options())
        try place.fill(store, 4)
        #expect(try store.makeCold(names(store)[1]))
        try store.tidyCold()
        try FileSystem.rename(place.objects, to: place.objects + "-away")
        let snapshot = store.snapshot()
        #expect(snapshot.blocks.count == 4 && snapshot.gaps.isEmpty)
        #expect(throws: ObjectStoreError.self) {
            _ = try snapshot.blocks[1].messages(RowBitmap(rowCount: 300, filled: true))
        }
        try FileSystem.rename(place.objects + "-away", to: place.objects)
        #expect(try store.content() == all)
        #expect(store.statistics.counters.quarantined == 0)
        store.close()
    }

    @Test("What has expired is out of answers, comes back by undo, and is gone for good when removed, object and all")
    func expiry() throws {
        let place = try TieredFolder()
        var store = try open(place.options())
        try place.fill(store, 4)
        let before = names(store)
        #expect(try store.makeCold(before[0]))
        try store.tidyCold()
        #expect(
            store.expire([(before[0], "old"), (before[1], "old"), ("no such", "old")], now: 5) == [
                before[0], before[1],
            ])
        let rest = expected([(3, 300), (4, 300)])
        #expect(try store.content() == rest)
        store.close()
        store = try open(place.options())
        #expect(try store.content() == rest)
        #expect(store.isStored(position: 1) && store.isStored(position: 2))
        #expect(store.reinstateExpired().map(\.name) == [before[0], before[1]])
        #expect(try store.content() == all && tiers(store) == [.cold, .hot, .hot, .hot])
        store.expire([(before[0], "old"), (before[1], "old")], now: 5)
        #expect(try store.removeRetired(expired: [before[1]]) == [before[1]])
        // One that is still in its time of grace stays.
        #expect(try store.removeRetired(expired: []) == [])
        #expect(try store.removeRetired(expired: [before[0]]) == [before[0]])
        #expect(try store.content() == rest && store.reinstateExpired().isEmpty)
        #expect(place.folder.segments.count == 2)
        #expect(try FileSystem.list("\(place.objects)/segments") == [])
        store.close()
        #expect(try open(place.options()).content() == rest)
    }

    @Test("A segment is written anew without some of its events, in any tier", arguments: StorageTier.allCases)
    func rewriting(tier: StorageTier) throws {
        let place = try TieredFolder()
        var store = try open(place.options())
        try place.fill(store, 4)
        let name = names(store)[1]
        if tier == .cold { #expect(try store.makeCold(name)) }
        if tier == .warm { #expect(try store.rewrite(name, tier: .warm)) }
        let old = names(store)[1]
        let isDone = try store.rewrite(
            old, tier: .warm,
            keeping: { block in
                var rows = RowBitmap(rowCount: block.rowCount, filled: true)
                for row in 0..<block.rowCount where row % 2 == 1 { rows.remove(row) }
                return rows
            })
        #expect(isDone)
        let kept = all.filter { $0.key >> 20 != 2 || $0.key % 2 == 0 }
        #expect(try store.content() == kept && tiers(store) == [.hot, .warm, .hot, .hot])
        store.removeRetired(asOf: .max)
        _ = try store.removeRetired(expired: [])
        #expect(place.folder.segments.count == 4)
        #expect((try? FileSystem.list("\(place.objects)/segments")) ?? [] == [])
        store.close()
        store = try open(place.options())
        #expect(try store.content() == kept)
        store.close()
    }

    @Test("Objects that no record names are deleted when others hold their events, and taken in again when none does")
    func orphans() throws {
        let place = try TieredFolder()
        var store = try open(place.options())
        try place.fill(store, 4)
        let before = names(store)
        for name in before { #expect(try store.makeCold(name)) }
        try store.tidyCold()
        // Written anew, it is local; its object has not been removed yet.
        #expect(try store.rewrite(before[0], tier: .warm))
        store.close()
        // All that the data directory knew of two segments is lost, and the record of the old object.
        try FileSystem.remove(place.folder.catalog)
        for name in before.prefix(3) {
            try FileSystem.remove("\(place.folder.path)/\(name.replacing(".segment", with: ".stub"))")
        }
        _ = try OpenFile("\(place.objects)/segments/readme.txt", .createNew)
        store = try open(place.options())
        store.finishReplay()
        #expect(try store.content() == expected([(1, 300), (4, 300)]))
        let found = try store.reconcileObjects()
        #expect(found.deleted == 1 && found.adopted == Array(before[1...2]))
        #expect(found.strange == ["segments/readme.txt"])
        #expect(try store.content() == all && tiers(store) == [.hot, .cold, .cold, .cold])
        #expect(try store.reconcileObjects() == whatStays(found))
        store.close()
        store = try open(place.options())
        #expect(try store.content() == all)
        store.close()
    }

    /// What is found the next time: only what is left alone.
    private func whatStays(_ found: ObjectReconciliation) -> ObjectReconciliation {
        var rest = found
        (rest.deleted, rest.adopted) = (0, [])
        return rest
    }
}
