package import LogModel
package import SegmentCatalog

/// What retention tells apart: whose events, and how severe.
package struct EventClass: Hashable, Sendable {
    /// The team that owns the events.
    package var tenant: String
    /// Their severity.
    package var level: Level

    /// Names a class.
    package init(tenant: String, level: Level) {
        self.tenant = tenant
        self.level = level
    }
}

/// A segment as the rules see it.
package struct SegmentFacts: Equatable, Sendable {
    /// What the catalog says.
    package var record: SegmentRecord
    /// Its events by class; nil when that could not be found out: then the rules take the longest time that they know.
    package var rows: [EventClass: Int]?

    /// Describes a segment.
    package init(_ record: SegmentRecord, rows: [EventClass: Int]?) {
        self.record = record
        self.rows = rows
    }
}

extension Int64 {
    /// The sum, or the highest or lowest number where it does not fit: times far away stay far away.
    func clampedAdding(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other > 0 ? .max : .min) : sum
    }
}
