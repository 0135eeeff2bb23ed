import AgentPipeline
import ByteCoding
package import Journal
package import LineFormats
import LogModel
package import SystemIO

/// Looks into a spool that no agent uses, for people. Nothing is sent, dropped or counted; an interrupted write at the end
/// of a journal is cut off, as the next start of the agent would.
package struct SpoolInspection {
    /// One journal of a spool.
    package struct Part: Sendable {
        /// `error`, `warn`, `info`, `debug`, `ledger`, or `old` for that of a version without priorities.
        package var name: String
        /// What reading all of it has found.
        package var survey: JournalSurvey
        /// Batches that are neither acknowledged nor dropped; nothing for the ledger.
        package var waitingBatches = 0
        /// Their events.
        package var waitingEvents = 0
        /// How many of the batches are kept apart from their journal, because they may be stored.
        package var heldBatches = 0
        /// The numbers of batches that were kept apart from their journal, because they may be stored, and whose files are
        /// damaged.
        package var damagedHeld: [UInt64] = []
    }

    private let path: String
    private let cursors: SpoolCursors

    /// Looks at the spool of a state directory.
    ///
    /// - Throws: `IOError` when the registry cannot be read.
    package init(state: String) throws(IOError) {
        path = "\(state)/spool"
        cursors = try Registry.load(state).cursors
    }

    private func path(of lane: Lane) -> String {
        if case .priority(let priority) = lane { "\(path)/\(priority.name)" } else { path }
    }

    private static func name(of lane: Lane) -> String {
        if case .priority(let priority) = lane { priority.name } else { "old" }
    }

    /// Reads all bytes and compares every checksum.
    ///
    /// - Parameter found: hears of each damage.
    /// - Returns: the parts that have files.
    /// - Throws: `JournalError` when a file is of a newer version, or the disk does not let it be read.
    package func verify(_ found: (String, JournalDamage) -> Void) throws(JournalError) -> [Part] {
        var parts: [Part] = []
        for lane in Lane.inOrder {
            let name = Self.name(of: lane)
            var part = Part(name: name, survey: try JournalSurvey(verifying: path(of: lane)) { found(name, $0) })
            let held = try Self.held(in: path(of: lane))
            if part.survey.files == 0, held.isEmpty { continue }
            part.damagedHeld = held.map(\.number).filter { number in
                ((try? HeldBatch.read(number, in: path(of: lane))) ?? nil).flatMap { try? SpoolRecord($0) } == nil
            }
            try forEachWaiting(in: lane) { record, isHeld in
                part.waitingBatches += 1
                if isHeld { part.heldBatches += 1 }
                part.waitingEvents += record.events
            }
            parts.append(part)
        }
        let ledger = try JournalSurvey(verifying: "\(path)/ledger") { found("ledger", $0) }
        if ledger.files > 0 { parts.append(Part(name: "ledger", survey: ledger)) }
        return parts
    }

    /// Hands out what waits as documents, the highest priority first: batches, or their events.
    ///
    /// - Throws: `JournalError` when a journal is used, or cannot be read.
    package func dump(events: Bool, _ take: (JSONValue) -> Void) throws(JournalError) {
        for lane in Lane.inOrder where FileSystem.exists(path(of: lane)) {
            let name = Self.name(of: lane)
            try forEachWaiting(in: lane) { record, isHeld in
                if events { Self.events(of: record, name, take) } else { take(Self.document(record, name, isHeld)) }
            }
        }
    }

    private static func held(in place: String) throws(JournalError) -> [SpoolState.Held] {
        do throws(IOError) { return try HeldBatch.list(in: place) } catch { throw .io(error) }
    }

    /// Hands out what the agent would send, in its order, and whether it is kept apart.
    private func forEachWaiting(in lane: Lane, _ take: (SpoolRecord, Bool) -> Void) throws(JournalError) {
        guard case .priority(let priority) = lane else {
            return try forEach(path, in: (cursors.old + 1)...(.max - 1), but: []) { take($0, false) }
        }
        let place = path(of: lane)
        if !FileSystem.exists(place) { return }
        let cursor = cursors.lanes[priority.rawValue]
        let told = LedgerDigest(try JournalDirectory("\(path)/ledger"), behind: cursors)
        for held in try Self.held(in: place) where told.isHeld(held.number, priority, cursor: cursor) {
            if let record = ((try? HeldBatch.read(held.number, in: place)) ?? nil).flatMap({ try? SpoolRecord($0) }) {
                take(record, true)
            }
        }
        let done = max(cursor, told.floor(priority))
        let end = told.isTrusted ? max(done, told.end(priority)) : .max - 1
        if done >= end { return }
        try forEach(place, in: (done + 1)...end, but: told.voids(priority, behind: done)) { take($0, false) }
    }

    private func forEach(
        _ place: String, in numbers: ClosedRange<UInt64>, but voids: [ClosedRange<UInt64>],
        _ take: (SpoolRecord) -> Void
    ) throws(JournalError) {
        if !FileSystem.exists(place) { return }
        let directory = try JournalDirectory(place)
        let reader = JournalReader(directory, from: numbers.lowerBound)
        while reader.position < directory.nextPosition, reader.position <= numbers.upperBound {
            let before = reader.position
            let result = try reader.read(maxBytes: 1 << 20)
            if reader.position <= before { return }
            for record in result.records where numbers.contains(record.position) {
                if voids.contains(where: { $0.contains(record.position) }) { continue }
                if let batch = try? SpoolRecord(record) { take(batch) }
            }
        }
    }

    private static func document(_ record: SpoolRecord, _ lane: String, _ isHeld: Bool) -> JSONValue {
        let files =
            record.shares.map { ($0.path, $0.bytes) }
            + record.progress.map { ($0.state.path, $0.from..<max($0.from, $0.state.offset)) }
        return [
            "lane": .string(lane), "position": .integer(record.position), "agent": .string(record.agent),
            "epoch": .integer(record.epoch), "sequence": .integer(record.sequence),
            "events": .integer(record.events), "bytes": .integer(record.payload.count), "kept_apart": .bool(isHeld),
            "levels": .object(record.levels.map { .init($0.level.name, .integer($0.events)) }),
            "files": .array(
                files.map { path, bytes in
                    [
                        "path": .string(path), "from_byte": .integer(bytes.lowerBound),
                        "to_byte": .integer(bytes.upperBound),
                    ]
                }),
        ]
    }

    private static func events(of record: SpoolRecord, _ lane: String, _ take: (JSONValue) -> Void) {
        guard let batch = try? record.decoded() else {
            take(["lane": .string(lane), "position": .integer(record.position), "damaged": .bool(true)])
            return
        }
        for row in 0..<batch.count {
            var members: [JSONValue.Member] = [
                .init("_time", .string(Timestamp(nanoseconds: batch.timestamps[row]).description)),
                .init("_msg", .string(batch.message(at: row))),
            ]
            for field in batch.fields[Int(batch.fieldStarts[row])..<Int(batch.fieldStarts[row + 1])] {
                let value = String(decoding: batch.bytes(of: field.value), as: UTF8.self)
                members.append(.init(batch.fieldNames[Int(field.name)], .string(value)))
            }
            take(.object(members))
        }
    }
}
