internal import ObjectStores
internal import SegmentCatalog
internal import StoreFormat
internal import SystemIO
internal import Workers

/// What came of comparing the object store with the catalog.
package struct ObjectReconciliation: Equatable, Sendable {
    /// Objects that were deleted: other segments hold their events.
    package var deleted = 0
    /// Names of segments that were taken in again: nothing knew of them.
    package var adopted: [String] = []
    /// Keys that mean nothing to this program, or hold something else than they say. They are left alone.
    package var strange: [String] = []
}

extension Store {
    /// Objects listed with one call.
    private static let pageEntries = 1_000

    /// Compares the object store with the catalog.
    ///
    /// An object that no record names is what a move left that a crash cut off, or all that is left of a segment whose
    /// record and stub were lost. If live segments of a higher generation hold its positions, it is deleted; if no segment
    /// has any of them, it is taken in again.
    ///
    /// - Returns: what was done.
    /// - Throws: `ObjectStoreError` when the store is away; what was done until then stays done.
    package func reconcileObjects() throws -> ObjectReconciliation {
        var result = ObjectReconciliation()
        guard let cold = options.cold, !ledger.isBehind else { return result }
        var last: ObjectKey?
        while true {
            let bounds = CallBounds(within: .seconds(60)) { [state] in state.withLock { $0.isStopping } }
            let page = try cold.store.list(
                prefix: ColdStorage.prefix, after: last, limit: Self.pageEntries, bounds)
            for facts in page { try reconcile(facts, cold, bounds, &result) }
            guard page.count == Self.pageEntries, let end = page.last?.key else { return result }
            last = end
        }
    }

    private func reconcile(
        _ facts: ObjectFacts, _ cold: ColdStorage, _ bounds: CallBounds, _ result: inout ObjectReconciliation
    ) throws {
        let name = String(facts.key.text.dropFirst(ColdStorage.prefix.count))
        guard let positions = SegmentName(name)?.positions, let generation = SegmentName(name)?.generation else {
            result.strange.append(facts.key.text)
            return
        }
        let (records, flushed) = state.withLock { ($0.segments.records, $0.flushed) }
        if records.contains(where: { $0.name == name }) { return }
        let sharing = records.filter { $0.positions.overlaps(positions) }
        if sharing.contains(where: { $0.state == .live && $0.generation > generation && $0.speaks(for: positions) }) {
            try cold.store.delete(facts.key, bounds)
            result.deleted += 1
        } else if sharing.isEmpty, positions.upperBound <= flushed {
            try adopt(name, facts, &result)
        }
    }

    private func adopt(_ name: String, _ facts: ObjectFacts, _ result: inout ObjectReconciliation) throws {
        let bytes = ColdSegmentBytes(name, length: facts.length, stub: nil, options.cold)
        let reader: SegmentReader
        do { reader = try SegmentReader(bytes) } catch is StoreFormatError {
            result.strange.append(facts.key.text)
            return
        }
        guard reader.footer.journalPositions == SegmentName(name)?.positions else {
            result.strange.append(facts.key.text)
            return
        }
        var record = SegmentRecord(reader.footer, name: name, bytes: facts.length, createdAt: SystemClock.wallNanos())
        record.tier = .cold
        try directory.writeStub(of: directory.segment(record))
        let segment = directory.segment(record)
        ledger.commit { $0.add(segment) }
        result.adopted.append(name)
    }
}

extension SegmentRecord {
    /// Whether it stands for all of these positions.
    fileprivate func speaks(for other: ClosedRange<UInt64>) -> Bool {
        positions.lowerBound <= other.lowerBound && positions.upperBound >= other.upperBound
    }
}
