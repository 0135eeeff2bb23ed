import Journal
import SystemIO

/// What is found when a spool is opened.
struct OpenedSpool {
    var lanes: [JournalDirectory] = []
    var ledger: JournalDirectory
    /// The journal of a version before there were priorities; nil when there is none, as usual.
    var old: JournalDirectory?
    var state: SpoolState
    /// Numbers that never counted, or are lost, and that the ledger does not tell yet.
    var voids: [LedgerEntry.Void] = []
    /// What is lost of them.
    var lost: [DropNote] = []
    /// The last entry of the ledger that repeats those before it.
    var summary: UInt64 = 0
    /// Whether it is uncertain which numbers were used.
    var isDamaged = false
    /// What was set aside, and why.
    var setAside: [SpoolPartSetAside] = []
}

/// A journal of a spool that could not be opened and was renamed.
package struct SpoolPartSetAside: Sendable, Equatable {
    /// Where it is now.
    package var path: String
    /// What was wrong.
    package var reason: String
    /// Whether it held events; the ledger does not.
    package var hasEvents: Bool
}

/// Opens the journals of a spool. Damage never makes it fail.
struct SpoolOpening {
    let path: String
    let limitBytes: Int
    let cursors: SpoolCursors
    let onDamage: @Sendable (JournalDamage) -> Void

    /// - Throws: ``JournalError`` when another process uses it, or the disk does not let it be used at all.
    func open() throws(JournalError) -> OpenedSpool {
        do throws(IOError) { try FileSystem.createDirectory(path) } catch { throw .io(error) }
        var setAside: [SpoolPartSetAside] = []
        let ledger = try journal(
            "ledger", fileBytes: min(1 << 20, limitBytes / 64), .allFiles,
            leastNext: max(cursors.ledger, cursors.reported) + 1, &setAside)
        var result = OpenedSpool(ledger: ledger, state: SpoolState(lanes: []))
        let told = LedgerDigest(ledger, behind: cursors)
        result.summary = told.summary
        var lanes: [SpoolState.Lane] = []
        for priority in Priority.allCases {
            let directory = try journal(
                priority.name, fileBytes: min(16 << 20, max(256 << 10, limitBytes / 32)), .lastFile,
                leastNext: told.end(priority) + 1, &setAside)
            result.lanes.append(directory)
            let held = try held(in: directory.path, &setAside)
            lanes.append(lane(priority, directory, held, told, &result))
        }
        try openOld(&result, &lanes)
        result.state = SpoolState(lanes: lanes)
        result.setAside = setAside
        let journals = result.lanes + [ledger] + (result.old.map { [$0] } ?? [])
        let isEmpty = result.lanes.allSatisfy { $0.status.files == 0 } && cursors == SpoolCursors()
        result.isDamaged =
            !(told.isTrusted || isEmpty) || !setAside.isEmpty
            || journals.contains { $0.status.damages > 0 || $0.status.tornTails > 0 }
        return result
    }

    private func lane(
        _ priority: Priority, _ directory: JournalDirectory, _ held: [SpoolState.Held], _ told: LedgerDigest,
        _ result: inout OpenedSpool
    ) -> SpoolState.Lane {
        let cursor = cursors.lanes[priority.rawValue]
        let (last, end) = (directory.nextPosition - 1, told.end(priority))
        var lane = SpoolState.Lane(acknowledged: max(cursor, told.floor(priority)), end: last)
        lane.floor = told.floor(priority)
        lane.voids = told.voids(priority, behind: lane.acknowledged)
        func add(_ numbers: ClosedRange<UInt64>) {
            result.voids.append(LedgerEntry.Void(priority: priority, numbers: numbers))
            lane.voids.append(numbers)
        }
        // The ledger's word came after these were durable: no interrupted write can have taken them.
        for tail in directory.damages where tail.isTornTail {
            let first = max(tail.lost.lowerBound, lane.acknowledged + 1)
            if first > end { continue }
            result.lost.append(DropNote(tail))
            add(first...end)
        }
        // What was appended without the ledger's word is read from its files again.
        if told.isTrusted, last > end { add((end + 1)...last) }
        lane.voids.sort { $0.lowerBound < $1.lowerBound }
        // What was on its way when the agent ended may be stored, and what was acknowledged since the registry was saved
        // is: see `SpoolQueue.needsSave`.
        if let first = lane.first { lane.uncertain = directory.boundOfFile(at: first).map { $0 - 1 } ?? last }
        for held in held {
            if told.isHeld(held.number, priority, cursor: cursor) {
                lane.held.append(held)
            } else {
                HeldBatch.remove(held.number, in: directory.path)
            }
        }
        return lane
    }

    private func openOld(_ result: inout OpenedSpool, _ lanes: inout [SpoolState.Lane]) throws(JournalError) {
        var lane = SpoolState.Lane(acknowledged: 0, end: 0)
        let names: [String]
        do throws(IOError) { names = try FileSystem.list(path) } catch { throw .io(error) }
        if names.contains(where: { $0.hasSuffix(".journal") }) {
            let options = JournalOptions(verification: .allFiles, onDamage: onDamage)
            let directory = try JournalDirectory(path, options: options)
            lane = SpoolState.Lane(acknowledged: cursors.old, end: directory.nextPosition - 1)
            lane.uncertain = lane.end
            result.old = directory
        }
        lanes.append(lane)
    }

    /// Opens one journal; one that cannot be opened is renamed, and an empty one takes its place.
    private func journal(
        _ name: String, fileBytes: Int, _ verification: JournalOptions.Verification, leastNext: UInt64,
        _ setAside: inout [SpoolPartSetAside]
    ) throws(JournalError) -> JournalDirectory {
        let options = JournalOptions(
            fileBytes: fileBytes, verification: verification, leastNext: leastNext, onDamage: onDamage)
        let place = "\(path)/\(name)"
        do throws(JournalError) { return try JournalDirectory(place, options: options) } catch {
            if case .inUse = error { throw error }
            setAside.append(try moveAside(place, error.description, hasEvents: name != "ledger"))
            return try JournalDirectory(place, options: options)
        }
    }

    /// The batches that are kept apart from a lane. When nobody can tell which there are, their directory is renamed.
    private func held(
        in lane: String, _ setAside: inout [SpoolPartSetAside]
    ) throws(JournalError) -> [SpoolState.Held] {
        do throws(IOError) { return try HeldBatch.list(in: lane) } catch {
            setAside.append(try moveAside("\(lane)/held", error.description, hasEvents: true))
            return []
        }
    }

    private func moveAside(
        _ place: String, _ reason: String, hasEvents: Bool
    ) throws(JournalError) -> SpoolPartSetAside {
        let aside = "\(place).aside-\(SystemClock.wallNanos())"
        do throws(IOError) { try FileSystem.rename(place, to: aside) } catch { throw .io(error) }
        return SpoolPartSetAside(path: aside, reason: reason, hasEvents: hasEvents)
    }
}
