import ObjectStores
import Synchronization
import SystemIO
import TestSupport
import Testing

@Suite("DownloadCache: parts of objects on the local disk")
struct DownloadCacheTests {
    let folder: TemporaryDirectory
    let store = MemoryStore()
    let bytes = pattern(100_000)

    init() throws {
        folder = try TemporaryDirectory()
        store.hold(try key("a"), bytes)
    }

    private func cache(maxBytes: Int = 1 << 20, _ change: (inout DownloadCache.Options) -> Void = { _ in }) throws
        -> DownloadCache
    {
        var options = DownloadCache.Options(directory: "\(folder.path)/cache", maxBytes: maxBytes)
        options.pieceBytes = 1_000
        options.timeLimit = .seconds(60)
        change(&options)
        return try DownloadCache(store, options)
    }

    private func read(_ cache: DownloadCache, _ range: Range<UInt64>) throws -> [UInt8] {
        try cache.read(key("a"), range, of: UInt64(bytes.count))
    }

    private func slice(_ range: Range<UInt64>) -> [UInt8] {
        Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)])
    }

    @Test("Any part is what the object holds, whatever the bound (random)", arguments: [0, 999, 5_000, 1 << 20])
    func randomReads(maxBytes: Int) throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let cache = try cache(maxBytes: maxBytes)
        for _ in 0..<400 {
            let start = UInt64.random(in: 0...100_000, using: &generator)
            let end = min(100_000, start + UInt64.random(in: 0...9_000, using: &generator))
            #expect(try read(cache, start..<end) == slice(start..<end), "seed \(seed)")
            #expect(cache.statistics.bytes <= maxBytes)
        }
        let files = try FileSystem.list("\(folder.path)/cache")
        #expect(files.count <= maxBytes / 1_000)
        #expect(maxBytes > 100_000 || cache.statistics.evictions > 0 || maxBytes < 1_000)
    }

    @Test("What was read is read again without asking the store, neighbours are asked for together")
    func hits() throws {
        let cache = try cache()
        #expect(try read(cache, 500..<3_500) == slice(500..<3_500))
        #expect(store.reads == [0..<4_000])
        store.become(.away)
        #expect(try read(cache, 0..<4_000) == slice(0..<4_000))
        #expect(throws: ObjectStoreError.self) { try read(cache, 3_999..<4_001) }
        let statistics = cache.statistics
        #expect(statistics.misses == 5 && statistics.hits == 5 && statistics.downloadedBytes == 4_000)
        #expect(statistics.downloads == 2 && statistics.failures == 1 && statistics.bytes == 4_000)
    }

    @Test("The piece unused for the longest time goes first, and a lower bound holds at once")
    func eviction() throws {
        let cache = try cache(maxBytes: 3_000)
        for start in [0, 1_000, 2_000, 0, 3_000] as [UInt64] { _ = try read(cache, start..<start + 1_000) }
        let asked = store.reads.count
        _ = try read(cache, 0..<1_000)
        #expect(store.reads.count == asked)
        _ = try read(cache, 1_000..<2_000)
        #expect(store.reads.count == asked + 1)
        cache.setLimit(bytes: 1_000)
        #expect(cache.statistics.bytes == 1_000)
        #expect(try FileSystem.list("\(folder.path)/cache").count == 1)
    }

    @Test("Readers of the same piece share one download")
    func sharing() throws {
        let cache = try cache()
        store.become(.hanging)
        let readers = try (0..<8).map { _ in try Later { try read(cache, 0..<1_000) } }
        try eventually("all readers wait for the piece") { cache.statistics.misses == 8 }
        store.become(.well)
        for reader in readers { #expect(try reader.value() == slice(0..<1_000)) }
        #expect(store.reads.count == 1)
    }

    @Test("A store that hangs costs one time limit; then reads fail at once, and work again when it is back")
    func hanging() throws {
        let cache = try cache {
            $0.timeLimit = .seconds(2)
            $0.pause = .seconds(3_600)
            $0.threads = 1
        }
        _ = try read(cache, 0..<1_000)
        store.become(.hanging)
        let error = #expect(throws: ObjectStoreError.self) { try read(cache, 5_000..<5_001) }
        guard case .unavailable(let reason) = error else { throw error ?? .cancelled }
        #expect(reason.contains(store.name))
        // Nothing more is asked while it is left alone; what is held is still read.
        let asked = store.reads.count
        for start in [7_000, 9_000] as [UInt64] {
            #expect(throws: ObjectStoreError.unavailable(reason)) { try read(cache, start..<start + 1) }
        }
        #expect(store.reads.count == asked)
        #expect(try read(cache, 0..<1_000) == slice(0..<1_000))
        store.become(.well)
    }

    @Test("A store that is away is asked again after a pause")
    func comingBack() throws {
        let cache = try cache { $0.pause = .zero }
        store.become(.away)
        #expect(throws: ObjectStoreError.unavailable("the store in memory is away")) { try read(cache, 0..<1) }
        store.become(.well)
        #expect(try read(cache, 0..<1) == slice(0..<1))
        store.become(.refusing)
        #expect(throws: ObjectStoreError.refused("the store in memory does not let you in")) {
            try read(cache, 5_000..<5_001)
        }
        let missing = ObjectStoreError.notFound(try key("b"))
        #expect(throws: missing) {
            store.become(.well)
            _ = try cache.read(key("b"), 0..<1, of: 1)
        }
    }

    @Test("A piece that is damaged, cut off or gone on the disk is fetched again", arguments: [0, 1, 2])
    func damage(kind: Int) throws {
        let cache = try cache()
        _ = try read(cache, 0..<1_000)
        let name = try #require(try FileSystem.list("\(folder.path)/cache").first)
        let path = "\(folder.path)/cache/\(name)"
        switch kind {
        case 0: try OpenFile(path, .readWrite).write([bytes[10] ^ 1], at: 10)
        case 1: try OpenFile(path, .readWrite).truncate(to: 999)
        default: try FileSystem.remove(path)
        }
        #expect(try read(cache, 0..<1_000) == slice(0..<1_000))
        #expect(store.reads.count == 2 && cache.statistics.shelfFailures == 1)
    }

    @Test("A disk that takes no more pieces does not stop reading")
    func fullDisk() throws {
        let cache = try cache()
        let token = SystemFaults.add(.init(.write, path: "\(folder.path)/cache", code: 28, times: .max))
        defer { SystemFaults.remove(token) }
        #expect(try read(cache, 0..<5_000) == slice(0..<5_000))
        #expect(cache.statistics.bytes == 0 && cache.statistics.shelfFailures == 5)
        #expect(try FileSystem.list("\(folder.path)/cache") == [])
    }

    @Test("What an earlier process left in the directory goes, and so do the pieces of a deleted object")
    func forgetting() throws {
        try FileSystem.createDirectory("\(folder.path)/cache/deep")
        _ = try folder.write("cache/7.piece", [1])
        let cache = try cache()
        #expect(try FileSystem.list("\(folder.path)/cache") == [])
        _ = try read(cache, 0..<2_000)
        cache.forget(try key("b"))
        #expect(cache.statistics.bytes == 2_000)
        cache.forget(try key("a"))
        #expect(try cache.statistics.bytes == 0 && FileSystem.list("\(folder.path)/cache") == [])
    }
}
