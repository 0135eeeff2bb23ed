import AgentPipeline

/// What entries of a ledger say that is still needed, added up. Pure.
///
/// The collector takes each number of a report once. So the drops that may have been told already stay under the number of
/// their entry, and only those behind, which nobody has been told of, are added up under the number of the summary.
struct LedgerSummary {
    private var progress: [UInt64: (entry: UInt64, progress: SourceProgress)] = [:]
    private var earlier: [LedgerEntry.Earlier] = []
    private var rest = DropSums(limit: LedgerEntry.dropLimit)
    private var window = ReportWindow()
    private var isFull = false
    private let needed: UInt64
    private let told: UInt64

    /// - Parameters:
    ///   - needed: the first entry whose progress is not in the registry for good.
    ///   - told: up to this entry, the collector knows of the drops for certain; see ``ReportWindow``.
    init(from needed: UInt64, told: UInt64) {
        self.needed = needed
        self.told = told
    }

    /// Adds the next entry.
    mutating func add(_ number: UInt64, _ entry: LedgerEntry) {
        for (index, source) in entry.progress.enumerated() {
            let first = entry.progressEntries.indices.contains(index) ? entry.progressEntries[index] : number
            if first >= needed { progress[source.state.id] = (first, source) }
        }
        for report in entry.earlier { add(report.number, report.drops) }
        add(number, entry.drops)
    }

    private mutating func add(_ number: UInt64, _ drops: [DropNote]) {
        if number <= told || drops.isEmpty { return }
        if !isFull, window.take(drops) {
            var sums = DropSums(limit: .max, filesEach: DropLog.maximumOrigins)
            for note in drops { sums.add(note) }
            earlier.append(LedgerEntry.Earlier(number: number, drops: sums.notes))
            return
        }
        isFull = true
        for note in drops { rest.add(note) }
    }

    /// The entry that stands for all that were added, when the lanes are as in `state`.
    func entry(_ state: SpoolState) -> LedgerEntry {
        var summary = LedgerEntry(ends: state.ends)
        summary.isSummary = true
        let sources = progress.values.sorted { $0.progress.state.id < $1.progress.state.id }
        summary.progress = sources.map(\.progress)
        summary.progressEntries = sources.map(\.entry)
        summary.earlier = earlier
        summary.drops = rest.notes
        for (index, lane) in state.lanes.enumerated() {
            guard let priority = Priority(rawValue: index) else { continue }
            summary.voids.append(contentsOf: lane.voids.map { LedgerEntry.Void(priority: priority, numbers: $0) })
            if lane.acknowledged > 0 {
                summary.floors.append(LedgerEntry.Floor(priority: priority, through: lane.acknowledged))
            }
        }
        return summary
    }
}

/// Which entries of the ledger are told by their own numbers: the first of those that the collector does not know of for
/// certain, as many as a heartbeat takes. Who tells and who adds up count from the same entry on, so that nothing is
/// added up that may have been told, whatever a crash forgets. Pure.
struct ReportWindow {
    private var reports = 0

    /// - Parameter reports: made of entries that were taken before.
    init(reports: Int = 0) { self.reports = reports }

    /// Takes the drops of the next entry, unless there are too many.
    mutating func take(_ drops: [DropNote]) -> Bool {
        let more = DropLog.reports(of: drops)
        if reports > 0, reports + more > DropLog.maximumEntries { return false }
        reports += more
        return true
    }
}
