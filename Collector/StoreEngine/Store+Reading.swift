internal import SegmentCatalog
internal import StoreFormat
internal import SystemIO
internal import Workers

extension Store {
    /// What a query sees. Blocks for the disk where footers are not in memory.
    ///
    /// A segment that turns out to be damaged is set aside and reported, and left out. One that cannot be read at present
    /// stays where it is, and is named among the gaps.
    ///
    /// - Parameters:
    ///   - ids: events of other ``RowID``s may be left out.
    ///   - times: events of other times may be left out; nanoseconds.
    /// - Returns: the blocks and what is missing among them.
    package func snapshot(
        ids: ClosedRange<UInt64> = 0...UInt64.max, times: ClosedRange<Int64> = Int64.min...Int64.max
    ) -> StoreSnapshot {
        let positions = RowID.position(of: ids.lowerBound)...RowID.position(of: ids.upperBound)
        while true {
            // Nothing is copied under the lock but references.
            let (segments, heads, lastPosition, quarantined, lost) = state.withLock { state in
                (state.segments.live, state.heads, state.lastPosition, state.counters.quarantined, state.lost)
            }
            let wanted = segments.filter {
                $0.record.positions.overlaps(positions) && $0.record.timeBounds.overlaps(times)
            }
            var missing = lost.filter {
                $0.record.positions.overlaps(positions) && $0.record.timeBounds.overlaps(times)
            }
            guard var blocks = open(wanted, &missing) else { continue }
            for head in heads { blocks.append(contentsOf: head.blocks) }
            return StoreSnapshot(
                blocks: blocks, lastPosition: lastPosition, quarantined: quarantined, missing: missing)
        }
    }

    /// Events of the segments that may hold some of these times, and of all that is in memory; nothing is read.
    ///
    /// - Complexity: O(n) in the number of segments.
    package func rows(times: ClosedRange<Int64>) -> Int {
        state.withLock { state in
            state.segments.live.reduce(state.heads.reduce(0) { $0 + $1.rowCount }) { sum, segment in
                segment.record.timeBounds.overlaps(times) ? sum + segment.record.rows : sum
            }
        }
    }

    /// The blocks of segments; nil when they are not the right ones any more.
    private func open(
        _ segments: [StoredSegment], _ missing: inout [StoreSnapshot.Missing]
    ) -> [any BlockSource]? {
        var blocks: [any BlockSource] = []
        for segment in segments {
            do {
                blocks.append(contentsOf: try segment.reader().blocks)
            } catch let error as IOError where !error.isMissing {
                ledger.leave(segment, failed: .opening, because: error)
                missing.append(
                    .init(record: segment.record, reason: "\(segment.eventCount) cannot be read now: \(error)"))
            } catch  where segment.record.tier == .cold {
                if ledger.dropStub(of: segment, in: directory, because: error) { return nil }
                missing.append(
                    .init(record: segment.record, reason: "\(segment.record.rows) events cannot be read: \(error)"))
            } catch {
                // Missing means removed, if it has been replaced meanwhile; else somebody has taken the file away.
                ledger.setAside(segment, in: directory, because: error)
                return nil
            }
        }
        return blocks
    }

    /// What the store holds.
    package var statistics: StoreStatistics {
        var result = state.withLock { state in
            var result = StoreStatistics()
            result.counters = state.counters
            result.unreadableSegments = state.unreadable.count
            result.wideSegments = state.wide.count
            result.streams = state.streams.count
            result.add(state.segments)
            for head in state.heads { result.add(head) }
            return result
        }
        result.catalogIsBehind = ledger.isBehind
        return result
    }
}

extension StoreStatistics {
    fileprivate mutating func add(_ set: SegmentSet) {
        segments = set.live.count
        for segment in set.live {
            let record = segment.record
            rows += record.rows
            diskBytes += record.bytes
            if !segment.isProvisional { widen(record.timeBounds) }
            tiers[record.tier, default: Tier()].segments += 1
            tiers[record.tier, default: Tier()].rows += record.rows
            tiers[record.tier, default: Tier()].bytes += record.bytes
            while segmentsByLevel.count <= record.level { segmentsByLevel.append(0) }
            segmentsByLevel[record.level] += 1
        }
        retiredSegments = set.retired.count
        retiredBytes = set.retired.reduce(0) { $0 + $1.record.bytes }
    }

    fileprivate mutating func add(_ head: Head) {
        headRows += head.rowCount
        headBytes += head.byteCount
        rows += head.rowCount
        for block in head.blocks { widen(block.timeBounds) }
    }

    private mutating func widen(_ bounds: ClosedRange<Int64>) {
        oldest = min(oldest ?? bounds.lowerBound, bounds.lowerBound)
        newest = max(newest ?? bounds.upperBound, bounds.upperBound)
    }
}
