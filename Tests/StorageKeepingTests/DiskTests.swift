import Diagnostics
import Glibc
import StorageKeeping
import StoragePolicy
import Synchronization
import SystemIO
import TestSupport
import Testing

/// A disk of 1,000,000 bytes as a test wants it.
final class FakeDisk: Sendable {
    let used = Mutex(0)
    let lines = Mutex<[String]>([])
    /// After so many segments were stripped the disk is nearly empty.
    let strips = Mutex(Int.max)
    let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    func watch(headroomBytes: Int = 0) -> DiskWatch {
        DiskWatch(
            folder.path, limits: PressureLimits(), headroomBytes: headroomBytes,
            log: DiagnosticLog(program: "test", sink: { [self] line in lines.withLock { $0.append(line) } }),
            measure: { [self] path throws(IOError) in
                let headroom = try FileSystem.status("\(path)/headroom")?.size ?? 0
                let stripped = lines.withLock { $0.count { $0.contains("was stripped") } }
                let used = (stripped >= strips.withLock { $0 } ? 0 : used.withLock { $0 }) + headroom
                return FreeSpace(available: max(0, 1_000_000 - used), total: 1_000_000, used: min(used, 1_000_000))
            })
    }

    func use(_ bytes: Int, _ watch: DiskWatch) -> DiskWatch.Findings {
        used.withLock { $0 = bytes }
        watch.look()
        return watch.findings
    }
}

@Suite("DiskWatch and Headroom: the disk that holds the data")
struct DiskTests {
    @Test("The headroom has its blocks on the disk, is taken once, and goes at once")
    func headroom() throws {
        let folder = try TemporaryDirectory()
        let headroom = Headroom(directory: folder.path, bytes: 1 << 20)
        #expect(!headroom.isHeld)
        try headroom.take()
        try headroom.take()
        #expect(headroom.isHeld)
        var raw = stat()
        #expect(stat(headroom.path, &raw) == 0 && raw.st_blocks * 512 >= 1 << 20)
        let larger = Headroom(directory: folder.path, bytes: 2 << 20)
        #expect(!larger.isHeld)
        try larger.take()
        #expect(larger.isHeld)
        try larger.give()
        try larger.give()
        #expect(try FileSystem.list(folder.path) == [])
    }

    @Test("A headroom that the disk does not have leaves nothing behind")
    func noRoom() throws {
        let folder = try TemporaryDirectory()
        let headroom = Headroom(directory: folder.path, bytes: 1 << 20)
        let token = SystemFaults.add(.init(.allocate, path: folder.path, code: ENOSPC))
        defer { SystemFaults.remove(token) }
        #expect(throws: IOError.self) { try headroom.take() }
        #expect(try FileSystem.list(folder.path) == [])
        try headroom.take()
        #expect(headroom.isHeld)
    }

    @Test(
        "The usual headroom is a hundredth of the disk, within bounds",
        arguments: [(16 << 20, 2 << 20), (1 << 30, 16 << 20), (10 << 30, 10 << 30 / 100), (1 << 40, 256 << 20)])
    func usual(total: Int, bytes: Int) {
        #expect(Headroom.usual(on: FreeSpace(available: total, total: total, used: 0)) == bytes)
    }

    @Test("Each change of the stage is said once, with what is done about it")
    func stages() throws {
        let disk = try FakeDisk()
        let watch = disk.watch()
        #expect(watch.findings.stage == .normal)
        for _ in 0..<3 { #expect(disk.use(850_000, watch).stage == .early) }
        #expect(watch.findings.surplus == 70_000)
        #expect(disk.use(920_000, watch).stage == .high)
        for _ in 0..<3 { #expect(disk.use(960_000, watch).stage == .critical) }
        #expect(disk.use(940_000, watch).stage == .critical)
        #expect(disk.use(100_000, watch).stage == .normal)
        let lines = disk.lines.withLock { $0 }
        #expect(lines.count == 4, "\(lines)")
        #expect(lines[2].contains("events are refused") && lines[2].contains("96"))
    }

    @Test("The headroom is given up on a full disk, still counts as used, and is taken again when there is room")
    func givingUp() throws {
        let disk = try FakeDisk()
        let watch = disk.watch(headroomBytes: 100_000)
        #expect(watch.findings.isHeadroomHeld && watch.findings.room.used == 100_000)
        #expect(disk.use(800_001, watch).isHeadroomHeld == false)
        #expect(watch.findings.stage == .high && watch.findings.room.used == 900_001)
        #expect(disk.use(900_000, watch).stage == .critical)
        #expect(watch.findings.room.available == 0)
        // Giving it up has not ended the pressure, nor brings it back by itself.
        for _ in 0..<3 { #expect(disk.use(880_000, watch).stage == .critical) }
        #expect(!watch.findings.isHeadroomHeld)
        #expect(disk.use(800_001, watch).isHeadroomHeld == false)
        #expect(disk.use(700_000, watch).isHeadroomHeld)
        #expect(watch.findings.stage == .early)
        #expect(disk.use(600_000, watch).stage == .normal)
    }

    @Test("Work that makes room may write, but never so much that the headroom would go or nothing would be left")
    func workRoom() throws {
        let disk = try FakeDisk()
        let bare = disk.watch()
        #expect(disk.use(960_000, bare).workRoom == 20_000 && bare.findings.criticalSurplus == 30_001)
        #expect(disk.use(929_999, bare).criticalSurplus == 0)
        _ = disk.use(0, bare)
        let watch = disk.watch(headroomBytes: 100_000)
        #expect(disk.use(700_000, watch).workRoom == 100_000 && watch.findings.isHeadroomHeld)
        #expect(disk.use(900_000, watch).workRoom == 50_000 && !watch.findings.isHeadroomHeld)
        #expect(disk.use(1_000_000, watch).workRoom == 0)
    }

    @Test("A disk that is full at the start gives up the headroom at once")
    func fullAtTheStart() throws {
        let disk = try FakeDisk()
        _ = disk.watch(headroomBytes: 100_000)
        disk.used.withLock { $0 = 900_000 }
        let watch = disk.watch(headroomBytes: 100_000)
        #expect(!watch.findings.isHeadroomHeld && watch.findings.stage == .critical)
        #expect(try FileSystem.list(disk.folder.path) == [])
    }
}
