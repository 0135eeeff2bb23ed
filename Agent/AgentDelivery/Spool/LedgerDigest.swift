import Journal

/// What all entries of a ledger say of the lanes.
struct LedgerDigest {
    /// The last entry that repeats those before it; 0 when there is none.
    private(set) var summary: UInt64 = 0
    /// Whether it tells what never counted; without a whole ledger nobody can: all is sent, and may arrive twice.
    let isTrusted: Bool
    private var ends: [UInt64]
    private var floors = [UInt64](repeating: 0, count: Priority.allCases.count)
    private var voids: [LedgerEntry.Void] = []

    /// Reads a ledger.
    ///
    /// - Parameters:
    ///   - ledger: its journal.
    ///   - cursors: how far the spool is dealt with.
    init(_ ledger: JournalDirectory, behind cursors: SpoolCursors) {
        var found: (summary: UInt64, ends: [UInt64], floors: [UInt64], voids: [LedgerEntry.Void]) =
            (summary, cursors.lanes, floors, [])
        let isWhole = SpoolLedger(ledger).forEach(from: 1) { number, entry in
            if entry.isSummary { found.summary = number }
            found.ends = zip(found.ends, entry.ends).map { max($0, $1) }
            for floor in entry.floors {
                found.floors[floor.priority.rawValue] = max(found.floors[floor.priority.rawValue], floor.through)
            }
            found.voids.append(contentsOf: entry.voids)
        }
        (summary, ends, floors, voids) = found
        let status = ledger.status
        isTrusted = isWhole && status.damages == 0 && status.files > 0
    }

    /// All up to this number of a lane was dropped or acknowledged, but for what is held.
    func floor(_ priority: Priority) -> UInt64 { floors[priority.rawValue] }

    /// The last number of a lane that counts.
    func end(_ priority: Priority) -> UInt64 { max(ends[priority.rawValue], floor(priority)) }

    /// Numbers of a lane behind one that are not sent.
    func voids(_ priority: Priority, behind number: UInt64) -> [ClosedRange<UInt64>] {
        voids.filter { $0.priority == priority && $0.numbers.upperBound > number }
            .map { max($0.numbers.lowerBound, number + 1)...$0.numbers.upperBound }
    }

    /// Whether a batch that was kept apart from its lane waits.
    ///
    /// - Parameters:
    ///   - number: its number.
    ///   - priority: the lane.
    ///   - cursor: up to this number all is dealt with.
    /// - Returns: whether it is sent.
    func isHeld(_ number: UInt64, _ priority: Priority, cursor: UInt64) -> Bool {
        number > cursor && number <= max(cursor, floor(priority))
            && !voids.contains { $0.priority == priority && $0.numbers.contains(number) }
    }
}
