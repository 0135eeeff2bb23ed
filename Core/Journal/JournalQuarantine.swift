import Synchronization
import SystemIO

/// Reporting damage, and keeping copies of the damaged bytes.
extension JournalDirectory {
    /// Counts and reports a damage, and copies its bytes aside. The same place is reported once.
    ///
    /// - Parameters:
    ///   - gap: what was found.
    ///   - file: the path of the file.
    ///   - bound: the number after the last lost record where the gap does not know it.
    ///   - isTornTail: whether the end of the journal is cut there.
    /// - Returns: the report.
    @discardableResult
    func report(
        _ gap: JournalScanner.Gap, in file: String, bound: JournalPosition, isTornTail: Bool = false
    ) -> JournalDamage {
        report(JournalDamage(gap, in: file, bound: bound, isTornTail: isTornTail), number: gap.firstLost)
    }

    /// Counts and reports a damage that begins with a record's number, and copies its bytes aside.
    @discardableResult
    func report(_ found: JournalDamage, number: JournalPosition) -> JournalDamage {
        var damage = found
        let place = "\(damage.reason.rawValue) \(damage.file) \(damage.offset) \(number)"
        let isNew = state.withLock { state in
            if state.reportedPlaces.contains(place) { return false }
            if state.reportedPlaces.count < JournalLimits.maxKeptReports { state.reportedPlaces.insert(place) }
            return true
        }
        guard isNew else { return damage }
        if damage.reason != .unreadable { damage.quarantined = quarantine(damage) }
        record(damage)
        return damage
    }

    /// Counts a damage and tells the observer.
    func record(_ damage: JournalDamage) {
        state.withLock { state in
            if damage.isTornTail {
                state.tornTails += 1
            } else {
                state.damages += 1
                state.lostRecords += UInt64(damage.lost.count)
            }
            if state.reports.count < JournalLimits.maxKeptReports { state.reports.append(damage) }
        }
        options.onDamage?(damage)
    }

    /// Adds up what earlier runs have put aside.
    func measureQuarantine() {
        let folder = "\(path)/quarantine"
        // Without the folder, or without the right to read it, there is nothing to count.
        let names = (try? FileSystem.list(folder)) ?? []
        let bytes = names.reduce(0) { sum, name in
            sum + (((try? FileSystem.status("\(folder)/\(name)")) ?? nil)?.size ?? 0)
        }
        state.withLock { $0.quarantineBytes = bytes }
    }

    /// Where the copy of damaged bytes belongs. What is missing without any bytes leaves an empty file there, which says
    /// that it is known.
    static func quarantinePlace(of damage: JournalDamage, in journal: String) -> String {
        let file = damage.file.split(separator: "/").last.map { String($0.dropLast(JournalFormat.fileSuffix.count)) }
        // A tail is cut, and another may come to be at the same place: the time tells them apart.
        let suffix = damage.isTornTail ? "torn-\(SystemClock.wallNanos())" : "bad"
        return "\(journal)/quarantine/\(file ?? "file")-\(damage.offset)-\(damage.length).\(suffix)"
    }

    /// Copies damaged bytes to `quarantine/`, best effort: on a full disk the report has to do.
    private func quarantine(_ damage: JournalDamage) -> String? {
        let target = Self.quarantinePlace(of: damage, in: path)
        let fits = state.withLock { state in
            state.quarantineBytes <= JournalLimits.maxQuarantineBytes - damage.length
        }
        do throws(IOError) {
            if try FileSystem.status(target)?.size == damage.length { return target }
            guard fits else { return nil }
            try FileSystem.createDirectory("\(path)/quarantine")
            try copy(damage, to: target)
            state.withLock { $0.quarantineBytes += damage.length }
            return target
        } catch {
            try? FileSystem.remove(target)
            return nil
        }
    }

    private func copy(_ damage: JournalDamage, to target: String) throws(IOError) {
        let source = try OpenFile(damage.file, .read)
        let copy = try OpenFile(target, .create)
        try copy.truncate(to: 0)
        var done = 0
        while done < damage.length {
            let piece = try source.bytes(at: damage.offset + done, count: min(1 << 20, damage.length - done))
            if piece.isEmpty { break }
            try copy.write(piece, at: done)
            done += piece.count
        }
        try copy.sync()
        try FileSystem.syncDirectory(FileSystem.parent(of: target))
    }
}
