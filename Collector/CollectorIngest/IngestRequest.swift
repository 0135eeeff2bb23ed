package import LineFormats
package import LogModel

/// How the bytes of a body are compressed.
package enum BodyEncoding: Sendable, Equatable {
    /// Not at all.
    case identity
    /// One or more zstd frames.
    case zstd
}

/// What a body holds.
package enum BodyFormat: Sendable {
    /// `{"source":{...},"logs":[...]}`
    case json
    /// One batch of the wire protocol.
    case wire
    /// One JSON object a line.
    case jsonLines(JSONEventDecoder.Keys)
}

/// Who numbers the batches, and which one this is.
package struct SenderIdentity: Sendable, Equatable {
    /// The agent's name: 1 to 64 of `A-Z a-z 0-9 . _ -`.
    package var agent: String
    /// The agent's epoch.
    package var epoch: UInt64
    /// The number of the batch in the epoch, from 1.
    package var sequence: UInt64

    /// Names a batch of an agent.
    package init(agent: String, epoch: UInt64, sequence: UInt64) {
        self.agent = agent
        self.epoch = epoch
        self.sequence = sequence
    }

    /// Reads the three headers: all or none of them.
    ///
    /// - Throws: ``IngestProblem`` naming the header that is missing or wrong.
    package static func parse(
        agent: String?, epoch: String?, sequence: String?
    ) throws(IngestProblem) -> SenderIdentity? {
        if agent == nil && epoch == nil && sequence == nil { return nil }
        guard let agent, let epoch, let sequence else {
            let missing = agent == nil ? "Lodge-Agent" : epoch == nil ? "Lodge-Epoch" : "Lodge-Sequence"
            throw IngestProblem(
                .malformed,
                "Lodge-Agent, Lodge-Epoch and Lodge-Sequence belong together, and \(missing) is missing: "
                    + "send all three or none", field: missing)
        }
        let allowed = agent.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
            default: false
            }
        }
        guard allowed, !agent.isEmpty, agent.utf8.count <= 64 else {
            throw IngestProblem(
                .malformed, "Lodge-Agent must be 1 to 64 of the characters A-Z a-z 0-9 . _ -", field: "Lodge-Agent")
        }
        guard let epochNumber = UInt64(epoch) else {
            throw IngestProblem(
                .malformed, "Lodge-Epoch must be a whole number below 2^64", field: "Lodge-Epoch")
        }
        guard let number = UInt64(sequence), number > 0 else {
            throw IngestProblem(
                .malformed, "Lodge-Sequence must be a whole number from 1, below 2^64", field: "Lodge-Sequence")
        }
        return SenderIdentity(agent: agent, epoch: epochNumber, sequence: number)
    }
}

/// All about a request but its body.
package struct IngestRequest: Sendable {
    /// What the body holds.
    package var format: BodyFormat
    /// How it is compressed.
    package var encoding: BodyEncoding
    /// Who sent it, when it is numbered.
    package var sender: SenderIdentity?
    /// The route or the peer, for the dead letters.
    package var source: String

    /// Describes a request.
    package init(format: BodyFormat, encoding: BodyEncoding, sender: SenderIdentity? = nil, source: String) {
        self.format = format
        self.encoding = encoding
        self.sender = sender
        self.source = source
    }
}

/// What became of a request that was taken.
package struct IngestReceipt: Sendable, Equatable {
    /// Events stored.
    package var accepted: Int
    /// Events not taken.
    package var failed: Int
    /// Whether the batch had been stored before; then nothing was stored now.
    package var duplicate: Bool
    /// The first events not taken.
    package var errors: [EventRejection]
    /// The latest time of the batch's events; nil when it has none.
    package var newest: Timestamp?

    /// Makes a receipt.
    package init(
        accepted: Int, failed: Int, duplicate: Bool, errors: [EventRejection] = [], newest: Timestamp? = nil
    ) {
        self.accepted = accepted
        self.failed = failed
        self.duplicate = duplicate
        self.errors = errors
        self.newest = newest
    }
}
