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
        /// Batches that are not acknowledged; nothing for the ledger.
        package var waitingBatches = 0
        /// Their events.
        package var waitingEvents = 0
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

    private var journals: [(name: String, path: String, cursor: UInt64?)] {
        var result: [(name: String, path: String, cursor: UInt64?)] = []
        for lane in Lane.inOrder {
            switch lane {
            case .old: result.append(("old", path, cursors.old))
            case .priority(let priority):
                result.append((priority.name, "\(path)/\(priority.name)", cursors.lanes[priority.rawValue]))
            }
        }
        result.append(("ledger", "\(path)/ledger", nil))
        return result
    }

    /// Reads all bytes and compares every checksum.
    ///
    /// - Parameter found: hears of each damage.
    /// - Returns: the parts that have files.
    /// - Throws: `JournalError` when a file is of a newer version, or the disk does not let it be read.
    package func verify(_ found: (String, JournalDamage) -> Void) throws(JournalError) -> [Part] {
        var parts: [Part] = []
        for (name, place, cursor) in journals {
            var part = Part(name: name, survey: try JournalSurvey(verifying: place, found: { found(name, $0) }))
            if part.survey.files == 0 { continue }
            if let cursor {
                try forEach(place, behind: cursor) { record in
                    part.waitingBatches += 1
                    part.waitingEvents += record.events
                }
            }
            parts.append(part)
        }
        return parts
    }

    /// Hands out what waits as documents, the highest priority first: batches, or their events.
    ///
    /// - Throws: `JournalError` when a journal is used, or cannot be read.
    package func dump(events: Bool, _ take: (JSONValue) -> Void) throws(JournalError) {
        for (name, place, cursor) in journals {
            guard let cursor, FileSystem.exists(place) else { continue }
            try forEach(place, behind: cursor) { record in
                if events { Self.events(of: record, name, take) } else { take(Self.document(record, name)) }
            }
        }
    }

    private func forEach(
        _ place: String, behind cursor: UInt64, _ take: (SpoolRecord) -> Void
    ) throws(JournalError) {
        let directory = try JournalDirectory(place)
        let reader = JournalReader(directory, from: cursor + 1)
        while reader.position < directory.nextPosition {
            let before = reader.position
            let result = try reader.read(maxBytes: 1 << 20)
            if reader.position <= before { return }
            for record in result.records {
                if let batch = try? SpoolRecord(record) { take(batch) }
            }
        }
    }

    private static func document(_ record: SpoolRecord, _ lane: String) -> JSONValue {
        let files =
            record.shares.map { ($0.path, $0.bytes) }
            + record.progress.map { ($0.state.path, $0.from..<max($0.from, $0.state.offset)) }
        return [
            "lane": .string(lane), "position": .integer(record.position), "agent": .string(record.agent),
            "epoch": .integer(record.epoch), "sequence": .integer(record.sequence),
            "events": .integer(record.events), "bytes": .integer(record.payload.count),
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
