/// The number of a record: consecutive, from 1, never used for another record once it was committed durably.
package typealias JournalPosition = UInt64

/// What a record holds. Values from 16 on belong to the users of the journal.
package struct JournalRecordKind: RawRepresentable, Hashable, Sendable {
    /// The byte in the record's header.
    package var rawValue: UInt8
    /// Makes a kind from the byte of a header.
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The state of the duplicate window where a file begins; written by the journal, never handed to readers.
    package static let checkpoint = JournalRecordKind(rawValue: 1)
    /// A batch of events.
    package static let batch = JournalRecordKind(rawValue: 16)
}

/// One record: a payload and who sent it when.
package struct JournalRecord: Sendable {
    /// What the payload is.
    package var kind: JournalRecordKind
    /// The tenant it belongs to; at most ``JournalLimits/maxNameBytes`` bytes.
    package var tenant: String
    /// When it arrived, nanoseconds since the epoch.
    package var ingestTime: Int64
    /// The agent that sent it, or empty when nobody numbers its batches; at most ``JournalLimits/maxNameBytes`` bytes.
    package var agent: String
    /// The agent's epoch: it numbers anew in each.
    package var epoch: UInt64
    /// The agent's number of this batch, from 1; 0 when there is none.
    package var sequence: UInt64
    /// What the payload begins with, kept apart so that a large ``payload`` that somebody has need not be copied. Empty
    /// when the record was read from disk.
    package var preamble: [UInt8]
    /// The content; with the preamble at most ``JournalLimits/maxPayloadBytes``.
    package var payload: [UInt8]
    /// Something in memory that goes along to subscribers, such as the decoded payload. Never written.
    package var attachment: (any Sendable)?

    /// Makes a record.
    package init(
        kind: JournalRecordKind = .batch, tenant: String = "default", ingestTime: Int64, agent: String = "",
        epoch: UInt64 = 0, sequence: UInt64 = 0, preamble: [UInt8] = [], payload: [UInt8],
        attachment: (any Sendable)? = nil
    ) {
        self.kind = kind
        self.tenant = tenant
        self.ingestTime = ingestTime
        self.agent = agent
        self.epoch = epoch
        self.sequence = sequence
        self.preamble = preamble
        self.payload = payload
        self.attachment = attachment
    }

    /// The payload as it is written, with its preamble; not copied when there is none.
    package var wholePayload: [UInt8] { preamble.isEmpty ? payload : preamble + payload }

    /// Bytes of the payload as it is written, with its preamble.
    package var payloadBytes: Int { preamble.count + payload.count }

    /// Who sent it and under which number, or nil when it has no agent or no number: such records are never duplicates.
    package var identity: BatchIdentity? {
        agent.isEmpty || sequence == 0
            ? nil : BatchIdentity(tenant: tenant, agent: agent, epoch: epoch, sequence: sequence)
    }
}

/// A record that is in the journal, with its number.
package struct CommittedRecord: Sendable {
    /// Its number.
    package var position: JournalPosition
    /// The record; its attachment is nil when it was read from disk.
    package var record: JournalRecord

    /// Pairs a record with its number.
    package init(position: JournalPosition, record: JournalRecord) {
        self.position = position
        self.record = record
    }
}

/// What makes a batch the same batch when it is sent again.
package struct BatchIdentity: Hashable, Sendable {
    /// The tenant.
    package var tenant: String
    /// The agent's id.
    package var agent: String
    /// The agent's epoch.
    package var epoch: UInt64
    /// The number of the batch within the epoch, from 1.
    package var sequence: UInt64

    /// Names a batch.
    package init(tenant: String, agent: String, epoch: UInt64, sequence: UInt64) {
        self.tenant = tenant
        self.agent = agent
        self.epoch = epoch
        self.sequence = sequence
    }
}
