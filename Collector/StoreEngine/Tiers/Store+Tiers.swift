internal import ObjectStores
package import SegmentCatalog
internal import StoreFormat
internal import SystemIO
internal import Workers

/// What the rules of retention and tiers do to segments. Each change is one transaction of the catalog. These block, and
/// belong on one thread; queries go on meanwhile.
extension Store {
    /// Where cold segments are; nil when there is no object store.
    package var coldStorage: ColdStorage? { options.cold }

    /// Takes segments out of use because retention says so. Until they are removed they can be reinstated.
    ///
    /// - Parameters:
    ///   - expiries: names and reasons; those that a job works on, or that are gone, are left out.
    ///   - now: nanoseconds since the epoch.
    /// - Returns: the names of those that expired.
    @discardableResult
    package func expire(_ expiries: [(name: String, reason: String)], now: Int64) -> [String] {
        var done: [String] = []
        ledger.commit { segments in
            done = []
            var changes: [CatalogChange] = []
            for (name, reason) in expiries where !segments.isClaimed(name) {
                guard let change = try? segments.expire(name, now: now, reason: reason) else { continue }
                changes += change
                done.append(name)
            }
            return changes
        }
        return done
    }

    /// Makes all expired segments live again whose bytes are still there.
    ///
    /// - Returns: their records.
    package func reinstateExpired() -> [SegmentRecord] {
        var found: [SegmentRecord] = []
        ledger.commit { segments in
            found = []
            var changes: [CatalogChange] = []
            for retired in segments.retired {
                guard case .expired = retired.record.state else { continue }
                var record = retired.record
                record.state = .live
                let segment = directory.segment(record)
                guard (try? segment.reader()) != nil else { continue }
                changes += segments.reinstate(segment)
                found.append(record)
            }
            return changes
        }
        return found
    }

    /// Removes the bytes of retired segments: of expired ones as asked, of superseded ones that are cold.
    ///
    /// Those that a query still reads, and those in an object store that is away, are left for the next time.
    ///
    /// - Parameter expired: names of expired segments whose time of grace is over.
    /// - Returns: the names of those that are gone.
    /// - Throws: what the object store threw last; the others were removed nevertheless.
    @discardableResult
    package func removeRetired(expired: Set<String>) throws -> [String] {
        // A catalog that does not know that a segment is expired would report it as lost.
        ledger.catchUp()
        if ledger.isBehind { return [] }
        var gone: [String] = []
        var failure: (any Error)?
        for retired in ledger.segments.retired where retired.bytes == nil {
            let name = retired.record.name
            switch retired.record.state {
            case .expired where expired.contains(name): break
            case .superseded where retired.record.tier == .cold: break
            default: continue
            }
            do {
                if retired.record.tier == .cold { try removeObject(name) }
                try directory.remove(name)
                gone.append(name)
            } catch {
                failure = error
            }
        }
        let names = Set(gone)
        if !gone.isEmpty { ledger.commit { $0.forget(names) } }
        if let failure { throw failure }
        return gone
    }

    /// Writes a segment anew: without some events, compressed more strongly, or both.
    ///
    /// - Parameters:
    ///   - name: of a live segment.
    ///   - tier: where the new one belongs.
    ///   - filter: which events to keep; nil for all.
    ///   - reason: why events go, for people.
    /// - Returns: false when another job works on the segment.
    /// - Throws: when it cannot be read or written; a damaged one is set aside.
    package func rewrite(
        _ name: String, tier: StorageTier, keeping filter: SegmentRewriter.RowFilter? = nil, reason: String = ""
    ) throws -> Bool {
        guard let segment = claim(name) else { return false }
        defer { state.withLock { $0.segments.release([name]) } }
        let throttle = Throttle(share: options.compaction.cpuShare, bytesPerSecond: options.compaction.bytesPerSecond)
        let pacer = Pacer(throttle, state, waitingHeads: options.waitingHeads)
        let rewriter = SegmentRewriter(
            directory: directory, compressionLevel: options.warmCompressionLevel,
            copiesBlocks: tier == segment.record.tier, pace: { try pacer.step($0) })
        do {
            var output = try rewriter.rewrite([segment], level: segment.record.level, keeping: filter).segment
            if let made = output {
                var record = made.record
                record.tier = tier
                output = directory.segment(record)
            }
            try ledger.commit { [output] (segments) throws(StoreError) in
                try segments.replace([segment], with: output, now: SystemClock.wallNanos(), reason: reason)
            }
            return true
        } catch let damaged as DamagedInput {
            try handle(damaged)
            return true
        }
    }

    /// Moves a segment into the object store.
    ///
    /// - Returns: false when another job works on the segment.
    /// - Throws: when the store does not take it, or the disk not the stub; a damaged one is set aside.
    package func makeCold(_ name: String) throws -> Bool {
        guard let cold = options.cold else { throw StoreError("there is no object store for cold segments") }
        guard let segment = claim(name) else { return false }
        defer { state.withLock { $0.segments.release([name]) } }
        do {
            let bounds = CallBounds(within: cold.moveTimeLimit) { [state] in state.withLock { $0.isStopping } }
            try ColdMover(ledger: ledger, directory: directory, cold: cold, bounds: bounds).move(segment)
        } catch let damaged as DamagedInput {
            try handle(damaged)
        }
        return true
    }

    /// Removes local files of segments that have become cold, and makes stubs that are missing.
    ///
    /// - Throws: what failed last; the others were seen to nevertheless.
    package func tidyCold() throws {
        var failure: (any Error)?
        // A catalog that does not know that a segment is cold would miss its file.
        if ledger.isBehind { return }
        for segment in ledger.segments.live where segment.record.tier == .cold {
            do {
                if directory.stub(of: segment.record.name) == nil { try directory.writeStub(of: segment) }
                try directory.removeUnread(segment.record.name)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// Reserves a live segment for a job; nil when another one has it, or it is not live.
    func claim(_ name: String) -> StoredSegment? {
        state.withLock { state in
            guard state.segments.claim([name]) else { return nil }
            return state.segments.live.first { $0.record.name == name }
        }
    }

    /// A segment on the local disk that is damaged is set aside. One in the object store is not: what is wrong with it is
    /// for a person to look at.
    func handle(_ damaged: DamagedInput) throws {
        guard damaged.segment.record.tier != .cold else { throw damaged.cause }
        ledger.setAside(damaged.segment, in: directory, because: damaged.cause)
    }

    private func removeObject(_ name: String) throws {
        guard let cold = options.cold, let key = ColdStorage.key(name) else {
            throw StoreError(
                "segment \(name) is in an object store, and none is configured: set storage.cold.directory")
        }
        try cold.store.delete(key, CallBounds(within: .seconds(60)))
        cold.cache.forget(key)
        try directory.removeStub(of: name)
    }
}
