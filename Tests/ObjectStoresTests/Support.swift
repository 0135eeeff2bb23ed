import ByteCoding
import ObjectStores
import Synchronization
import SystemIO
import TestSupport
import Testing
import Workers

extension TemporaryDirectory {
    /// Writes a file; returns its path.
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = try OpenFile("\(path)/\(name)", .createNew)
        try file.write(bytes, at: 0)
        return file.path
    }
}

func key(_ text: String) throws -> ObjectKey { try #require(ObjectKey(text), "\(text) is no key") }

func content(_ bytes: [UInt8]) -> ObjectContent {
    ObjectContent(length: UInt64(bytes.count), checksum: crc32c(bytes))
}

/// Bytes that differ from place to place.
func pattern(_ count: Int, seed: Int = 0) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 + seed) &* 31 ^ ($0 >> 8)) }
}

var soon: CallBounds { CallBounds(within: .seconds(600)) }

/// A store in memory that can be made to be away, slow or wrong: the double for what is behind the protocol.
final class MemoryStore: ObjectStore {
    enum Mood: Equatable { case well, away, hanging, refusing }

    struct State {
        var objects: [ObjectKey: [UInt8]] = [:]
        var mood = Mood.well
        var reads: [Range<UInt64>] = []
    }

    let state = Monitor(State())
    var name: String { "the store in memory" }

    func become(_ mood: Mood) {
        state.withLock { $0.mood = mood }
        state.broadcast()
    }

    func hold(_ key: ObjectKey, _ bytes: [UInt8]) { state.withLock { $0.objects[key] = bytes } }
    var reads: [Range<UInt64>] { state.withLock { $0.reads } }

    private func objects(_ bounds: CallBounds) throws(ObjectStoreError) -> [ObjectKey: [UInt8]] {
        try bounds.check(name)
        // A call that hangs does not look at its deadline: like a read of a dead network file system.
        let (mood, objects) = state.wait { $0.mood == .hanging ? nil : ($0.mood, $0.objects) } ?? (.away, [:])
        switch mood {
        case .well, .hanging: return objects
        case .away: throw .unavailable("\(name) is away")
        case .refusing: throw .refused("\(name) does not let you in")
        }
    }

    func put(
        _ key: ObjectKey, file: String, content: ObjectContent, _ bounds: CallBounds
    ) throws(ObjectStoreError) {
        _ = try objects(bounds)
        guard let bytes = try? FileSystem.contents(file, limit: 1 << 30) else { throw .refused("no file \(file)") }
        guard content == ObjectContent(length: UInt64(bytes.count), checksum: crc32c(bytes)) else {
            throw .refused("\(file) does not hold the bytes that it should")
        }
        hold(key, bytes)
    }

    func read(_ key: ObjectKey, _ range: Range<UInt64>, _ bounds: CallBounds) throws(ObjectStoreError) -> [UInt8] {
        state.withLock { $0.reads.append(range) }
        guard let bytes = try objects(bounds)[key] else { throw .notFound(key) }
        guard range.upperBound <= UInt64(bytes.count) else { throw .refused("\(key) ends before \(range)") }
        return Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)])
    }

    func head(_ key: ObjectKey, _ bounds: CallBounds) throws(ObjectStoreError) -> ObjectFacts {
        guard let bytes = try objects(bounds)[key] else { throw .notFound(key) }
        return ObjectFacts(key: key, length: UInt64(bytes.count), storedAt: SystemClock.wallNanos())
    }

    func list(
        prefix: String, after: ObjectKey?, limit: Int, _ bounds: CallBounds
    ) throws(ObjectStoreError) -> [ObjectFacts] {
        var found: [ObjectFacts] = []
        for key in try objects(bounds).keys.sorted() where key.text.hasPrefix(prefix) {
            if let after, key <= after { continue }
            if found.count < limit { found.append(try head(key, bounds)) }
        }
        return found
    }

    func delete(_ key: ObjectKey, _ bounds: CallBounds) throws(ObjectStoreError) {
        _ = try objects(bounds)
        state.withLock { $0.objects[key] = nil }
    }
}

/// Runs `body` on a thread of its own and gives its result when asked: for calls that block.
final class Later<Value: Sendable>: Sendable {
    private let result = Monitor<Result<Value, any Error>?>(nil)

    init(_ body: @escaping @Sendable () throws -> Value) throws {
        let result = self.result
        _ = try DedicatedThread(name: "test") {
            let outcome = Result { try body() }
            result.withLock { $0 = outcome }
            result.broadcast()
        }
    }

    func value() throws -> Value {
        let deadline = SystemClock.monotonicNanos() + 60_000_000_000
        return try #require(result.wait(until: deadline) { $0 }, "the call has not returned in a minute").get()
    }
}
