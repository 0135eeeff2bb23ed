package import ObjectStores
internal import StoreFormat

/// Where the bytes of cold segments are.
package struct ColdStorage: Sendable {
    /// The store that holds them.
    package let store: any ObjectStore
    /// Parts of them that were read.
    package let cache: DownloadCache
    /// Bounds of a call that moves a whole segment.
    package var moveTimeLimit = Duration.seconds(3_600)

    /// Names the place.
    package init(_ store: any ObjectStore, cache: DownloadCache) {
        self.store = store
        self.cache = cache
    }

    /// What the keys of all segments begin with.
    static let prefix = "segments/"

    /// The key of a segment; nil when the text is no name of one.
    static func key(_ name: String) -> ObjectKey? {
        SegmentName(name) == nil ? nil : ObjectKey(prefix + name)
    }
}

/// The bytes of a cold segment: the tail from the stub on the local disk, all else in parts from the object store.
///
/// Whoever reads in the tail alone never waits for the store.
final class ColdSegmentBytes: RandomAccessBytes {
    let length: UInt64
    /// Where the stub begins; the length when there is none, and the tail has to come from the store, too.
    let cheapFrom: UInt64
    private let name: String
    private let stub: SegmentFile?
    private let cold: ColdStorage?

    /// - Parameters:
    ///   - name: of the segment.
    ///   - length: of the whole segment.
    ///   - stub: a copy of its tail; nil when that is missing.
    ///   - cold: where the rest is; nil when no object store is configured any more.
    init(_ name: String, length: UInt64, stub: SegmentFile?, _ cold: ColdStorage?) {
        self.name = name
        self.length = length
        cheapFrom = length - min(length, stub?.length ?? 0)
        self.stub = stub
        self.cold = cold
    }

    func read(at offset: UInt64, count: Int) throws -> [UInt8] {
        let end = offset + UInt64(count)
        if let stub, offset >= cheapFrom { return try stub.read(at: offset - cheapFrom, count: count) }
        if let stub, end > cheapFrom {
            let first = try read(at: offset, count: Int(cheapFrom - offset))
            return first + (try stub.read(at: 0, count: Int(end - cheapFrom)))
        }
        guard let cold, let key = ColdStorage.key(name) else {
            throw ObjectStoreError.refused(
                "segment \(name) is in an object store, and none is configured: set storage.cold.directory")
        }
        return try cold.cache.read(key, offset..<end, of: length)
    }
}
