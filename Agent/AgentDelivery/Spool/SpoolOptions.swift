import Journal
import SystemIO

/// How a spool is bounded.
package struct SpoolOptions: Sendable, Equatable {
    /// What happens when there is no room for more.
    package enum WhenFull: String, Sendable, CaseIterable {
        /// The oldest events of the lowest priority are dropped and counted.
        case drop
        /// Nothing is dropped: reading stops until there is room.
        case wait
    }

    /// The most bytes of files; at least 8 MiB.
    package var limitBytes: Int
    /// The most bytes as a part of the file system's size, above 0 and up to 1.
    package var diskShare: Double
    /// What happens at the limit.
    package var whenFull: WhenFull
    /// How hard batches are compressed: the level of zstd, 1 to 19.
    package var compressionLevel: Int

    /// The usual bounds.
    package init(
        limitBytes: Int = 1 << 30, diskShare: Double = 1, whenFull: WhenFull = .drop, compressionLevel: Int = 1
    ) {
        self.limitBytes = limitBytes
        self.diskShare = diskShare
        self.whenFull = whenFull
        self.compressionLevel = compressionLevel
    }

    /// The most bytes of files in a directory that exists.
    func limit(in directory: String) -> Int {
        var limit = limitBytes
        // Where the size is not told, the bytes alone count.
        if diskShare < 1, let space = try? FileSystem.freeSpace(directory) {
            limit = min(limit, Int(Double(space.total) * max(0, diskShare)))
        }
        return max(limit, 8 << 20)
    }
}

/// Why the spool did not take a batch.
package enum SpoolError: Error, Sendable, Equatable, CustomStringConvertible {
    /// It holds as many bytes as it may; there is room when the collector has acknowledged some.
    case full(bytes: Int, limit: Int)
    /// The disk is full; the batch may be offered again.
    case diskFull(String)
    /// A sync has failed: nothing can be promised any more in this process.
    case broken(String)
    /// Another failure; the batch may be offered again.
    case failed(String)

    /// A sentence without a full stop.
    package var description: String {
        switch self {
        case .full(let bytes, let limit): "the spool holds \(bytes) bytes, the limit is \(limit)"
        case .diskFull(let text), .broken(let text), .failed(let text): text
        }
    }

    init(_ error: JournalError) {
        switch error {
        case .full: self = .diskFull(error.description)
        case .failed: self = .broken(error.description)
        default: self = .failed(error.description)
        }
    }

    init(_ error: IOError) {
        self = error.isOutOfSpace ? .diskFull(error.description) : .failed(error.description)
    }
}
