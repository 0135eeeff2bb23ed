internal import GRDB

extension SegmentRecord {
    static let columns = """
        name, first_position, last_position, generation, level, tier, state, state_since, state_reason, row_count, \
        byte_count, first_time, last_time, first_arrival, last_arrival, created_at
        """

    /// The values in the order of ``columns``; nil when one does not fit 63 bits.
    var values: StatementArguments? {
        guard let first = Int64(exactly: positions.lowerBound), let last = Int64(exactly: positions.upperBound),
            let bytes = Int64(exactly: bytes)
        else { return nil }
        let state = state.columns
        return [
            name, first, last, generation, level, tier.rawValue, state.name, state.since, state.reason, rows, bytes,
            timeBounds.lowerBound, timeBounds.upperBound, ingestBounds.lowerBound, ingestBounds.upperBound, createdAt,
        ]
    }

    /// Reads a row of ``columns``; nil when its values make no sense together.
    init?(_ row: Row) throws {
        let (first, last) = (try row.decode(Int64.self, atIndex: 1), try row.decode(Int64.self, atIndex: 2))
        let (firstTime, lastTime) = (try row.decode(Int64.self, atIndex: 11), try row.decode(Int64.self, atIndex: 12))
        let (arrival, lastArrival) = (try row.decode(Int64.self, atIndex: 13), try row.decode(Int64.self, atIndex: 14))
        let rows = try row.decode(Int.self, atIndex: 9)
        let (generation, level) = (try row.decode(Int.self, atIndex: 3), try row.decode(Int.self, atIndex: 4))
        guard first >= 0, first <= last, firstTime <= lastTime, arrival <= lastArrival, rows >= 0, generation >= 0,
            level >= 0, let tier = StorageTier(rawValue: try row.decode(String.self, atIndex: 5)),
            let state = SegmentState(
                name: try row.decode(String.self, atIndex: 6),
                Retirement(
                    since: try row.decode(Int64.self, atIndex: 7), reason: try row.decode(String.self, atIndex: 8))),
            let bytes = UInt64(exactly: try row.decode(Int64.self, atIndex: 10))
        else { return nil }
        self.init(
            name: try row.decode(String.self, atIndex: 0), positions: UInt64(first)...UInt64(last),
            generation: generation, level: level, tier: tier, state: state, rows: rows, bytes: bytes,
            timeBounds: firstTime...lastTime, ingestBounds: arrival...lastArrival,
            createdAt: try row.decode(Int64.self, atIndex: 15))
    }
}

extension SegmentState {
    /// The values of the columns `state`, `state_since` and `state_reason`.
    var columns: (name: String, since: Int64, reason: String) {
        switch self {
        case .live: ("live", 0, "")
        case .superseded(let retirement): ("superseded", retirement.since, retirement.reason)
        case .expired(let retirement): ("expired", retirement.since, retirement.reason)
        }
    }

    /// The state with this name in the catalog.
    init?(name: String, _ retirement: Retirement) {
        switch name {
        case "live": self = .live
        case "superseded": self = .superseded(retirement)
        case "expired": self = .expired(retirement)
        default: return nil
        }
    }
}
