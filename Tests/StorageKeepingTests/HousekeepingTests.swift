import Diagnostics
import Glibc
import LogModel
import ObjectStores
import SegmentCatalog
import StorageKeeping
import StoragePolicy
import StoreEngine
import StoreFormat
import Synchronization
import SystemIO
import TestSupport
import Testing

private let day: Int64 = 86_400 * 1_000_000_000

/// A store whose days go by as a test says. Each day brings a segment with debug, info and error events.
private final class KeptStore {
    let disk: FakeDisk
    let watch: DiskWatch
    let store: Store
    let housekeeping: Housekeeping
    private(set) var today: Int64 = 20_000
    private var position: UInt64 = 0

    /// Events of each level and day.
    static let rows: [Level: Int] = [.debug: 60, .info: 30, .error: 10]

    init(limits: PressureLimits = PressureLimits(), _ change: (inout Housekeeping.Rules) -> Void) throws {
        disk = try FakeDisk()
        let path = disk.folder.path
        var options = StoreOptions(directory: "\(path)/segments", flushInterval: .seconds(3_600))
        options.compaction.isOn = false
        let objects = DirectoryStore("\(path)/objects", owner: "test")
        try objects.open(mayClaim: true)
        options.cold = ColdStorage(
            objects, cache: try DownloadCache(objects, .init(directory: "\(path)/cache", maxBytes: 1 << 20)))
        store = try Store(options) { _ in }
        store.finishReplay()
        watch = disk.watch()
        var rules = Housekeeping.Rules()
        rules.tiers.hasColdTier = true
        change(&rules)
        housekeeping = Housekeeping(
            store, watch, directory: path, rules: rules,
            log: DiagnosticLog(program: "test", sink: { [disk] line in disk.lines.withLock { $0.append(line) } }))
    }

    deinit { store.close() }

    var now: Int64 { today * day }

    /// A day with events, and the keeper at its end.
    func live() throws {
        position += 1
        var builder = EventBatchBuilder()
        for (level, count) in Self.rows {
            for row in 0..<count {
                Array("day \(today) \(level.name) \(row)".utf8).withUnsafeBytes {
                    builder.endEvent(time: Timestamp(nanoseconds: now), level: level, message: $0)
                }
            }
        }
        store.append(builder.finish(), position: position, ingestTime: Timestamp(nanoseconds: now))
        try store.flush()
        pass()
    }

    /// Days without events, the keeper at the end of each.
    func wait(_ days: Int) {
        for _ in 0..<days { pass() }
    }

    private func pass() {
        today += 1
        housekeeping.run(now: now, monotonic: UInt64(now))
    }

    /// Events by level that queries see; nil when one is seen twice.
    func count() throws -> [Level: Int]? {
        var counts: [Level: Int] = [:]
        var ids: Set<UInt64> = []
        for block in store.snapshot().blocks {
            for id in try block.ids() where !ids.insert(id).inserted { return nil }
            for level in try block.levels() { counts[Level(rawValue: level) ?? .unknown, default: 0] += 1 }
        }
        return counts
    }

    var tiers: [StorageTier] { store.ledger.segments.live.map(\.record.tier) }
}

@Suite("Housekeeping: the rules carried out")
struct HousekeepingTests {
    private func days(_ count: Double) -> Duration { .seconds(count * 86_400) }

    @Test("Events leave answers by level and age, and then the disk, a time of grace later")
    func retention() throws {
        let kept = try KeptStore { rules in
            rules.retention.age = days(10)
            rules.retention.grace = days(1)
            rules.retention.rules = [.init(levels: [.debug], age: days(3))]
        }
        for _ in 0..<3 { try kept.live() }
        #expect(try kept.count() == [.debug: 180, .info: 90, .error: 30])
        kept.wait(3)
        // Past their rule for more than the grace: the debug events of the first two days.
        #expect(try kept.count() == [.debug: 60, .info: 90, .error: 30])
        #expect(kept.housekeeping.status.droppedRows == 120)
        kept.wait(1)
        #expect(try kept.count() == [.info: 90, .error: 30])
        #expect(kept.housekeeping.status.bytesPast == 0)
        kept.wait(20)
        #expect(try kept.count() == [:])
        #expect(kept.housekeeping.status.expiredSegments == 3 && kept.housekeeping.status.removedSegments == 3)
        kept.store.removeRetired(asOf: .max)
        #expect(try FileSystem.list("\(kept.disk.folder.path)/segments") == [])
        #expect(kept.housekeeping.status.failures == 0)
    }

    @Test("Segments become warm, then cold, and every event is found once on each day")
    func tiers() throws {
        let kept = try KeptStore { rules in
            rules.tiers.hotAge = days(2)
            rules.tiers.warmAge = days(4)
        }
        for number in 1...8 {
            try kept.live()
            #expect(try kept.count() == KeptStore.rows.mapValues { $0 * number })
        }
        #expect(kept.tiers == [.cold, .cold, .cold, .cold, .warm, .warm, .hot, .hot])
        let objects = try FileSystem.list("\(kept.disk.folder.path)/objects/segments")
        #expect(objects.count == 4)
        kept.wait(380)
        #expect(kept.tiers == [])
        #expect(try FileSystem.list("\(kept.disk.folder.path)/objects/segments") == [])
        #expect(kept.housekeeping.status.failures == 0, "\(kept.housekeeping.status.lastFailure ?? "")")
    }

    @Test("A clock that leaps ahead by years deletes and moves nothing until a person says that it is right")
    func leap() throws {
        let kept = try KeptStore { $0.retention.age = days(10) }
        for _ in 0..<3 { try kept.live() }
        let before = try kept.count()
        for step in 0..<10 {
            kept.housekeeping.run(now: kept.now + 3_650 * day, monotonic: UInt64(kept.now + Int64(step)))
        }
        #expect(try kept.count() == before && kept.tiers == [.hot, .hot, .hot])
        #expect(kept.housekeeping.doubt != nil)
        #expect(kept.disk.lines.withLock { $0.filter { $0.contains("retention is held") }.count } == 1)
        kept.housekeeping.trustClock(now: kept.now + 3_650 * day, monotonic: UInt64(kept.now))
        kept.housekeeping.run(now: kept.now + 3_650 * day, monotonic: UInt64(kept.now))
        #expect(try kept.count() == [:] && kept.housekeeping.doubt == nil)
        // Still to be taken back.
        #expect(kept.housekeeping.undo().count == 3)
        #expect(try kept.count() == before)
    }

    @Test("The plan says what the next pass does, and changes nothing")
    func dryRun() throws {
        let kept = try KeptStore { $0.retention.age = days(2) }
        for _ in 0..<2 { try kept.live() }
        let before = try kept.count()
        let plan = kept.housekeeping.plan(now: kept.now + 2 * day)
        #expect(plan.expire.count == 2 && plan.rewrite.isEmpty && plan.remove.isEmpty)
        #expect(try kept.count() == before)
        kept.wait(2)
        #expect(try kept.count() == [:])
        #expect(kept.housekeeping.plan(now: kept.now + 2 * day).remove.sorted() == plan.expire.map(\.name).sorted())
    }

    @Test("On a full disk only what rules name goes: expired segments at once, then `pressing`, the oldest first")
    func fullDisk() throws {
        let kept = try KeptStore { rules in
            rules.retention.age = days(100)
            rules.retention.grace = days(50)
            rules.pressing = [.init(levels: [.debug], age: days(2))]
        }
        for _ in 0..<4 { try kept.live() }
        _ = kept.disk.use(960_000, kept.watch)
        kept.wait(1)
        #expect(kept.watch.findings.stage == .critical)
        #expect(try kept.count() == [.debug: 60, .info: 120, .error: 40])
        // No rule names the others: they stay, however full the disk is.
        kept.wait(5)
        #expect(try kept.count() == [.info: 120, .error: 40])
    }

    @Test(
        "A full disk strips the oldest segments until there is room, before any rule deletes; nothing is undone later")
    func stripping() throws {
        let kept = try KeptStore { rules in
            rules.retention.age = days(100)
            rules.tiers.hasColdTier = false
            rules.tiers.hotAge = days(1)
            rules.pressing = [.init(levels: [.debug], age: days(2))]
        }
        for _ in 0..<4 { try kept.live() }
        let before = try kept.count()
        #expect(kept.tiers == [.warm, .warm, .warm, .hot])
        // What is hot as it was written from memory is about to be merged.
        let plan = kept.housekeeping.stripPlan()
        #expect(plan.strips.count == 3 && plan.tooLarge == 0 && plan.freed > 0)
        let warm = kept.store.ledger.segments.live.prefix(3)
        #expect(plan.strips.map(\.name) == warm.map(\.record.name))
        kept.disk.strips.withLock { $0 = 1 }
        _ = kept.disk.use(960_000, kept.watch)
        kept.wait(1)
        #expect(kept.watch.findings.stage == .normal)
        var status = kept.housekeeping.status
        // What the footer said about the filters is gone, too.
        let planned = plan.strips[0].freed
        #expect(status.strippedSegments == 1 && (planned...planned + 64).contains(status.strippedBytes))
        #expect(try kept.count() == before)
        kept.wait(5)
        let live = kept.store.ledger.segments.live
        #expect(try live.map { try $0.strippableBytes() > 0 } == [false, true, true, true])
        #expect(kept.housekeeping.stripPlan().strips.count == 3)
        status = kept.housekeeping.status
        #expect(status.strippedSegments == 1 && status.failures == 0, "\(status.lastFailure ?? "")")
    }

    @Test("What can be stripped is stripped once, also while the clock is doubted; what does not fit is said")
    func strippingOnce() throws {
        let kept = try KeptStore { rules in
            rules.retention.age = days(100)
            rules.tiers.hasColdTier = false
            rules.tiers.hotAge = days(1)
        }
        for _ in 0..<4 { try kept.live() }
        kept.wait(1)
        let before = try kept.count()
        _ = kept.disk.use(999_990, kept.watch)
        kept.wait(1)
        #expect(kept.housekeeping.status.strippedSegments == 0)
        #expect(kept.housekeeping.stripPlan().strips.isEmpty && kept.housekeeping.stripPlan().tooLarge == 4)
        _ = kept.disk.use(960_000, kept.watch)
        // One that fails keeps no other from making room, and is tried again.
        let name = kept.store.ledger.segments.live[1].record.name.replacing("-000001.segment", with: "-000002.segment")
        let token = SystemFaults.add(.init(.write, path: "\(kept.disk.folder.path)/segments/\(name)", code: EIO))
        defer { SystemFaults.remove(token) }
        kept.wait(1)
        #expect(kept.housekeeping.status.strippedSegments == 3 && kept.housekeeping.status.failures == 1)
        #expect(kept.housekeeping.status.lastFailure?.contains("stripping segments") == true)
        for step in 1...3 {
            kept.housekeeping.run(now: kept.now + 3_650 * day, monotonic: UInt64(kept.now + Int64(step)))
        }
        #expect(kept.housekeeping.doubt != nil && kept.watch.findings.stage == .critical)
        #expect(kept.housekeeping.status.strippedSegments == 4)
        #expect(kept.housekeeping.stripPlan().strips.isEmpty && kept.housekeeping.stripPlan().tooLarge == 0)
        #expect(try kept.count() == before)
        #expect(kept.store.statistics.retiredSegments == 0 && kept.housekeeping.status.failures == 1)
    }

    @Test("An object store that is away keeps segments where they are, says so, and they move when it is back")
    func storeAway() throws {
        let kept = try KeptStore { rules in
            rules.tiers.hotAge = days(2)
            rules.tiers.warmAge = days(2)
        }
        let objects = "\(kept.disk.folder.path)/objects"
        try FileSystem.rename(objects, to: objects + "-away")
        for _ in 0..<5 { try kept.live() }
        #expect(try kept.count() == KeptStore.rows.mapValues { $0 * 5 })
        #expect(!kept.tiers.contains(.cold) && kept.housekeeping.status.failures > 0)
        #expect(kept.housekeeping.status.lastFailure?.contains("is its file system mounted?") == true)
        try FileSystem.rename(objects + "-away", to: objects)
        kept.wait(1)
        #expect(kept.tiers.prefix(4).allSatisfy { $0 == .cold } && kept.housekeeping.status.lastFailure == nil)
        #expect(try kept.count() == KeptStore.rows.mapValues { $0 * 5 })
    }
}
