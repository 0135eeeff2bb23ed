import LogModel
import SegmentCatalog
import StoragePolicy

let second: Int64 = 1_000_000_000
let day: Int64 = 86_400 * second

func days(_ count: Double) -> Duration { .seconds(count * 86_400) }

/// A segment whose events arrived during a day up to `newest`, in nanoseconds.
func record(
    _ name: String, newest: Int64, bytes: UInt64 = 1_000, rows: Int = 100, tier: StorageTier = .hot,
    state: SegmentState = .live, position: UInt64 = 1
) -> SegmentRecord {
    SegmentRecord(
        name: name, positions: position...position, generation: 0, level: 0, tier: tier, state: state, rows: rows,
        bytes: bytes, timeBounds: 0...1, ingestBounds: min(newest, newest &- day)...newest, createdAt: 0)
}

func classes(_ counts: [Level: Int], tenant: String = "default") -> [EventClass: Int] {
    Dictionary(uniqueKeysWithValues: counts.map { (EventClass(tenant: tenant, level: $0.key), $0.value) })
}
