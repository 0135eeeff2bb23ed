/// Something that is not as it was written.
package struct CheckFinding: Sendable, Equatable {
    /// What of the data directory it is about.
    package enum Part: String, Sendable {
        case journal, segment, catalog
    }

    /// Events that are gone.
    package struct Loss: Sendable, Equatable {
        /// Whose events; empty when nobody knows.
        package var tenants: [String] = []
        /// The earliest time that an event may have, nanoseconds since the epoch; nil when nobody knows.
        package var first: Int64?
        /// The latest time that an event may have.
        package var last: Int64?
        /// Events; of a record of the journal and of a segment without footer nobody knows how many it had.
        package var rows: Int?
        /// Batches, where these are what is counted.
        package var batches: Int?
        /// When only these fields of the events are gone, their names; else the whole events are.
        package var fields: [String] = []
    }

    /// What of the data directory it is about.
    package var part: Part
    /// The file.
    package var file: String
    /// A sentence without a full stop: what was found and where.
    package var what: String
    /// The events that are gone because of it; nil when none is.
    package var loss: Loss?
    /// Whether it was found and set aside before: it stays where it is until retention removes the file.
    package var isKnown = false
    /// What was done about it, nil when nothing was.
    package var repair: String?
}

/// What a check of a data directory has found.
package struct CheckReport: Sendable, Equatable {
    /// Journal files.
    package internal(set) var journalFiles = 0
    /// Good records in them.
    package internal(set) var journalRecords: UInt64 = 0
    /// Segments that count: neither replaced by others nor deleted by retention.
    package internal(set) var segments = 0
    /// Events in them that are intact.
    package internal(set) var rows = 0
    /// Bytes that were read, of journal and segments.
    package internal(set) var bytes = 0
    /// Segments in the catalog; nil when there is none or it cannot be read.
    package internal(set) var catalogRecords: Int?
    /// What is not as it was written.
    package internal(set) var findings: [CheckFinding] = []

    /// What a check comes to.
    package enum Verdict: String, Sendable {
        case sound, damaged, repaired
    }

    /// Whether anything was found that has not been dealt with.
    package var verdict: Verdict {
        let open = findings.filter { !$0.isKnown }
        if open.isEmpty { return .sound }
        return open.allSatisfy { $0.repair != nil } ? .repaired : .damaged
    }

    /// Events known to be lost as a whole, in all.
    package var lostRows: Int {
        findings.reduce(0) { $0 + ($1.loss.map { $0.fields.isEmpty ? $0.rows ?? 0 : 0 } ?? 0) }
    }

    /// Batches lost whose events nobody can count, in all.
    package var lostBatches: Int { findings.reduce(0) { $0 + ($1.loss?.batches ?? 0) } }
}
