package import LineFormats
import LogModel

/// Events that an agent could not deliver, as it reports them.
package struct DropReport: Sendable, Equatable {
    /// Its number among the reports of the agent's epoch, from 1: one that is sent again is known by it.
    package var number: UInt64
    /// How many events.
    package var events: Int
    /// Their level, empty where they had none.
    package var level: String
    /// Why, as a word: `rejected`.
    package var reason: String
    /// Their earliest and latest time, nanoseconds.
    package var times: ClosedRange<Int64>
    /// Bytes that were never read, as far as known; 0 where it is about events.
    package var bytes: Int
    /// The file that they were in; empty where that is not told.
    package var source: String

    /// Makes a report.
    package init(
        number: UInt64, events: Int, level: String, reason: String, times: ClosedRange<Int64>, bytes: Int = 0,
        source: String = ""
    ) {
        self.number = number
        self.events = events
        self.level = level
        self.reason = reason
        self.times = times
        self.bytes = bytes
        self.source = source
    }
}

/// What an agent says of itself when it has nothing else to say.
package struct Heartbeat: Sendable, Equatable {
    /// Reports of one heartbeat at most; an agent with more sends the others with the next.
    package static let maximumDrops = 256

    /// The agent's name: 1 to 64 of `A-Z a-z 0-9 . _ -`.
    package var agent: String
    /// Its epoch.
    package var epoch: UInt64
    /// The version of its program.
    package var version: String
    /// The earliest time of the events that it has and the collector has not; nil when there are none. Nanoseconds.
    package var oldestUnacknowledged: Int64?
    /// Bytes of its spool.
    package var spooledBytes: Int
    /// Whether it has delivered everything and ends for good, so that nothing is awaited of it.
    package var isLeaving: Bool
    /// What it could not deliver and has not reported yet.
    package var drops: [DropReport]
    /// What it says of itself in full, for people: an object, of which nothing is looked at; nil when it says nothing.
    package var status: JSONValue?

    /// Makes a heartbeat.
    package init(
        agent: String, epoch: UInt64, version: String = "", oldestUnacknowledged: Int64? = nil, spooledBytes: Int = 0,
        isLeaving: Bool = false, drops: [DropReport] = [], status: JSONValue? = nil
    ) {
        self.agent = agent
        self.epoch = epoch
        self.version = version
        self.oldestUnacknowledged = oldestUnacknowledged
        self.spooledBytes = spooledBytes
        self.isLeaving = isLeaving
        self.drops = drops
        self.status = status
    }

    /// The members of its document.
    package static let members = [
        "agent", "epoch", "version", "oldest_unacknowledged", "spooled_bytes", "leaving", "drops", "status",
    ]

    /// Reads the document that an agent sends.
    ///
    /// - Throws: ``HeartbeatError`` naming the member that is missing or wrong.
    package init(_ document: JSONValue) throws(HeartbeatError) {
        func member(_ name: String) -> JSONValue? {
            guard let value = document[name], value != .null else { return Optional.none }
            return value
        }
        func text(_ name: String, upTo limit: Int) throws(HeartbeatError) -> String {
            guard let value = member(name) else { return "" }
            guard let text = value.string, text.utf8.count <= limit else {
                throw HeartbeatError(field: name, message: "`\(name)` must be text of up to \(limit) bytes")
            }
            return text
        }
        // What is there must be right before what is missing is asked for.
        agent = try text("agent", upTo: 64)
        version = try text("version", upTo: 64)
        epoch = try Self.number("epoch", member("epoch")) ?? 0
        spooledBytes = Int(clamping: try Self.number("spooled_bytes", member("spooled_bytes")) ?? 0)
        oldestUnacknowledged = try Self.time("oldest_unacknowledged", member("oldest_unacknowledged"))
        isLeaving = false
        if let value = member("leaving") {
            guard let flag = value.bool else {
                throw HeartbeatError(field: "leaving", message: "`leaving` must be true or false")
            }
            isLeaving = flag
        }
        drops = []
        if let value = member("drops") {
            guard let list = value.array, list.count <= Self.maximumDrops else {
                throw HeartbeatError(
                    field: "drops", message: "`drops` must be a list of up to \(Self.maximumDrops) reports")
            }
            for element in list { drops.append(try DropReport(element)) }
        }
        status = member("status")
        if let status, status.members == nil {
            throw HeartbeatError(field: "status", message: "`status` must be an object")
        }
        guard Self.isName(agent) else {
            throw HeartbeatError(
                field: "agent", message: "`agent` must be 1 to 64 of the characters A-Z a-z 0-9 . _ -")
        }
        guard member("epoch") != nil else {
            throw HeartbeatError(field: "epoch", message: "`epoch` is missing: the agent's epoch, a whole number")
        }
    }

    /// Whether a text can be the name of an agent.
    package static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: false
                }
            }
    }

    static func number(_ name: String, _ value: JSONValue?) throws(HeartbeatError) -> UInt64? {
        guard let value else { return nil }
        guard case .number(let text) = value, let number = UInt64(text) else {
            throw HeartbeatError(field: name, message: "`\(name)` must be a whole number from 0, below 2^64")
        }
        return number
    }

    static func time(_ name: String, _ value: JSONValue?) throws(HeartbeatError) -> Int64? {
        guard let value else { return nil }
        guard let text = value.string, let time = Timestamp(parsing: text) else {
            throw HeartbeatError(field: name, message: "`\(name)` must be a time such as 2025-06-15T14:05:00Z")
        }
        return time.nanoseconds
    }
}

extension DropReport {
    /// Bytes of the path of a file, with room for characters that stand for what is no text.
    private static let sourceBytes = 1_024

    fileprivate init(_ document: JSONValue) throws(HeartbeatError) {
        func text(_ name: String) throws(HeartbeatError) -> String {
            guard let text = document[name]?.string, text.utf8.count <= 64 else {
                throw HeartbeatError(field: "drops.\(name)", message: "`\(name)` must be text of up to 64 bytes")
            }
            return text
        }
        guard let number = try Heartbeat.number("drops.number", document["number"]), number > 0 else {
            throw HeartbeatError(field: "drops.number", message: "`number` must be a whole number from 1")
        }
        guard let low = try Heartbeat.time("drops.from", document["from"]),
            let high = try Heartbeat.time("drops.to", document["to"]), low <= high
        else {
            throw HeartbeatError(field: "drops.from", message: "`from` and `to` must be times, the later one last")
        }
        // Agents of version 0.1 tell neither bytes nor a source.
        let source = document["source"]?.string ?? ""
        guard source.utf8.count <= Self.sourceBytes else {
            throw HeartbeatError(
                field: "drops.source", message: "`source` must be text of up to \(Self.sourceBytes) bytes")
        }
        self.init(
            number: number, events: Int(clamping: try Heartbeat.number("drops.events", document["events"]) ?? 0),
            level: try text("level"), reason: try text("reason"), times: low...high,
            bytes: Int(clamping: try Heartbeat.number("drops.bytes", document["bytes"]) ?? 0), source: source)
    }
}

/// Why a heartbeat is not understood.
package struct HeartbeatError: Error, Sendable, Equatable {
    /// The member that is wrong.
    package var field: String
    /// A sentence without a full stop.
    package var message: String

    /// Makes an error.
    package init(field: String, message: String) {
        self.field = field
        self.message = message
    }
}
