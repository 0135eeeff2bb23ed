import CurlTransport
import Glibc
import LineFormats
import SystemIO
import TestSupport
import Testing

@Suite("Tiers, with the real program")
struct TierCrashTests {
    @Test("kill -9 in the middle of moves: every event is found, exactly once")
    func crashesDuringMoves() throws {
        let directory = try TemporaryDirectory()
        let collector = try CollectorProcess(directory)
        collector.settings = """
            head: {flush_interval: 1s}
            compaction: {grace: 1s}
            storage:
              interval: 100ms
              tiers: {hot: 1s, warm: 2s}
              cold: {directory: \(directory.path)/objects}
            """
        var number = 0
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<8 {
            try collector.start()
            let end = SystemClock.monotonicNanos() + UInt64.random(in: 1_000_000_000...3_500_000_000, using: &generator)
            while SystemClock.monotonicNanos() < end {
                var lines = ""
                for _ in 0..<50 {
                    lines += "{\"_msg\":\"event \(number)\",\"number\":\(number)}\n"
                    number += 1
                }
                #expect(try collector.post("/insert/jsonline", Array(lines.utf8)).status == 200)
                // How fast events come, so that moves of many segments are under way; nothing is waited for.
                usleep(100_000)
            }
            collector.stop(SIGKILL)
        }
        try collector.start()
        try eventually("all segments are cold, seed \(seed)", within: .seconds(60)) {
            (try? tierCount(collector, "hot")) == 0 && (try? tierCount(collector, "warm")) == 0
        }
        #expect(try tierCount(collector, "cold") > 0, "seed \(seed)")
        #expect(try collector.count("*") == number, "seed \(seed)")
        let found = try collector.query("* | fields number").compactMap { $0["number"]?.string.flatMap { Int($0) } }
        #expect(found.sorted() == Array(0..<number), "seed \(seed)")
        #expect(collector.stop(SIGTERM) == 0)
        // What is left: a stub for each segment, an object for each stub, nothing else.
        let names = try FileSystem.list(collector.data + "/segments")
        let objects = try FileSystem.list("\(directory.path)/objects/segments")
        let stubs = names.filter { $0.hasSuffix(".stub") }
        #expect(names.filter { $0.hasSuffix(".tmp") }.isEmpty)
        for stub in stubs { #expect(objects.contains(stub.replacing(".stub", with: ".segment"))) }
        try collector.start()
        #expect(try collector.count("*") == number, "seed \(seed)")
        #expect(collector.stop(SIGTERM) == 0)
    }

    private func tierCount(_ collector: CollectorProcess, _ tier: String) throws -> Int {
        let text = try collector.get("/metrics").text
        let prefix = "lodge_collector_tier_segments{tier=\"\(tier)\"} "
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(prefix) }) else { return -1 }
        return Int(line.dropFirst(prefix.count)) ?? -1
    }
}
