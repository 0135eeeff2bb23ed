internal import SystemIO
internal import Workers

/// Names a piece of an object.
struct PieceID: Hashable, Sendable {
    var key: ObjectKey
    var piece: UInt64
}

/// What a cache has done since the start, and what it holds.
package struct DownloadStatistics: Equatable, Sendable {
    /// Pieces that were wanted and on the disk.
    package var hits = 0
    /// Pieces that were wanted and had to be fetched.
    package var misses = 0
    /// Calls of the store.
    package var downloads = 0
    /// Bytes that came from the store.
    package var downloadedBytes = 0
    /// Calls of the store that failed.
    package var failures = 0
    /// Pieces that went to make room.
    package var evictions = 0
    /// Pieces that could not be kept, or were damaged on the disk.
    package var shelfFailures = 0
    /// Bytes of the pieces held.
    package var bytes = 0
    /// The bound of ``bytes``.
    package var maxBytes = 0
}

/// What is being fetched. Behind the lock of ``DownloadCache``.
struct LoadState: Sendable {
    var running: [PieceID: Download] = [:]
    var statistics = DownloadStatistics()
    private var away: (until: UInt64, reason: String)?

    /// Why the store is left alone at this moment; nil when it may be asked.
    func awayReason(at now: UInt64) -> String? {
        guard let away, now < away.until else { return nil }
        return away.reason
    }

    mutating func isAway(_ reason: String, _ pause: Duration) {
        away = (CallBounds(within: pause).deadline, reason)
    }
}

/// Neighbouring pieces of an object on their way, for all who wait for them.
final class Download: Sendable {
    let key: ObjectKey
    let pieces: ClosedRange<UInt64>
    private let outcome = Monitor<Result<[UInt8], ObjectStoreError>?>(nil)

    init(_ key: ObjectKey, _ pieces: ClosedRange<UInt64>) {
        self.key = key
        self.pieces = pieces
    }

    var ids: [PieceID] { pieces.map { PieceID(key: key, piece: $0) } }

    func finish(_ result: Result<[UInt8], ObjectStoreError>) {
        outcome.withLock { $0 = result }
        outcome.broadcast()
    }

    /// Waits for a piece. `late` makes the error when the deadline comes first.
    func piece(
        _ piece: UInt64, _ pieceBytes: Int, until deadline: UInt64, late: () -> ObjectStoreError
    ) throws(ObjectStoreError) -> ArraySlice<UInt8> {
        guard let result = outcome.wait(until: deadline, { $0 }) else { throw late() }
        let bytes = try result.get()
        let start = Int(piece - pieces.lowerBound) * pieceBytes
        return bytes[start..<min(start + pieceBytes, bytes.count)]
    }
}

/// Fetches pieces and puts them on the shelf, on a thread of the cache's pool.
struct DownloadJob: Sendable {
    let store: any ObjectStore
    let options: DownloadCache.Options
    let shelf: PieceShelf
    let loads: Monitor<LoadState>

    func run(_ download: Download, _ length: UInt64) {
        let size = UInt64(options.pieceBytes)
        let range = download.pieces.lowerBound * size..<min((download.pieces.upperBound + 1) * size, length)
        do throws(ObjectStoreError) {
            let bytes = try store.read(download.key, range, CallBounds(within: options.timeLimit))
            guard bytes.count == range.count else {
                throw .unavailable("\(store.name) gave \(bytes.count) of \(range.count) bytes of \(download.key)")
            }
            end(download, .success(bytes))
        } catch {
            end(download, .failure(error))
        }
    }

    /// Keeps the bytes, makes room for others to ask, and gives the outcome to those who wait.
    func end(_ download: Download, _ result: Result<[UInt8], ObjectStoreError>) {
        let ids = download.ids
        if case .success(let bytes) = result {
            for (index, id) in ids.enumerated() {
                let start = index * options.pieceBytes
                shelf.add(id, bytes[start..<min(start + options.pieceBytes, bytes.count)])
            }
        }
        loads.withLock { state in
            for id in ids { state.running[id] = nil }
            state.statistics.downloads += 1
            switch result {
            case .success(let bytes): state.statistics.downloadedBytes += bytes.count
            case .failure(let error):
                state.statistics.failures += 1
                if case .unavailable(let reason) = error { state.isAway(reason, options.pause) }
            }
        }
        download.finish(result)
    }
}
