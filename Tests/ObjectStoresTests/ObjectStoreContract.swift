import ObjectStores
import SystemIO
import TestSupport
import Testing

/// What every implementation of ``ObjectStore`` must do. A new one is added to ``Implementation`` and passes.
@Suite("ObjectStore: the contract of every implementation")
struct ObjectStoreContract {
    enum Implementation: String, CaseIterable, CustomTestStringConvertible {
        case directory, memory

        var testDescription: String { rawValue }

        func make(in folder: TemporaryDirectory) throws -> any ObjectStore {
            switch self {
            case .directory:
                let store = DirectoryStore("\(folder.path)/store", owner: "me")
                try store.open(mayClaim: true)
                return store
            case .memory:
                return MemoryStore()
            }
        }
    }

    let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func put(_ store: any ObjectStore, _ name: String, _ bytes: [UInt8]) throws {
        let file = try folder.write("source-\(UInt64.random(in: 0 ... .max))", bytes)
        try store.put(key(name), file: file, content: content(bytes), soon)
        try FileSystem.remove(file)
    }

    @Test("What is put is read back, whole and in parts", arguments: Implementation.allCases, [0, 1, 4_096, 3_000_001])
    func roundTrip(_ implementation: Implementation, count: Int) throws {
        let store = try implementation.make(in: folder)
        let bytes = pattern(count)
        try put(store, "a/b.segment", bytes)
        #expect(try store.head(key("a/b.segment"), soon).length == UInt64(count))
        #expect(try store.read(key("a/b.segment"), 0..<UInt64(count), soon) == bytes)
        if count > 2 {
            #expect(try store.read(key("a/b.segment"), 1..<UInt64(count - 1), soon) == Array(bytes[1..<(count - 1)]))
            #expect(try store.read(key("a/b.segment"), UInt64(count - 1)..<UInt64(count), soon) == [bytes[count - 1]])
        }
        #expect(try store.read(key("a/b.segment"), 0..<0, soon) == [])
    }

    @Test("A second put of a key replaces the object", arguments: Implementation.allCases)
    func replacing(_ implementation: Implementation) throws {
        let store = try implementation.make(in: folder)
        try put(store, "a", pattern(1_000))
        try put(store, "a", pattern(10, seed: 5))
        #expect(try store.head(key("a"), soon).length == 10)
        #expect(try store.read(key("a"), 0..<10, soon) == pattern(10, seed: 5))
        #expect(try store.list(prefix: "", after: nil, limit: 10, soon).map(\.key) == [key("a")])
    }

    @Test("A file with other bytes than were said is refused, and the object stays", arguments: Implementation.allCases)
    func wrongContent(_ implementation: Implementation) throws {
        let store = try implementation.make(in: folder)
        try put(store, "a", [1, 2, 3])
        let file = try folder.write("other", [1, 2, 4])
        for wrong in [content([1, 2, 3]), ObjectContent(length: 4, checksum: content([1, 2, 4]).checksum)] {
            let error = #expect(throws: ObjectStoreError.self) {
                try store.put(key("a"), file: file, content: wrong, soon)
            }
            guard case .refused = error else { throw error ?? .cancelled }
        }
        #expect(try store.read(key("a"), 0..<3, soon) == [1, 2, 3])
        #expect(try store.list(prefix: "", after: nil, limit: 10, soon).count == 1)
    }

    @Test("What is not there is not found, and a range past the end is refused", arguments: Implementation.allCases)
    func missing(_ implementation: Implementation) throws {
        let store = try implementation.make(in: folder)
        try put(store, "a/b", [1, 2, 3])
        for name in ["x", "a", "a/b/c", "a/x"] {
            let missing = ObjectStoreError.notFound(try key(name))
            #expect(throws: missing) { try store.head(key(name), soon) }
            #expect(throws: missing) { try store.read(key(name), 0..<1, soon) }
        }
        let error = #expect(throws: ObjectStoreError.self) { try store.read(key("a/b"), 2..<4, soon) }
        guard case .refused = error else { throw error ?? .cancelled }
    }

    @Test("Deleting takes one object away, and is no error when there is none", arguments: Implementation.allCases)
    func deleting(_ implementation: Implementation) throws {
        let store = try implementation.make(in: folder)
        try put(store, "a/b", [1])
        try put(store, "a/c", [2])
        try store.delete(key("a/b"), soon)
        try store.delete(key("a/b"), soon)
        try store.delete(key("never"), soon)
        let missing = ObjectStoreError.notFound(try key("a/b"))
        #expect(throws: missing) { try store.head(key("a/b"), soon) }
        #expect(try store.list(prefix: "", after: nil, limit: 10, soon).map(\.key) == [key("a/c")])
    }

    @Test("Lists are in the order of keys, by prefix, page by page", arguments: Implementation.allCases)
    func listing(_ implementation: Implementation) throws {
        let store = try implementation.make(in: folder)
        let names = ["a", "b/1", "b/10", "b/2", "b-1", "b/2.x", "c/d/e", "c/d/f", "c/d-f"]
        for name in names.shuffled() { try put(store, name, Array(name.utf8)) }
        let sorted = try names.map { try key($0) }.sorted()
        for prefix in ["", "b", "b/", "b/1", "c/d/", "c/d", "c/", "x", "b/1/"] {
            var found: [ObjectFacts] = []
            while case let page = try store.list(prefix: prefix, after: found.last?.key, limit: 2, soon), !page.isEmpty
            {
                found += page
            }
            #expect(found.map(\.key) == sorted.filter { $0.text.hasPrefix(prefix) }, "\(prefix)")
            #expect(found.allSatisfy { $0.length == UInt64($0.key.text.utf8.count) })
        }
    }

    @Test("A call that nobody waits for, or that is late, ends", arguments: Implementation.allCases)
    func bounds(_ implementation: Implementation) throws {
        let store = try implementation.make(in: folder)
        try put(store, "a", pattern(5_000_000))
        let cancelled = CallBounds(within: .seconds(60)) { true }
        var late = soon
        late.deadline = 0
        let file = try folder.write("b", [1])
        #expect(throws: ObjectStoreError.cancelled) { try store.read(key("a"), 0..<5_000_000, cancelled) }
        #expect(throws: ObjectStoreError.cancelled) { try store.head(key("a"), cancelled) }
        #expect(throws: ObjectStoreError.cancelled) {
            try store.put(key("b"), file: file, content: content([1]), cancelled)
        }
        #expect(throws: ObjectStoreError.cancelled) { try store.list(prefix: "", after: nil, limit: 1, cancelled) }
        #expect(throws: ObjectStoreError.cancelled) { try store.delete(key("a"), cancelled) }
        let error = #expect(throws: ObjectStoreError.self) { try store.read(key("a"), 0..<5_000_000, late) }
        guard case .unavailable = error else { throw error ?? .cancelled }
        #expect(try store.list(prefix: "", after: nil, limit: 9, soon).map(\.key) == [key("a")])
    }

    @Test(
        "Only plain relative paths are keys",
        arguments: [
            "", "/", "/a", "a/", "a//b", ".", "..", "a/../b", ".hidden", "a/.b", "a b", "a\0b", "a\\b", "é", "a%2e",
            String(repeating: "a", count: 201), String(repeating: "a/", count: 400) + "a",
        ])
    func badKeys(_ text: String) {
        #expect(ObjectKey(text) == nil)
    }

    @Test("Keys of segments are keys", arguments: ["segments/00000000000001-00000000000002-000000.segment", "a..b"])
    func goodKeys(_ text: String) {
        #expect(ObjectKey(text)?.text == text)
    }
}
