internal import SystemIO
internal import Workers

/// Parts of objects on the local disk, so that what is read again is not fetched again.
///
/// Objects are fetched in pieces of one size, neighbours together; each piece is a file, and those unused for the longest
/// time go first. Threads that want the same piece share one download. The directory is emptied at the start: what a
/// crash leaves behind is never trusted. A store that does not answer costs a reader ``Options/timeLimit`` at most, and
/// after that nothing for a while: all reads fail at once until ``Options/pause`` has passed.
package final class DownloadCache: Sendable {
    /// How a cache is set up.
    package struct Options: Sendable {
        /// Its directory, which holds nothing else.
        package var directory: String
        /// Bytes of all pieces together; 0 to keep none.
        package var maxBytes: Int
        /// Bytes of a piece.
        package var pieceBytes = 256 << 10
        /// How long a read may wait for the store.
        package var timeLimit = Duration.seconds(15)
        /// For how long the store is left alone after it was away.
        package var pause = Duration.seconds(5)
        /// Downloads at the same time.
        package var threads = 4

        /// Names a directory and its bound.
        package init(directory: String, maxBytes: Int) {
            self.directory = directory
            self.maxBytes = maxBytes
        }
    }

    /// Bytes fetched with one call at most.
    private static let downloadBytes = 4 << 20
    /// Downloads that may wait for a thread.
    private static let waitingDownloads = 256

    private let store: any ObjectStore
    private let options: Options
    private let shelf: PieceShelf
    private let loads: Monitor<LoadState>
    private let pool: WorkerPool

    /// Opens a cache and empties its directory.
    ///
    /// - Parameters:
    ///   - store: where the objects are.
    ///   - options: directory and bounds.
    /// - Throws: `IOError` when the directory cannot be used, `WorkerError` when there are no threads.
    package init(_ store: any ObjectStore, _ options: Options) throws {
        self.store = store
        self.options = options
        try FileSystem.removeTree(options.directory)
        try FileSystem.createDirectory(options.directory)
        shelf = PieceShelf(directory: options.directory, maxBytes: options.maxBytes)
        loads = Monitor(LoadState())
        pool = try WorkerPool(name: "download", threads: options.threads, queueLimit: Self.waitingDownloads)
    }

    /// Reads a part of an object.
    ///
    /// - Parameters:
    ///   - key: the object.
    ///   - range: within the object.
    ///   - length: of the whole object.
    /// - Returns: all bytes of the range.
    /// - Throws: ``ObjectStoreError``, within ``Options/timeLimit``.
    package func read(
        _ key: ObjectKey, _ range: Range<UInt64>, of length: UInt64
    ) throws(ObjectStoreError) -> [UInt8] {
        if range.isEmpty { return [] }
        guard range.upperBound <= length else {
            throw .refused("\(key) has \(length) bytes, none at \(range.upperBound - 1)")
        }
        let bounds = CallBounds(within: options.timeLimit)
        let size = UInt64(options.pieceBytes)
        var result: [UInt8] = []
        result.reserveCapacity(range.count)
        for wanted in try parts(key, range.lowerBound / size...(range.upperBound - 1) / size, length) {
            let bytes = try wait(for: wanted, key, length, bounds)
            let start = wanted.piece * size
            let from = Int(max(range.lowerBound, start) - start)
            let to = Int(min(range.upperBound, start + UInt64(bytes.count)) - start)
            result += bytes[bytes.startIndex + from..<bytes.startIndex + to]
        }
        return result
    }

    /// Lets go of all pieces of an object: it was deleted.
    package func forget(_ key: ObjectKey) { shelf.remove { $0.key == key } }

    /// Changes the bound; what is over it goes at once.
    package func setLimit(bytes: Int) { shelf.setLimit(bytes) }

    /// What the cache has done and holds.
    package var statistics: DownloadStatistics {
        var result = loads.withLock { $0.statistics }
        shelf.count(into: &result)
        return result
    }

    /// A piece that a reader wants.
    private struct Part {
        var piece: UInt64
        /// The download that brings it; nil when it is on the shelf.
        var download: Download?
    }

    /// Finds out where each piece comes from and starts the downloads that nobody has started.
    private func parts(
        _ key: ObjectKey, _ pieces: ClosedRange<UInt64>, _ length: UInt64
    ) throws(ObjectStoreError) -> [Part] {
        let (parts, started) = try loads.withLock { (state) throws(ObjectStoreError) in
            let shelved = Set(pieces.filter { shelf.contains(PieceID(key: key, piece: $0)) })
            let missing = pieces.filter { !shelved.contains($0) }
            state.statistics.hits += shelved.count
            state.statistics.misses += missing.count
            let unasked = missing.filter { state.running[PieceID(key: key, piece: $0)] == nil }
            if !unasked.isEmpty, let reason = state.awayReason(at: SystemClock.monotonicNanos()) {
                throw .unavailable(reason)
            }
            let started = runs(of: unasked).map { Download(key, $0) }
            for download in started {
                for id in download.ids { state.running[id] = download }
            }
            let parts = pieces.map { piece in
                Part(
                    piece: piece,
                    download: shelved.contains(piece) ? nil : state.running[PieceID(key: key, piece: piece)])
            }
            return (parts, started)
        }
        for download in started { start(download, length) }
        return parts
    }

    /// Neighbours together, as long as one call should be.
    private func runs(of pieces: [UInt64]) -> [ClosedRange<UInt64>] {
        let most = max(1, Self.downloadBytes / options.pieceBytes)
        var runs: [ClosedRange<UInt64>] = []
        for piece in pieces {
            if let last = runs.last, last.upperBound + 1 == piece, last.count < most {
                runs[runs.count - 1] = last.lowerBound...piece
            } else {
                runs.append(piece...piece)
            }
        }
        return runs
    }

    /// Gives a download to a thread.
    private func start(_ download: Download, _ length: UInt64) {
        // The job holds what it needs, not the cache: a store that hangs keeps no cache alive.
        let job = DownloadJob(store: store, options: options, shelf: shelf, loads: loads)
        do throws(WorkerError) {
            try pool.submit { job.run(download, length) }
        } catch {
            job.end(download, .failure(.unavailable("\(store.name) has too many downloads waiting: \(error)")))
        }
    }

    /// The bytes of a piece. One that has left the shelf meanwhile, or is damaged there, is fetched again.
    private func wait(
        for part: Part, _ key: ObjectKey, _ length: UInt64, _ bounds: CallBounds
    ) throws(ObjectStoreError) -> ArraySlice<UInt8> {
        var part = part
        while true {
            if let download = part.download {
                return try download.piece(part.piece, options.pieceBytes, until: bounds.deadline) { timedOut() }
            }
            if let bytes = shelf.read(PieceID(key: key, piece: part.piece)) { return bytes[...] }
            try bounds.check(store.name)
            part = try parts(key, part.piece...part.piece, length)[0]
        }
    }

    /// Notes that the store did not answer in time.
    private func timedOut() -> ObjectStoreError {
        let reason = "\(store.name) takes too long to answer"
        loads.withLock { $0.isAway(reason, options.pause) }
        return .unavailable(reason)
    }
}
