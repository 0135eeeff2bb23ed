internal import LogModel
internal import SegmentCatalog
internal import StoreFormat
internal import SystemIO

/// Opening a store: the catalog and the directory are read, compared, and made to agree. Nothing but a directory that
/// cannot be read keeps a store from opening.
struct StoreOpening {
    private(set) var segments = SegmentSet()
    private(set) var catalog: SegmentCatalog
    /// Whether the catalog on the disk could not be brought up to date.
    private(set) var isBehind = false
    /// Segments that were damaged and are set aside.
    private(set) var damages: [Damage] = []
    private(set) var lostRows = 0
    private(set) var lostSegments = 0
    /// Segments that are in use and could not be read.
    private(set) var unreadable = UnreadableSegments()
    /// Of these, the ones of which nothing but the name is known.
    private var provisional: Set<String> = []

    struct Damage {
        var name: String
        /// Where the file is now.
        var path: String
        var reason: String
    }

    let directory: SegmentDirectory
    let report: @Sendable (String) -> Void
    let now = SystemClock.wallNanos()

    init(_ options: StoreOptions, _ directory: SegmentDirectory, _ report: @escaping @Sendable (String) -> Void) throws
    {
        self.directory = directory
        self.report = report
        let files = try directory.list()
        var known: [SegmentRecord] = []
        do {
            let opened = try SegmentCatalog.open(options.catalog, quarantine: options.catalogQuarantine)
            (catalog, known) = (opened.catalog, opened.records)
            if let aside = opened.setAside {
                report("\(aside.reason); it was set aside as \(aside.path) and is made again from the segments")
            }
        } catch {
            report("\(error); the segments are read without it")
            catalog = try SegmentCatalog.inMemory()
            isBehind = true
        }
        var intact = examine(
            removeDeparted(from: files, known),
            Dictionary(known.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }))
        intact += try examineStubs(known, local: Set(intact.map(\.name)))
        let result = Reconciliation(intact: intact, known: known, provisional: provisional, now: now)
        tell(result.losses, known)
        for name in result.overlapping {
            report("segment \(name) has journal positions that another segment has, too: both are kept")
        }
        segments = SegmentSet(
            live: result.live.map { [provisional] in
                directory.segment($0, isProvisional: provisional.contains($0.name))
            }, retired: result.retired)
        do { try catalog.apply(result.changes) } catch {
            report("\(error); the segments are kept, and the catalog is written anew when it can be")
            isBehind = true
        }
    }

    /// The records of the files that are intact: the catalog's where it has the file as it is, else from the footer.
    private mutating func examine(
        _ files: [(name: String, size: Int)], _ known: [String: SegmentRecord]
    ) -> [SegmentRecord] {
        var intact: [SegmentRecord] = []
        for (name, size) in files {
            let file = directory.file(name, length: UInt64(size))
            do {
                if let record = known[name], record.bytes == UInt64(size), record.tier != .cold {
                    try SegmentReader.check(file)
                    intact.append(record)
                    continue
                }
                let reader = try SegmentReader(file)
                guard let said = SegmentName(name), said.positions == reader.footer.journalPositions,
                    said.generation == Int(clamping: reader.footer.generation)
                else { throw StoreFormatError("its name and its footer say different things") }
                intact.append(SegmentRecord(reader.footer, name: name, bytes: UInt64(size), createdAt: now))
            } catch let error as IOError where !error.isMissing {
                // What an interrupted move left of a cold segment: the object store has it.
                if known[name]?.tier == .cold { continue }
                intact.append(unread(name, size, known[name], error))
            } catch {
                damages.append(Damage(name: name, path: directory.setAside(name), reason: "\(error)"))
            }
        }
        return intact
    }

    /// What is known of a segment whose file cannot be read: that it is there, and speaks for its journal positions.
    private mutating func unread(
        _ name: String, _ size: Int, _ known: SegmentRecord?, _ error: IOError
    ) -> SegmentRecord {
        _ = unreadable.note(name, .opening, now: SystemClock.monotonicNanos())
        if let known, known.bytes == UInt64(size) {
            report("segment \(name) stays in use, but its \(known.rows) events cannot be read now: \(error)")
            return known
        }
        report("segment \(name) stays in use, but its events cannot be read now: \(error)")
        provisional.insert(name)
        guard let said = SegmentName(name) else { preconditionFailure("only segments by their names are listed") }
        return SegmentRecord(
            name: name, positions: said.positions, generation: said.generation, level: 0, tier: .hot, state: .live,
            rows: 0, bytes: UInt64(size), timeBounds: Int64.min...Int64.max, ingestBounds: Int64.min...Int64.max,
            createdAt: now)
    }

    private mutating func tell(_ losses: [Reconciliation.Loss], _ known: [SegmentRecord]) {
        lostSegments = losses.count
        lostRows = losses.reduce(0) { $0 + $1.lostRows }
        for loss in losses where !damages.contains(where: { $0.name == loss.record.name }) {
            report("segment \(loss.record.name) is gone from \(directory.path): \(Self.text(loss))")
        }
        for damage in damages {
            let content: String
            if let loss = losses.first(where: { $0.record.name == damage.name }) {
                content = Self.text(loss)
            } else if known.contains(where: { $0.name == damage.name }) {
                content = "its events are in other segments"
            } else if let positions = SegmentName(damage.name)?.positions {
                content = "it held the journal positions \(positions.lowerBound) to \(positions.upperBound)"
            } else {
                continue
            }
            report("segment \(damage.path) is damaged and set aside: \(damage.reason): \(content)")
        }
    }

    private static func text(_ loss: Reconciliation.Loss) -> String {
        let low = Timestamp(nanoseconds: loss.record.timeBounds.lowerBound)
        let high = Timestamp(nanoseconds: loss.record.timeBounds.upperBound)
        return "\(loss.lostRows) events from \(low) to \(high) are in no other segment"
    }
}
