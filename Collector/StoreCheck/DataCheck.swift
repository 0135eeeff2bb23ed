import Journal
import SegmentCatalog
import SystemIO

/// Why a data directory could not be checked.
package struct CheckError: Error, Sendable, CustomStringConvertible {
    /// A sentence without a full stop: what failed, on what, what to do.
    package var description: String
}

/// Reads all of a data directory and compares every checksum: journal, segments, catalog.
///
/// It holds the lock of the directory, so that no collector runs on it meanwhile, and one section or a piece of the journal
/// in memory at a time. Unless it repairs, it changes nothing.
package final class DataCheck {
    /// Bytes read so far, and how many there are in all.
    package typealias Progress = (Int, Int) -> Void

    private let path: String
    private let lock: OpenFile

    /// Takes the lock of a data directory.
    ///
    /// - Throws: ``CheckError`` when there is none, or a collector runs on it.
    package init(_ path: String) throws(CheckError) {
        guard FileSystem.exists("\(path)/journal") || FileSystem.exists("\(path)/segments") else {
            throw CheckError(description: "\(path) is no data directory of a collector: name one with --data")
        }
        self.path = path
        do throws(IOError) {
            lock = try OpenFile(path, .directory)
            try lock.lockExclusively()
        } catch {
            throw CheckError(
                description: error.isBusy
                    ? "a collector runs on \(path): stop it first" : "\(path) cannot be checked: \(error)")
        }
    }

    /// Checks everything.
    ///
    /// - Parameters:
    ///   - repairs: whether to set aside what is damaged and keep the rest.
    ///   - progress: called now and then.
    /// - Returns: what was found and done.
    /// - Throws: ``CheckError`` when files cannot be opened or, when repairing, written.
    package func run(repairs: Bool, progress: Progress = { _, _ in }) throws(CheckError) -> CheckReport {
        var report = CheckReport()
        do {
            let known = checkCatalog(&report, repairs: repairs)
            var segments = try SegmentsCheck("\(path)/segments", known: known)
            let journalBytes = try Self.size(of: "\(path)/journal")
            let total = segments.bytes + journalBytes
            try segments.run(&report, repairs: repairs) { progress($0, total) }
            if !segments.gone.isEmpty, report.catalogRecords != nil {
                let file = "\(path)/catalog.db"
                try SegmentCatalog.open(file, quarantine: "\(path)/quarantine").catalog
                    .apply(segments.gone.map { .remove($0) })
            }
            let read = segments.bytes
            try checkJournal(&report, covered: segments.covered, repairs: repairs) { progress(read + $0, total) }
            report.bytes = total
        } catch {
            throw CheckError(description: "\(path) cannot be checked: \(error)")
        }
        return report
    }

    private func checkCatalog(_ report: inout CheckReport, repairs: Bool) -> [SegmentRecord] {
        let file = "\(path)/catalog.db"
        do throws(CatalogError) {
            guard let records = try SegmentCatalog.inspect(file) else { return [] }
            report.catalogRecords = records.count
            return records
        } catch {
            var finding = CheckFinding(
                part: .catalog, file: file, what: "\(error); it is made again from the segments")
            if repairs, let opened = try? SegmentCatalog.open(file, quarantine: "\(path)/quarantine"),
                let aside = opened.setAside
            {
                finding.repair = "set aside as \(aside.path)"
            }
            report.findings.append(finding)
            return []
        }
    }

    private func checkJournal(
        _ report: inout CheckReport, covered: [ClosedRange<UInt64>], repairs: Bool, progress: (Int) -> Void
    ) throws {
        var findings: [CheckFinding] = []
        var cursors: [String] = []
        let survey = try JournalSurvey(verifying: "\(path)/journal") { done, _ in
            progress(done)
        } found: { damage in
            // An interrupted write was never acknowledged; the next start cuts it off.
            if !damage.isTornTail { findings.append(Self.finding(damage, covered)) }
            if damage.reason == .cursor { cursors.append(damage.file) }
        }
        report.journalFiles = survey.files
        report.journalRecords = survey.records
        if repairs, !findings.allSatisfy(\.isKnown) {
            let options = JournalOptions(verification: .allFiles)
            let directory = try JournalDirectory("\(path)/journal", options: options)
            directory.release()
            // Who has none begins at the oldest record; what is in segments is passed over.
            for cursor in cursors { try FileSystem.remove(cursor) }
            for index in findings.indices where !findings[index].isKnown {
                findings[index].repair =
                    cursors.contains(findings[index].file)
                    ? "removed" : "noted in \(path)/journal/quarantine, passed over by readers"
            }
        }
        report.findings += findings
    }

    /// Records that are in segments already are not lost.
    private static func finding(_ damage: JournalDamage, _ covered: [ClosedRange<UInt64>]) -> CheckFinding {
        var finding = CheckFinding(part: .journal, file: damage.file, what: damage.description)
        finding.isKnown = damage.quarantined != nil
        var lost = damage.lost.count
        for range in covered {
            lost -= damage.lost.clamped(to: range.lowerBound..<(range.upperBound + 1)).count
        }
        if lost > 0 {
            finding.loss = CheckFinding.Loss(
                tenants: damage.tenant.map { [$0] } ?? [], first: damage.notBefore, last: damage.notAfter, rows: nil,
                batches: lost)
        } else if !damage.lost.isEmpty {
            finding.what += ", but all of them are in segments"
        }
        return finding
    }

    private static func size(of directory: String) throws(IOError) -> Int {
        guard FileSystem.exists(directory) else { return 0 }
        var bytes = 0
        for name in try FileSystem.list(directory) {
            if let status = try FileSystem.status("\(directory)/\(name)"), status.kind == .file { bytes += status.size }
        }
        return bytes
    }
}
