internal import SegmentCatalog

/// What the catalog says and what the directory holds, brought together when a store is opened.
///
/// The bytes decide: what a file's name and footer say counts, also without a catalog, by the rule of
/// ``SegmentStandings``. What the catalog adds is which segments are expired, since when one is retired, and what is
/// missing.
struct Reconciliation {
    /// A segment that the catalog has and whose bytes are gone or damaged.
    struct Loss: Equatable {
        var record: SegmentRecord
        /// Events of it that no other segment holds.
        var lostRows: Int
    }

    /// Segments that queries see.
    private(set) var live: [SegmentRecord] = []
    /// Segments whose bytes are there and wait to be removed.
    private(set) var retired: [SegmentRecord] = []
    /// Segments of which events are lost.
    private(set) var losses: [Loss] = []
    /// Names of live segments that share positions with another one and are not covered by it.
    private(set) var overlapping: [String] = []
    /// What makes the catalog right.
    private(set) var changes: [CatalogChange] = []

    /// - Parameters:
    ///   - intact: the segments whose bytes are there, as the catalog has them or, where it has not, as their footers say.
    ///   - known: what the catalog has.
    ///   - provisional: names of those of which nothing but the name is known; the catalog does not get to know them.
    ///   - now: nanoseconds since the epoch.
    init(intact: [SegmentRecord], known: [SegmentRecord], provisional: Set<String> = [], now: Int64) {
        decide(intact, now)
        live.sort { $0.positions.lowerBound < $1.positions.lowerBound }
        let old = Dictionary(known.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for record in live + retired where old[record.name] != record && !provisional.contains(record.name) {
            changes.append(.insert(record))
        }
        let names = Set(intact.map(\.name))
        for record in known where !names.contains(record.name) {
            changes.append(.remove(record.name))
            guard record.state == .live else { continue }
            let kept = live.filter { $0.positions.overlaps(record.positions) }
            // A segment that was put in its place has all its events that are to be kept.
            if kept.contains(where: { $0.generation > record.generation && $0.covers(record) }) { continue }
            let rows = kept.filter { record.covers($0) }.reduce(0) { $0 + $1.rows }
            if record.rows > rows { losses.append(Loss(record: record, lostRows: record.rows - rows)) }
        }
    }

    private mutating func decide(_ intact: [SegmentRecord], _ now: Int64) {
        let standings = SegmentStandings(
            intact.map {
                SegmentStandings.Candidate(
                    name: $0.name, positions: $0.positions, generation: $0.generation, state: $0.state,
                    isReadable: true)
            })
        for index in standings.superseded + standings.chosen {
            var record = intact[index]
            switch standings.all[index] {
            case .inUse:
                // One that was superseded by a segment that is damaged or gone counts again.
                record.state = .live
                live.append(record)
            case .superseded(let heir):
                if case .superseded = record.state {
                } else {
                    record.state = .superseded(Retirement(since: now, reason: intact[heir].name))
                }
                retired.append(record)
            case .expired: retired.append(record)
            case .unreadable: break
            }
        }
        overlapping = standings.overlapping.map { intact[$0].name }
    }
}

extension SegmentRecord {
    /// Whether it speaks for all positions of another.
    func covers(_ other: SegmentRecord) -> Bool {
        positions.lowerBound <= other.positions.lowerBound && positions.upperBound >= other.positions.upperBound
    }
}
