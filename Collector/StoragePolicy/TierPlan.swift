internal import LogModel
package import SegmentCatalog

/// When segments move on to the next tier. The age of a segment is that of its newest arrival.
package struct TierRules: Equatable, Sendable {
    /// How long segments stay hot.
    package var hotAge = Duration.seconds(7 * 86_400)
    /// How long they stay hot or warm before they become cold.
    package var warmAge = Duration.seconds(30 * 86_400)
    /// How long they stay hot on a disk under high pressure.
    package var shrunkHotAge = Duration.seconds(3 * 86_400)
    /// Whether there is an object store. Without one nothing becomes cold.
    package var hasColdTier = false

    /// The defaults: hot for 7 days, cold after 30, nothing cold.
    package init() {}
}

/// Which segments should move to another tier.
package struct TierPlan: Equatable, Sendable {
    /// A segment and where it should go.
    package struct Move: Equatable, Sendable {
        /// The segment's name.
        package var name: String
        /// The tier it should be in.
        package var tier: StorageTier
    }

    /// The moves, the most urgent first. Each segment is named once.
    package var moves: [Move] = []

    /// Finds out which segments should move. The same arguments give the same plan.
    ///
    /// - Parameters:
    ///   - rules: the ages.
    ///   - live: records of the segments that queries see.
    ///   - stage: how full the disk is.
    ///   - surplus: bytes that should be freed on it.
    ///   - now: nanoseconds since 1970.
    package init(_ rules: TierRules, live: [SegmentRecord], stage: PressureStage, surplus: UInt64, now: Int64) {
        let oldestFirst = live.filter { $0.tier != .cold }.sorted {
            ($0.ingestBounds.upperBound, $0.positions.lowerBound) < (
                $1.ingestBounds.upperBound, $1.positions.lowerBound
            )
        }
        let hotAge = stage >= .high ? min(rules.hotAge, rules.shrunkHotAge) : rules.hotAge
        var freed: UInt64 = 0
        for record in oldestFirst {
            func isOlder(than age: Duration) -> Bool {
                record.ingestBounds.upperBound.clampedAdding(age.wholeNanoseconds) < now
            }
            // Before its time, but never what is still hot.
            let isEarly = stage >= .early && freed < surplus && isOlder(than: hotAge)
            if rules.hasColdTier, isOlder(than: rules.warmAge) || isEarly {
                moves.append(Move(name: record.name, tier: .cold))
                freed += record.bytes
            } else if record.tier == .hot, isOlder(than: hotAge) {
                moves.append(Move(name: record.name, tier: .warm))
            }
        }
    }
}
