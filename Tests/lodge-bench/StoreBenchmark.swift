import Glibc
import LineFormats
import LogModel
import StoreEngine
import SystemIO
import TestSupport

/// Measures what happens to segments after they are written: merging them, with how often each byte is written, and
/// opening a store that has many.
///
/// Works in a directory of its own below `TMPDIR` or `/tmp`. Events arrive at 50,000 a second of made-up time, so that the windows of
/// all levels come to pass.
func runStore(_ directory: String) throws {
    let temporary = try TemporaryDirectory()
    defer { withExtendedLifetime(temporary) {} }
    let folder = temporary.path
    var options = StoreOptions(directory: folder + "/segments", headBytes: 32 << 20, flushInterval: .seconds(86_400))
    options.compaction.isOn = false
    options.grace = .zero
    let bodies = try FileSystem.list(directory).filter { $0.hasSuffix(".ndjson") }.map { directory + "/" + $0 }
    try measureMerging(bodies, options)
    for count in [100, 1_000] { try measureOpening(bodies[0], folder + "/\(count)", segments: count) }
}

func events(_ file: String, _ builder: inout EventBatchBuilder) throws -> EventBatch {
    let keys = JSONEventDecoder.Keys(time: ["ts"], message: ["msg"], labels: ["service", "host", "environment"])
    return try decode(try FileSystem.contents(file, limit: 64 << 20), keys, &builder)
}

private func measureMerging(_ bodies: [String], _ options: StoreOptions) throws {
    var builder = EventBatchBuilder()
    let store = try Store(options) { print($0) }
    defer { store.close() }
    store.finishReplay()
    var count = 0
    for (index, body) in bodies.enumerated() {
        let batch = try events(body, &builder)
        store.waitForRoom()
        store.append(
            batch, position: UInt64(index + 1), ingestTime: Timestamp(nanoseconds: Int64(count) * 20_000))
        count += batch.count
    }
    try store.flush()
    let before = store.statistics
    print("\(count) events in \(before.segments) segments, \(perEvent(before.diskBytes, count)) bytes an event")
    let (start, cpu) = (SystemClock.monotonicNanos(), clock())
    let jobs = try store.compact(asOf: Int64.max / 2)
    let wall = Double(SystemClock.monotonicNanos() - start) / 1e9
    let work = Double(clock() - cpu) / 1e6
    let after = store.statistics
    let read = Double(after.counters.compactionBytesRead)
    let written = Double(after.counters.compactionBytesWritten)
    let rewritten = written / Double(max(1, after.diskBytes)) * Double(count)
    print("merged in \(jobs) jobs to \(after.segments) segments, \(perEvent(after.diskBytes, count)) bytes an event")
    print("  by level: \(after.segmentsByLevel.map(String.init).joined(separator: ", "))")
    print("  \(rounded(wall)) s, \(rounded(work)) s of CPU: \(Int(rewritten / work)) events a CPU second")
    print("  \(rounded(read / work / 1e6)) MB read and \(rounded(written / work / 1e6)) MB written a CPU second")
    print("  each byte written \(rounded(after.counters.writeAmplification)) times")
}

private func measureOpening(_ body: String, _ folder: String, segments: Int) throws {
    var builder = EventBatchBuilder()
    let batch = try events(body, &builder)
    var options = StoreOptions(directory: folder + "/segments", flushInterval: .seconds(86_400))
    options.compaction.isOn = false
    let store = try Store(options) { print($0) }
    store.finishReplay()
    for position in 1...segments {
        store.append(batch, position: UInt64(position), ingestTime: Timestamp(nanoseconds: 0))
        try store.flush()
    }
    store.close()
    try report("opening \(segments) segments", of: options)
    try FileSystem.remove(options.catalog)
    try report("without a catalog", of: options)
}

private func report(_ what: String, of options: StoreOptions) throws {
    let memory = residentBytes()
    let start = SystemClock.monotonicNanos()
    let store = try Store(options) { print($0) }
    let opened = SystemClock.monotonicNanos()
    let grown = residentBytes() - memory
    let blocks = store.snapshot().blocks.count
    let looked = SystemClock.monotonicNanos()
    print(
        "\(what): \(rounded(Double(opened - start) / 1e6)) ms, \(grown >> 10) KiB; all footers for a query: "
            + "\(rounded(Double(looked - opened) / 1e6)) ms, \((residentBytes() - memory) >> 10) KiB, \(blocks) blocks")
    store.close()
}

private func residentBytes() -> Int {
    let text = (try? OpenFile("/proc/self/statm", .read).bytes(at: 0, count: 4_096)) ?? []
    let fields = String(decoding: text, as: UTF8.self).split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4_096 : 0
}

private func perEvent(_ bytes: UInt64, _ count: Int) -> Double { rounded(Double(bytes) / Double(max(1, count))) }

private func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
