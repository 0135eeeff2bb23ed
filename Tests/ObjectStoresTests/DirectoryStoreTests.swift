import Glibc
import ObjectStores
import SystemIO
import TestSupport
import Testing

@Suite("DirectoryStore: what is special about directories")
struct DirectoryStoreTests {
    let folder: TemporaryDirectory
    var path: String { "\(folder.path)/store" }

    init() throws { folder = try TemporaryDirectory() }

    private func store(mayClaim: Bool = true, owner: String = "me") throws -> DirectoryStore {
        let store = DirectoryStore(path, owner: owner)
        try store.open(mayClaim: mayClaim)
        return store
    }

    private func isUnavailable(_ body: () throws -> Void) -> Bool {
        do { try body() } catch ObjectStoreError.unavailable { return true } catch {}
        return false
    }

    private func isRefused(_ body: () throws -> Void) -> Bool {
        do { try body() } catch ObjectStoreError.refused { return true } catch {}
        return false
    }

    @Test("A store is away, not empty, when its file system is not mounted")
    func unmounted() throws {
        let store = try store()
        let file = try folder.write("file", [1])
        try store.put(key("a"), file: file, content: content([1]), soon)
        // What an unmounted file system leaves: its empty mount point.
        try FileSystem.rename(path, to: path + "-away")
        for exists in [false, true] {
            if exists { try FileSystem.createDirectory(path) }
            #expect(isUnavailable { _ = try store.head(key("a"), soon) })
            #expect(isUnavailable { _ = try store.read(key("a"), 0..<1, soon) })
            #expect(isUnavailable { _ = try store.list(prefix: "", after: nil, limit: 1, soon) })
            #expect(isUnavailable { try store.put(key("b"), file: file, content: content([1]), soon) })
            #expect(isUnavailable { try store.delete(key("a"), soon) })
            #expect(isUnavailable { _ = try self.store(mayClaim: false) })
        }
        #expect(try FileSystem.list(path) == [])
        try FileSystem.remove(path)
        try FileSystem.rename(path + "-away", to: path)
        #expect(try store.read(key("a"), 0..<1, soon) == [1])
    }

    @Test("Another collector's store, and a directory with other things in it, are left alone")
    func foreign() throws {
        _ = try store()
        #expect(isRefused { _ = try store(owner: "other") })
        #expect(try store().name.contains(path))
        try FileSystem.removeTree(path)
        try FileSystem.createDirectory(path)
        _ = try folder.write("store/photos.tar", [1])
        #expect(isUnavailable { _ = try store() })
        #expect(try FileSystem.list(path) == ["photos.tar"])
    }

    @Test("What an interrupted put left is not an object, and goes at the next start")
    func leftovers() throws {
        let store = try store()
        try FileSystem.createDirectory("\(path)/.incoming")
        _ = try folder.write("store/.incoming/1-2", [1])
        #expect(try store.list(prefix: "", after: nil, limit: 9, soon) == [])
        _ = try self.store()
        #expect(try FileSystem.list(path) == [DirectoryStore.markerName])
    }

    @Test(
        "A put that fails leaves the object as it was and nothing else",
        arguments: [IOError.Operation.open, .write, .sync, .rename])
    func failures(_ operation: IOError.Operation) throws {
        let store = try store()
        try store.put(key("a"), file: try folder.write("old", [1]), content: content([1]), soon)
        let file = try folder.write("new", [2])
        let token = SystemFaults.add(
            .init(operation, path: operation == .rename ? "\(path)/a" : "\(path)/.incoming", code: ENOSPC))
        defer { SystemFaults.remove(token) }
        #expect(isRefused { try store.put(key("a"), file: file, content: content([2]), soon) })
        #expect(try store.read(key("a"), 0..<1, soon) == [1])
        #expect(try FileSystem.list("\(path)/.incoming") == [])
        try store.put(key("a"), file: file, content: content([2]), soon)
        #expect(try store.read(key("a"), 0..<1, soon) == [2])
    }
}
