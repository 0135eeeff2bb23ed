package import SegmentCatalog
package import StoreFormat

/// Which segments there are, as a value: what queries see, and what waits to be removed.
///
/// A change is made of a copy, written into the catalog as the changes that it gives, and only then takes effect; see
/// ``SegmentLedger``. Segments are in the order of their positions.
package struct SegmentSet: Sendable {
    /// A segment out of use whose bytes are still there.
    package struct Retired: Sendable {
        /// Its record; the state is `superseded` or `expired`.
        package var record: SegmentRecord
        /// The bytes, while somebody who began earlier still reads them.
        package weak var bytes: (any RandomAccessBytes & AnyObject)?
    }

    /// What queries see.
    package private(set) var live: [StoredSegment] = []
    /// What is out of use and not yet removed.
    package private(set) var retired: [Retired] = []
    /// Segments overlap only where somebody put files together that do not belong together.
    private var hasOverlaps = false
    /// Names of segments that a job works on. No other may begin with them.
    private var claimed: Set<String> = []

    /// Makes the set that was found at the start.
    ///
    /// - Parameters:
    ///   - live: segments that queries see.
    ///   - retired: records of the others.
    package init(live: [StoredSegment] = [], retired: [SegmentRecord] = []) {
        for segment in live {
            insert(segment)
            if segment.isProvisional { claimed.insert(segment.record.name) }
        }
        self.retired = retired.map { Retired(record: $0, bytes: nil) }
    }

    /// All records, for a catalog that has to be written anew.
    package var records: [SegmentRecord] {
        live.filter { !$0.isProvisional }.map(\.record) + retired.map(\.record)
    }

    /// Whether a segment speaks for any of these positions: queries see its events, or retention took them away.
    package func holdsAny(of positions: ClosedRange<UInt64>) -> Bool {
        // The last one that begins in or before the range; an earlier one reaches further only if segments overlap.
        let end = live.partitionPoint { $0.record.positions.lowerBound > positions.upperBound }
        if end > 0, live[end - 1].record.positions.upperBound >= positions.lowerBound { return true }
        return retired.contains { retired in
            if case .expired = retired.record.state { return retired.record.positions.overlaps(positions) }
            return false
        } || hasOverlaps && live.contains { $0.record.positions.overlaps(positions) }
    }

    /// Adds a segment of events that were in memory.
    package mutating func add(_ segment: StoredSegment) -> [CatalogChange] {
        insert(segment)
        return [.insert(segment.record)]
    }

    /// Puts one segment in the place of others.
    ///
    /// - Parameters:
    ///   - inputs: all live.
    ///   - output: holds what is to be kept of their events; nil when nothing is.
    ///   - now: nanoseconds since the epoch.
    ///   - reason: when there is no output, why; else the output's name is the reason.
    /// - Returns: the changes of the catalog.
    /// - Throws: ``StoreError`` when an input is not live any more.
    package mutating func replace(
        _ inputs: [StoredSegment], with output: StoredSegment?, now: Int64, reason: String = ""
    ) throws(StoreError) -> [CatalogChange] {
        var changes: [CatalogChange] = output.map { [.insert($0.record)] } ?? []
        for input in inputs {
            let state =
                output.map { SegmentState.superseded(Retirement(since: now, reason: $0.record.name)) }
                ?? .expired(Retirement(since: now, reason: reason))
            changes.append(try retire(input.record.name, state))
        }
        if let output { insert(output) }
        return changes
    }

    /// Puts what is known now of a segment that could not be read before in its place.
    ///
    /// - Throws: ``StoreError`` when it is not live.
    mutating func admit(_ segment: StoredSegment) throws(StoreError) -> [CatalogChange] {
        guard let index = live.firstIndex(where: { $0.record.name == segment.record.name }) else {
            throw StoreError("segment \(segment.record.name) is not in use any more")
        }
        live[index].close()
        live[index] = segment
        return [.insert(segment.record)]
    }

    /// Takes a segment out of use because retention says so. Until its bytes are removed it can be made live again.
    ///
    /// - Throws: ``StoreError`` when it is not live.
    package mutating func expire(_ name: String, now: Int64, reason: String) throws(StoreError) -> [CatalogChange] {
        [try retire(name, .expired(Retirement(since: now, reason: reason)))]
    }

    /// Makes a retired segment live again.
    ///
    /// - Parameter segment: a retired one, with a record that is live; it overlaps none that is live.
    /// - Returns: the changes of the catalog.
    package mutating func reinstate(_ segment: StoredSegment) -> [CatalogChange] {
        retired.removeAll { $0.record.name == segment.record.name }
        insert(segment)
        return [.insert(segment.record)]
    }

    /// Live records of the segments that a segment has replaced, as far as their bytes are not removed yet. They do not
    /// overlap.
    func superseded(by heir: SegmentRecord) -> [SegmentRecord] {
        var found: [SegmentRecord] = []
        for old in retired.map(\.record).sorted(by: { $0.generation > $1.generation }) {
            guard case .superseded = old.state, old.generation < heir.generation, heir.covers(old),
                !found.contains(where: { $0.positions.overlaps(old.positions) })
            else { continue }
            var record = old
            record.state = .live
            found.append(record)
        }
        return found
    }

    /// Puts the same segment, kept elsewhere, in the place of one.
    ///
    /// - Throws: ``StoreError`` when no segment of this name is live.
    package mutating func setTier(of segment: StoredSegment) throws(StoreError) -> [CatalogChange] {
        guard let index = live.firstIndex(where: { $0.record.name == segment.record.name }) else {
            throw StoreError("segment \(segment.record.name) is not in use any more")
        }
        live[index].close()
        live[index] = segment
        return [.setTier(segment.record.tier, of: segment.record.name)]
    }

    /// Forgets a live segment whose bytes turned out to be of no use.
    package mutating func drop(_ name: String) -> [CatalogChange] {
        live.removeAll { $0.record.name == name }
        return [.remove(name)]
    }

    /// Forgets retired segments whose bytes have been removed.
    package mutating func forget(_ names: Set<String>) -> [CatalogChange] {
        retired.removeAll { names.contains($0.record.name) }
        return names.sorted().map { .remove($0) }
    }

    /// Reserves segments for a job; false when another one has any of them, or one is not live.
    package mutating func claim(_ names: [String]) -> Bool {
        guard claimed.isDisjoint(with: names), names.allSatisfy({ name in live.contains { $0.record.name == name } })
        else { return false }
        claimed.formUnion(names)
        return true
    }

    /// Ends a reservation.
    package mutating func release(_ names: [String]) {
        claimed.subtract(names)
    }

    /// Whether a job works on the segment.
    package func isClaimed(_ name: String) -> Bool { claimed.contains(name) }

    /// Takes over the reservations of the set that this one is to replace.
    mutating func keepClaims(of other: SegmentSet) { claimed = other.claimed }

    private mutating func retire(_ name: String, _ state: SegmentState) throws(StoreError) -> CatalogChange {
        guard let index = live.firstIndex(where: { $0.record.name == name }) else {
            throw StoreError("segment \(name) is not in use any more")
        }
        let segment = live.remove(at: index)
        segment.close()
        var record = segment.record
        record.state = state
        retired.append(Retired(record: record, bytes: segment.bytes))
        return .setState(state, of: name)
    }

    private mutating func insert(_ segment: StoredSegment) {
        let place = live.partitionPoint { !Self.precedes($0.record, segment.record) }
        live.insert(segment, at: place)
        for index in max(1, place)..<min(live.count, place + 2)
        where live[index - 1].record.positions.upperBound >= live[index].record.positions.lowerBound {
            hasOverlaps = true
        }
    }

    private static func precedes(_ left: SegmentRecord, _ right: SegmentRecord) -> Bool {
        (left.positions.lowerBound, left.positions.upperBound) < (
            right.positions.lowerBound, right.positions.upperBound
        )
    }
}

extension Array {
    /// The index of the first element for which `isBehind` holds; it must hold for all behind that one.
    func partitionPoint(_ isBehind: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
