import Glibc
import SystemIO
import TestSupport
import Testing

@Suite("SystemIO: files and directories")
struct SystemIOTests {
    @Test("What is written at an offset is read back, up to the end of the file")
    func writeAndRead() throws {
        let folder = try TemporaryDirectory()
        let file = try OpenFile("\(folder.path)/a", .createNew)
        try file.write(Array("hello".utf8), at: 3)
        try file.sync()
        #expect(try file.bytes(at: 0, count: 100) == [0, 0, 0] + Array("hello".utf8))
        #expect(try file.bytes(at: 6, count: 2) == Array("lo".utf8))
        #expect(try file.bytes(at: 100, count: 2).isEmpty)
        try file.truncate(to: 4)
        #expect(try file.status().size == 4)
        #expect(try FileSystem.status("\(folder.path)/a") == file.status())
    }

    @Test("Writing atomically replaces the content and leaves no temporary file")
    func atomic() throws {
        let folder = try TemporaryDirectory()
        let path = "\(folder.path)/settings"
        try FileSystem.writeAtomically(path, [1, 2, 3])
        try FileSystem.writeAtomically(path, [4])
        #expect(try FileSystem.contents(path, limit: 10) == [4])
        #expect(try FileSystem.list(folder.path) == ["settings"])
    }

    @Test("A failed atomic write leaves the old content", arguments: [IOError.Operation.write, .sync, .rename])
    func atomicFailure(operation: IOError.Operation) throws {
        let folder = try TemporaryDirectory()
        let path = "\(folder.path)/settings"
        try FileSystem.writeAtomically(path, [1, 2, 3])
        let token = SystemFaults.add(.init(operation, path: path, code: ENOSPC, tornBytes: 1))
        defer { SystemFaults.remove(token) }
        #expect(throws: IOError.self) { try FileSystem.writeAtomically(path, [4, 5]) }
        #expect(try FileSystem.contents(path, limit: 10) == [1, 2, 3])
        #expect(try FileSystem.list(folder.path) == ["settings"])
    }

    @Test("Directories are made with their parents, listed in order and removed as a tree")
    func directories() throws {
        let folder = try TemporaryDirectory()
        let deep = "\(folder.path)/a/b/c"
        try FileSystem.createDirectory(deep)
        try FileSystem.createDirectory(deep)
        for name in ["z", "B", "a"] { try FileSystem.writeAtomically("\(deep)/\(name)", []) }
        #expect(try FileSystem.list(deep) == ["B", "a", "z"])
        #expect(FileSystem.parent(of: "/a/b/") == "/a")
        #expect(FileSystem.parent(of: "/a") == "/")
        #expect(FileSystem.parent(of: "a") == ".")
        try FileSystem.removeTree("\(folder.path)/a")
        #expect(!FileSystem.exists("\(folder.path)/a"))
        #expect(try FileSystem.status("\(folder.path)/a") == nil)
    }

    @Test("A lock is held by one opening at a time")
    func lock() throws {
        let folder = try TemporaryDirectory()
        let first = try OpenFile(folder.path, .directory)
        try first.lockExclusively()
        let second = try OpenFile(folder.path, .directory)
        let error = #expect(throws: IOError.self) { try second.lockExclusively() }
        #expect(error?.isBusy == true)
    }

    @Test("Errors are sentences that say what to do")
    func sentences() throws {
        #expect(
            IOError(.write, "/x/y", ENOSPC).description
                == "cannot write /x/y: No space left on device: free space or move the data directory")
        let error = #expect(throws: IOError.self) { _ = try OpenFile("/does/not/exist", .read) }
        #expect(error == IOError(.open, "/does/not/exist", ENOENT))
        #expect(error?.isMissing == true)
        #expect(error?.description == "cannot open /does/not/exist: No such file or directory")
    }

    @Test("A planned fault meets the nth call on its path and leaves a torn write")
    func faults() throws {
        let folder = try TemporaryDirectory()
        let file = try OpenFile("\(folder.path)/torn", .createNew)
        let token = SystemFaults.add(
            .init(.write, path: "\(folder.path)/torn", after: 1, code: EIO, tornBytes: 2))
        defer { SystemFaults.remove(token) }
        try file.write([1, 2, 3, 4], at: 0)
        #expect(throws: IOError(.write, "\(folder.path)/torn", EIO)) { try file.write([9, 9, 9, 9], at: 4) }
        #expect(try file.status().size == 6)
        try file.write([5], at: 4)
        #expect(try file.bytes(at: 0, count: 10) == [1, 2, 3, 4, 5, 9])
    }

    @Test("Free space and clocks give plausible values")
    func measures() throws {
        let folder = try TemporaryDirectory()
        let space = try FileSystem.freeSpace(folder.path)
        #expect(space.available > 0 && space.available <= space.total)
        let first = SystemClock.monotonicNanos()
        #expect(SystemClock.monotonicNanos() >= first)
        #expect(SystemClock.wallNanos() > 1_600_000_000_000_000_000)
    }

    @Test("Reserving blocks leaves the length as it is")
    func allocate() throws {
        let folder = try TemporaryDirectory()
        let file = try OpenFile("\(folder.path)/a", .createNew)
        do throws(IOError) { try file.allocate(1 << 16) } catch { #expect(error.code == EOPNOTSUPP) }
        #expect(try file.status().size == 0)
    }
}
