import Synchronization

/// What ingest has done since the start, counted once a request.
package final class IngestStatistics: Sendable {
    /// The counts at one moment.
    package struct Counts: Sendable, Equatable {
        /// Requests stored.
        package var batches: UInt64 = 0
        /// Events stored.
        package var events: UInt64 = 0
        /// Bytes of bodies stored, as they came over the wire.
        package var wireBytes: UInt64 = 0
        /// Bytes of bodies stored, after decompression.
        package var contentBytes: UInt64 = 0
        /// Fields that were packed into one, because their batch had too many names.
        package var packedFields: UInt64 = 0
        /// Requests that had been stored before.
        package var duplicates: UInt64 = 0
        /// Events not taken, in the order of ``RejectionReason/allCases``.
        package var rejected = [UInt64](repeating: 0, count: RejectionReason.allCases.count)
        /// Requests refused as a whole, in the order of ``IngestProblem/Kind/allCases``.
        package var refused = [UInt64](repeating: 0, count: IngestProblem.Kind.allCases.count)

        /// Events not taken, for whatever reason.
        package var allRejected: UInt64 { rejected.reduce(0, +) }
    }

    private let state = Mutex(Counts())

    /// Nothing counted yet.
    package init() {}

    /// The counts now.
    package var counts: Counts { state.withLock { $0 } }

    func stored(events: Int, packedFields: Int, wireBytes: Int, contentBytes: Int) {
        state.withLock {
            $0.batches += 1
            $0.events += UInt64(events)
            $0.packedFields += UInt64(packedFields)
            $0.wireBytes += UInt64(wireBytes)
            $0.contentBytes += UInt64(contentBytes)
        }
    }

    func duplicate() {
        state.withLock { $0.duplicates += 1 }
    }

    func rejected(_ rejections: Rejections) {
        if rejections.count == 0 { return }
        state.withLock {
            for (index, count) in rejections.counts.enumerated() { $0.rejected[index] += UInt64(count) }
        }
    }

    /// Counts a request refused as a whole; also for refusals that were decided before the body was decoded.
    package func refused(_ kind: IngestProblem.Kind) {
        state.withLock {
            for (index, candidate) in IngestProblem.Kind.allCases.enumerated() where candidate == kind {
                $0.refused[index] += 1
            }
        }
    }
}
