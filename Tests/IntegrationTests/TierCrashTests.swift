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
        try eventually("all segments are cold, seed \(seed)") {
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

    @Test("kill -9 while segments are stripped on a full disk: every event is found, exactly once")
    func crashesDuringStripping() throws {
        let directory = try TemporaryDirectory()
        let collector = try CollectorProcess(directory)
        // So slow that it takes a while to strip a segment.
        let warm = "head: {flush_interval: 1s}\ncompaction: {enabled: false, bytes_per_second: 64KiB}\n"
        collector.settings = warm + "storage: {interval: 100ms, tiers: {hot: 1s}}\n"
        try collector.start()
        var number = 0
        for batch in 1...8 {
            var lines = ""
            for _ in 0..<300 {
                lines += "{\"_msg\":\"order\(number)x is done\",\"number\":\(number)}\n"
                number += 1
            }
            #expect(try collector.post("/insert/jsonline", Array(lines.utf8)).status == 200)
            try eventually("batch \(batch) is a segment of its own") {
                (try? segmentFiles(collector)) ?? 0 >= batch
            }
        }
        try eventually("all segments are warm") {
            try tierCount(collector, "hot") == 0 && tierCount(collector, "warm") == 8
        }
        collector.stop(SIGKILL)
        // From 1 % on any disk is nearly full.
        collector.settings =
            warm + "storage:\n  interval: 100ms\n  pressure: {early_percent: 1, high_percent: 1, "
            + "critical_percent: 1, enough_bytes: 1024TiB}\n"
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for round in 1...7 {
            let program = try collector.launch()
            try eventually("segment \(round) is being stripped; seed \(seed): \(program.log)") {
                let names = try FileSystem.list(collector.data + "/segments")
                return names.count { $0.contains("-000002.segment") } >= round
            }
            usleep(UInt32.random(in: 0...100_000, using: &generator))
            program.kill(SIGKILL)
        }
        try collector.start()
        try eventually("nothing is left to strip, seed \(seed)") {
            let storage = try JSONValue(parsing: collector.get("/v1/storage").body)
            return storage["stripping"]?["planned_segments"]?.int == 0
                && storage["disk"]?["stage"]?.string == "critical"
                && storage["compaction"]?["retired_segments"]?.int == 0
        }
        #expect(try collector.post("/insert/jsonline", Array("{\"_msg\":\"no\"}\n".utf8)).status == 507)
        let found = try collector.query("* | fields number").compactMap { $0["number"]?.string.flatMap { Int($0) } }
        #expect(found.sorted() == Array(0..<number), "seed \(seed)")
        for number in [0, 1_234, 2_399] { #expect(try collector.count("order\(number)x") == 1, "seed \(seed)") }
        #expect(collector.stop(SIGTERM) == 0)
        let names = try FileSystem.list(collector.data + "/segments")
        #expect(names.filter { $0.hasSuffix(".tmp") }.isEmpty)
        // Flushed, made warm, stripped.
        #expect(names.filter { $0.hasSuffix("-000002.segment") }.count == 8, "seed \(seed): \(names)")
        let check = try RunningProgram(
            "lodge-collector", ["check", "--data", collector.data], logPath: "\(directory.path)/check.log")
        #expect(check.wait() == 0, "\(check.log)")
    }

    private func segmentFiles(_ collector: CollectorProcess) throws -> Int {
        let tiers = try JSONValue(parsing: collector.get("/v1/storage").body)["tiers"]
        return (tiers?["hot"]?["segments"]?.int ?? 0) + (tiers?["warm"]?["segments"]?.int ?? 0)
    }

    private func tierCount(_ collector: CollectorProcess, _ tier: String) throws -> Int {
        let text = try collector.get("/metrics").text
        let prefix = "lodge_collector_tier_segments{tier=\"\(tier)\"} "
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(prefix) }) else { return -1 }
        return Int(line.dropFirst(prefix.count)) ?? -1
    }
}
