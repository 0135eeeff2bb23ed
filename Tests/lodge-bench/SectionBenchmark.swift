import Glibc
import LogModel
import QueryEngine
import QueryLanguage
import SegmentCatalog
import StoreEngine
import StoreFormat
import SystemIO
import TestSupport

/// Measures what segments are made of, as merged, as warm, and as stripped: bytes an event by kind of section, and what
/// stripping gives back and costs the searches.
///
/// - Parameters:
///   - directory: the batches.
///   - keep: a directory for the segments, which stay there: `merged` and `warm`; nil for one that goes away.
/// - Throws: what reading and writing throw.
func runSections(_ directory: String, keep: String?) throws {
    let temporary = try TemporaryDirectory()
    defer { withExtendedLifetime(temporary) {} }
    var options = StoreOptions(
        directory: "\(temporary.path)/segments", headBytes: 32 << 20, flushInterval: .seconds(86_400))
    options.compaction.isOn = false
    options.compaction.bytesPerSecond = 1 << 40
    options.compaction.cpuShare = 1
    options.grace = .zero
    let bodies = try FileSystem.list(directory).filter { $0.hasSuffix(".ndjson") }.map { directory + "/" + $0 }
    let store = try Store(options) { print($0) }
    defer { store.close() }
    var builder = EventBatchBuilder()
    store.finishReplay()
    var count = 0
    for (index, body) in bodies.enumerated() {
        let batch = try events(body, &builder)
        store.waitForRoom()
        store.append(batch, position: UInt64(index + 1), ingestTime: Timestamp(nanoseconds: Int64(count) * 20_000))
        count += batch.count
    }
    try store.flush()
    try store.compact(asOf: Int64.max / 2)
    store.removeRetired(asOf: .max)
    try describe("merged", store, count)
    try copy(options.directory, to: keep.map { "\($0)/merged" })
    try each(store, "made warm", count) { _ = try store.rewrite($0, tier: .warm) }
    try describe("warm", store, count)
    try copy(options.directory, to: keep.map { "\($0)/warm" })
    try search(store)
    try each(store, "stripped", count) { _ = try store.strip($0) }
    try describe("stripped", store, count)
    try search(store)
}

private func each(_ store: Store, _ what: String, _ count: Int, _ body: (String) throws -> Void) throws {
    let before = store.statistics.diskBytes
    let (start, cpu) = (SystemClock.monotonicNanos(), clock())
    for segment in store.ledger.segments.live { try body(segment.record.name) }
    store.removeRetired(asOf: .max)
    let seconds = Double(SystemClock.monotonicNanos() - start) / 1e9
    let after = store.statistics.diskBytes
    let less = Double(before) - Double(after)
    print(
        "\(what): \(before) bytes to \(after), \(rounded(less * 100 / Double(before))) % less, in \(rounded(seconds)) s, "
            + "\(rounded(Double(clock() - cpu) / 1e6)) s of CPU, \(Int(Double(before) / seconds / 1e6)) MB/s")
}

private func describe(_ what: String, _ store: Store, _ count: Int) throws {
    var bytes: [String: UInt64] = [:]
    var total: UInt64 = 0
    for segment in store.ledger.segments.live {
        let footer = try segment.reader().footer
        var sections = footer.sections
        for block in footer.blocks {
            bytes["messages", default: 0] += UInt64(block.messages.length)
            sections += [block.times, block.ids, block.levels, block.streams] + block.columns.map(\.section)
            sections += (block.overflow.map { [$0.section] } ?? []) + block.presences + block.extras
        }
        for section in sections { bytes["\(section.kind)", default: 0] += UInt64(section.length) }
        total += segment.record.bytes
    }
    bytes["footer"] = total - bytes.values.reduce(0, +)
    print("\(what): \(store.statistics.segments) segments, \(rounded(Double(total) / Double(count))) bytes an event")
    for (kind, length) in bytes.sorted(by: { $0.value > $1.value }) {
        let share = rounded(Double(length) * 100 / Double(total))
        print("  \(kind): \(rounded(Double(length) / Double(count) * 1_000) / 1_000) bytes an event, \(share) %")
    }
}

/// Words that are in no block, in a few and in all: what filters are for, and what not.
private func search(_ store: Store) throws {
    for text in ["zzzzabsent", "1f0a9c3b7d5e2468", "trace_id:1f0a9c3b7d5e2468", "NEEDLE-ONCE", "timeout"] {
        let query = try Query(parsing: text + " | count() n")
        var times: [Double] = []
        for _ in 0..<5 {
            let start = SystemClock.monotonicNanos()
            _ = try execute(query, on: store.snapshot().blocks, .init(now: Timestamp(nanoseconds: 0))) { _ in true }
            times.append(Double(SystemClock.monotonicNanos() - start) / 1e6)
        }
        print("  \(text): first \(rounded(times[0])) ms, then \(rounded(times.dropFirst().min() ?? 0)) ms")
    }
}

private func copy(_ source: String, to target: String?) throws {
    guard let target else { return }
    try FileSystem.createDirectory(target)
    for name in try FileSystem.list(source) where name.hasSuffix(".segment") {
        let bytes = try FileSystem.contents("\(source)/\(name)", limit: 1 << 30)
        try FileSystem.writeAtomically("\(target)/\(name)", bytes)
    }
}

private func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
