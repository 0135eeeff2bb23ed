import CurlTransport
import Glibc
import SystemIO
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
        #expect(eventually(within: 30) { (try? collector.post("/insert/jsonline", line(100)).status) == 200 })
        #expect(eventually(within: 30) { (try? collector.count("*")) == 101 })
        #expect(eventually(within: 30) { FileSystem.exists("\(disk.path)/data/headroom") })
        #expect(collector.stop(SIGTERM) == 0)
    }
}
