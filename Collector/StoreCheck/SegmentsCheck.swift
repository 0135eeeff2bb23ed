import ByteCoding
import Journal
import LogModel
import SegmentCatalog
import StoreFormat
import SystemIO

/// Checks the segments of a directory.
struct SegmentsCheck {
    private struct File {
        var name: String
        var size: Int
        var record: SegmentRecord?
        var segment: SegmentReader?
        var reason = ""
    }

    private let path: String
    private var files: [File] = []
    private var missing: [SegmentRecord] = []
    /// Journal positions of segments that are kept in the object store.
    private let away: [ClosedRange<UInt64>]
    /// Bytes of all files.
    let bytes: Int
    /// Names of segments that a repair has set aside, or that are gone: the catalog is to forget them.
    private(set) var gone: [String] = []
    /// Journal positions that segments speak for, ascending and apart.
    private(set) var covered: [ClosedRange<UInt64>] = []

    init(_ path: String, known: [SegmentRecord]) throws(IOError) {
        self.path = path
        let records = Dictionary(known.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let found = try FileSystem.exists(path) ? FileSystem.list(path) : []
        for name in found where name.hasSuffix(".segment") {
            guard let status = try FileSystem.status("\(path)/\(name)"), status.kind == .file else { continue }
            var file = File(name: name, size: status.size, record: records[name])
            do {
                file.segment = try SegmentReader(try CheckedFile("\(path)/\(name)"))
            } catch let error as IOError where !error.isDamage && error.operation == .open {
                throw error
            } catch {
                file.reason = "\(error)"
            }
            files.append(file)
        }
        bytes = files.reduce(0) { $0 + $1.size }
        away = known.filter { $0.tier == .cold }.map(\.positions)
        let names = Set(files.map(\.name))
        missing = known.filter { $0.state == .live && $0.tier != .cold && !names.contains($0.name) }
    }

    mutating func run(_ report: inout CheckReport, repairs: Bool, progress: (Int) -> Void) throws {
        let live = inUse()
        covered = Self.joined(
            away + files.compactMap { $0.segment?.footer.journalPositions }
                + files.compactMap { $0.record.flatMap { $0.state == .live ? nil : $0.positions } })
        var done = 0
        for (index, file) in files.enumerated() {
            if let segment = file.segment, live.contains(index) {
                if try check(segment, file.name, &report, repairs: repairs) { gone.append(file.name) }
            } else if file.segment == nil {
                try checkUnreadable(file, live, &report, repairs: repairs)
                if repairs { gone.append(file.name) }
            }
            done += file.size
            progress(done)
        }
        for record in missing {
            guard let loss = loss(of: record.positions, record, live) else { continue }
            report.findings.append(
                CheckFinding(
                    part: .segment, file: "\(path)/\(record.name)", what: "the segment \(record.name) is missing",
                    loss: loss, repair: repairs ? "the catalog does not name it any more" : nil))
            if repairs { gone.append(record.name) }
        }
    }

    /// The segments that a store would use.
    private func inUse() -> Set<Int> {
        let standings = SegmentStandings(
            files.map { file in
                SegmentStandings.Candidate(
                    name: file.name, positions: file.segment?.footer.journalPositions ?? 0...0,
                    generation: Int(clamping: file.segment?.footer.generation ?? 0),
                    state: file.record?.state ?? .live, isReadable: file.segment != nil)
            })
        return Set(standings.chosen.filter { standings.all[$0] == .inUse })
    }

    private func footer(_ index: Int) -> SegmentFooter {
        guard let segment = files[index].segment else { preconditionFailure("only open segments have footers") }
        return segment.footer
    }

    /// - Returns: whether a repair has set the segment aside.
    private func check(
        _ segment: SegmentReader, _ name: String, _ report: inout CheckReport, repairs: Bool
    ) throws -> Bool {
        let damages = segment.damages()
        report.segments += 1
        report.rows += segment.footer.rowCount
        guard !damages.isEmpty else { return false }
        var findings = Self.findings(segment, damages, "\(path)/\(name)")
        report.rows -= findings.reduce(0) { $0 + ($1.loss.map { $0.fields.isEmpty ? $0.rows ?? 0 : 0 } ?? 0) }
        if repairs {
            let done = try repair(segment, name, damages)
            for index in findings.indices { findings[index].repair = done }
        }
        report.findings += findings
        return repairs
    }

    /// One finding for the lost rows of a block, one for each of its lost fields, and one for what loses nothing.
    private static func findings(
        _ segment: SegmentReader, _ damages: [SectionDamage], _ file: String
    ) -> [CheckFinding] {
        var lostBlocks: Set<Int> = []
        for case .rows(let block) in damages.map(\.part) { lostBlocks.insert(block) }
        let tenants = Set(((try? segment.streams) ?? []).map(\.tenant)).sorted()
        var told: Set<Int> = []
        return damages.compactMap { damage in
            var finding = CheckFinding(part: .segment, file: file, what: damage.reason)
            switch damage.part {
            case .header: finding.what = "its first bytes are damaged; no event is lost"
            case .segment(let kind), .extra(let kind, _):
                finding.what = "\(damage.reason): \(kind) that make searching faster; no event is lost"
            case .rows(let block):
                guard told.insert(block).inserted else { return nil }
                finding.loss = loss(segment.footer.blocks[block], tenants, [])
            case .fields(let names, let block):
                // Without names it is about fields that are lost themselves.
                if lostBlocks.contains(block) || names.isEmpty { return nil }
                finding.loss = loss(segment.footer.blocks[block], tenants, names)
            }
            return finding
        }
    }

    private static func loss(
        _ block: BlockDescription, _ tenants: [String], _ fields: [String]
    ) -> CheckFinding.Loss {
        CheckFinding.Loss(
            tenants: tenants, first: block.timeBounds.lowerBound, last: block.timeBounds.upperBound,
            rows: block.rowCount, fields: fields)
    }

    private func checkUnreadable(
        _ file: File, _ live: Set<Int>, _ report: inout CheckReport, repairs: Bool
    ) throws {
        var finding = CheckFinding(part: .segment, file: "\(path)/\(file.name)", what: file.reason)
        if file.record.map({ $0.state == .live }) ?? true,
            let positions = file.record?.positions ?? Self.positions(file.name)
        {
            finding.loss = loss(of: positions, file.record, live)
        }
        if repairs { finding.repair = "moved to \(try setAside(file.name))" }
        report.findings.append(finding)
    }

    /// What of a segment that cannot be read no other segment has; nil when others have all of it.
    private func loss(
        of positions: ClosedRange<UInt64>, _ record: SegmentRecord?, _ live: Set<Int>
    ) -> CheckFinding.Loss? {
        let others = live.map(footer).filter { $0.journalPositions.overlaps(positions) }
        if others.contains(where: { $0.journalPositions.contains(positions) }) { return nil }
        let kept = others.filter { positions.contains($0.journalPositions) }.reduce(0) { $0 + $1.rowCount }
        guard let record else {
            let shared = others.reduce(0) { $0 + positions.clamped(to: $1.journalPositions).count }
            return CheckFinding.Loss(batches: positions.count - shared)
        }
        guard record.rows > kept else { return nil }
        return CheckFinding.Loss(
            first: record.timeBounds.lowerBound, last: record.timeBounds.upperBound, rows: record.rows - kept)
    }

    private func repair(_ segment: SegmentReader, _ name: String, _ damages: [SectionDamage]) throws -> String {
        guard let salvage = SegmentSalvage(segment, damages: damages) else {
            return "moved to \(try setAside(name)); nothing of it is intact"
        }
        let rows = salvage.rowCount
        let target = Self.name(segment.footer.journalPositions, generation: segment.footer.generation + 1)
        let temporary = "\(path)/\(target).tmp"
        do {
            try? FileSystem.remove(temporary)
            let output = try OpenFile(temporary, .createNew)
            _ = try salvage.write { piece in try piece.withBytes { try output.write($0) } }
            try output.sync()
            // Nobody should learn later that what replaces the damaged one is no better.
            try SegmentReader(CheckedFile(temporary)).verify()
            try FileSystem.rename(temporary, to: "\(path)/\(target)")
            try FileSystem.syncDirectory(path)
        } catch {
            try? FileSystem.remove(temporary)
            throw error
        }
        return "\(rows) of its events are in \(target) now; moved to \(try setAside(name))"
    }

    private func setAside(_ name: String) throws(IOError) -> String {
        let folder = "\(path)/quarantine"
        try FileSystem.createDirectory(folder)
        try FileSystem.rename("\(path)/\(name)", to: "\(folder)/\(name)")
        try FileSystem.syncDirectory(folder)
        try FileSystem.syncDirectory(path)
        return "\(folder)/\(name)"
    }

    private static func name(_ positions: ClosedRange<UInt64>, generation: UInt64) -> String {
        func padded(_ value: UInt64, _ width: Int) -> String {
            String(repeating: "0", count: max(0, width - String(value).count)) + String(value)
        }
        return padded(positions.lowerBound, 14) + "-" + padded(positions.upperBound, 14) + "-" + padded(generation, 6)
            + ".segment"
    }

    /// The positions that a segment's name states.
    private static func positions(_ name: String) -> ClosedRange<UInt64>? {
        let parts = name.dropLast(".segment".count).split(separator: "-")
        guard parts.count >= 2, let first = UInt64(parts[0]), let last = UInt64(parts[1]), first <= last,
            last < JournalLimits.positions
        else { return nil }
        return first...last
    }

    private static func joined(_ ranges: [ClosedRange<UInt64>]) -> [ClosedRange<UInt64>] {
        var result: [ClosedRange<UInt64>] = []
        for range in ranges.filter({ $0.upperBound < JournalLimits.positions }).sorted(by: {
            $0.lowerBound < $1.lowerBound
        }) {
            if let last = result.last, range.lowerBound <= last.upperBound {
                result[result.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                result.append(range)
            }
        }
        return result
    }
}

/// A file as a segment reads it.
private final class CheckedFile: RandomAccessBytes {
    private let file: OpenFile
    let length: UInt64

    init(_ path: String) throws(IOError) {
        file = try OpenFile(path, .read)
        length = UInt64(try file.status().size)
    }

    func read(at offset: UInt64, count: Int) throws -> [UInt8] {
        let bytes = try file.bytes(at: Int(offset), count: count)
        guard bytes.count == count else { throw StoreFormatError("\(file.path) ends too early") }
        return bytes
    }
}
