import CurlTransport
import Glibc
import SystemIO
import TestSupport
import Testing

@Suite("A full disk, with the real program")
struct FullDiskTests {
    private func line(_ number: Int) -> [UInt8] { Array("{\"_msg\":\"number \(number) of many\"}\n".utf8) }

    @Test(
        "A collector starts on a disk without a free byte, refuses events, and takes them again by itself",
        .enabled(if: SmallDisk.isAllowed, "mounting a file system is not allowed here"))
    func startsOnAFullDisk() throws {
        let disk = try SmallDisk(bytes: 64 << 20)
        let directory = try TemporaryDirectory()
        let collector = try CollectorProcess(directory, data: "\(disk.path)/data")
        try collector.start()
        for number in 0..<100 { #expect(try collector.post("/insert/jsonline", line(number)).status == 200) }
        collector.stop(SIGKILL)
        try disk.fill()
        try collector.start()
        #expect(try collector.count("*") == 100)
        #expect(try collector.post("/insert/jsonline", line(0)).status == 507)
        let storage = try collector.get("/v1/storage").text
        #expect(storage.contains("\"stage\":\"critical\"") && storage.contains("\"headroom_held\":false"), "\(storage)")
        // The headroom is room again: somebody else takes that, too.
        try disk.fill()
        #expect(try collector.count("*") == 100)
        #expect(try collector.post("/insert/jsonline", line(0)).status == 507)
        try disk.removeFiller()
        try eventually("events are taken again") { (try? collector.post("/insert/jsonline", line(100)).status) == 200 }
        try eventually("the new event is found") { (try? collector.count("*")) == 101 }
        try eventually("the headroom is held") { FileSystem.exists("\(disk.path)/data/headroom") }
        #expect(collector.stop(SIGTERM) == 0)
    }

    @Test(
        "A full disk is freed by the rules at the next start, and events are taken again by themselves",
        .enabled(if: SmallDisk.isAllowed, "mounting a file system is not allowed here"))
    func rulesFreeAFullDisk() throws {
        let disk = try SmallDisk(bytes: 48 << 20)
        let directory = try TemporaryDirectory()
        let collector = try CollectorProcess(directory, data: "\(disk.path)/data")
        collector.settings = """
            head: {bytes: 1MiB, flush_interval: 1s}
            journal: {file_bytes: 1MiB}
            compaction: {enabled: false}
            storage: {interval: 200ms, headroom: 4MiB}
            """
        try collector.start()
        // Events that do not compress, until the disk is nearly full.
        var number = 0
        try eventually("the disk is full after \(number) events", within: .seconds(240)) {
            try collector.post("/insert/jsonline", noise(&number)).status == 507
        }
        collector.stop(SIGKILL)
        // The rule that frees comes with the next start.
        collector.settings = (collector.settings ?? "") + "\nretention: {max_bytes: 4MiB}\n"
        try collector.start()
        try eventually("events are taken again", within: .seconds(120)) {
            (try? collector.post("/insert/jsonline", line(7)).status) == 200
        }
        try eventually("the new event is found") { (try? collector.count("number")) == 1 }
        #expect(collector.stop(SIGTERM) == 0)
    }

    /// Some hundred events of text that does not compress.
    private func noise(_ number: inout Int) -> [UInt8] {
        var lines = ""
        for _ in 0..<200 {
            number += 1
            let text = (0..<40).map { _ in String(UInt64.random(in: 0 ... .max), radix: 36) }.joined()
            lines += "{\"_msg\":\"\(text)\"}\n"
        }
        return Array(lines.utf8)
    }
}
