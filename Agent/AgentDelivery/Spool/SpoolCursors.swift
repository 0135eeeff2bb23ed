/// How far the spool is dealt with, as the registry keeps it. Numbers are those of journals; 0 is before the first.
package struct SpoolCursors: Sendable, Equatable {
    /// By the raw value of ``Priority``: all batches up to this number are acknowledged or counted as dropped.
    package var lanes = [UInt64](repeating: 0, count: Priority.allCases.count)
    /// The same of the journal of a version before there were priorities.
    package var old: UInt64 = 0
    /// Up to this entry of the ledger, what batches stand for is in the registry's files.
    package var ledger: UInt64 = 0
    /// Up to this entry of the ledger, the collector has been told what was dropped.
    package var reported: UInt64 = 0

    /// Before everything.
    package init() {}

    /// The lower of each.
    static func lower(_ left: SpoolCursors, _ right: SpoolCursors) -> SpoolCursors {
        var result = left
        result.lanes = zip(left.lanes, right.lanes).map { min($0, $1) }
        result.old = min(left.old, right.old)
        result.ledger = min(left.ledger, right.ledger)
        result.reported = min(left.reported, right.reported)
        return result
    }
}
