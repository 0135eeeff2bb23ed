package import LineFormats
import SavedState

extension AgentBook: SavedDocument {
    private static let version = 1

    /// The document that is kept on disk.
    package var document: JSONValue {
        [
            "version": .integer(Self.version), "next_gap": .integer(nextGap),
            "forgotten_gaps": .integer(forgottenGaps),
            "agents": .array(agents.sorted { $0.key < $1.key }.map { Self.document($0.key, $0.value) }),
            "gaps": .array(gaps.map { Self.document($0) }),
        ]
    }

    /// Reads what ``document`` made.
    ///
    /// - Throws: ``HeartbeatError`` naming what is missing or wrong.
    package init(saved document: JSONValue) throws(HeartbeatError) {
        self.init()
        guard document["version"]?.int == Self.version else {
            throw HeartbeatError(field: "version", message: "its version is not \(Self.version)")
        }
        func number(_ value: JSONValue, _ name: String) throws(HeartbeatError) -> UInt64 {
            guard let number = try Heartbeat.number(name, value[name]) else {
                throw HeartbeatError(field: name, message: "`\(name)` is missing")
            }
            return number
        }
        func time(_ value: JSONValue, _ name: String) throws(HeartbeatError) -> Int64? {
            guard case .number(let text)? = value[name] else { return nil }
            guard let time = Int64(text) else {
                throw HeartbeatError(field: name, message: "`\(name)` is no number of nanoseconds")
            }
            return time
        }
        nextGap = try number(document, "next_gap")
        forgottenGaps = try number(document, "forgotten_gaps")
        for value in document["agents"]?.array ?? [] {
            guard let name = value["name"]?.string, let contact = try time(value, "last_contact") else {
                throw HeartbeatError(field: "agents", message: "an agent has no name or no `last_contact`")
            }
            agents[name] = AgentRecord(
                lastContact: contact, epoch: try number(value, "epoch"), version: value["version"]?.string ?? "",
                newestEvent: try time(value, "newest_event"),
                oldestUnacknowledged: try time(value, "oldest_unacknowledged"),
                spooledBytes: Int(clamping: try number(value, "spooled_bytes")),
                lastDrop: try number(value, "last_drop"))
        }
        for value in document["gaps"]?.array ?? [] {
            guard let low = try time(value, "from"), let high = try time(value, "to"), low <= high,
                let reported = try time(value, "reported")
            else { throw HeartbeatError(field: "gaps", message: "a gap has no times") }
            gaps.append(
                GapRecord(
                    number: try number(value, "number"), agent: value["agent"]?.string ?? "",
                    events: Int(clamping: try number(value, "events")), level: value["level"]?.string ?? "",
                    reason: value["reason"]?.string ?? "", times: low...high, reported: reported,
                    bytes: Int(clamping: try Heartbeat.number("bytes", value["bytes"]) ?? 0),
                    source: value["source"]?.string ?? ""))
        }
    }

    private static func document(_ name: String, _ record: AgentRecord) -> JSONValue {
        [
            "name": .string(name), "last_contact": .integer(record.lastContact), "epoch": .integer(record.epoch),
            "version": .string(record.version), "newest_event": record.newestEvent.map { .integer($0) } ?? .null,
            "oldest_unacknowledged": record.oldestUnacknowledged.map { .integer($0) } ?? .null,
            "spooled_bytes": .integer(record.spooledBytes), "last_drop": .integer(record.lastDrop),
        ]
    }

    private static func document(_ gap: GapRecord) -> JSONValue {
        [
            "number": .integer(gap.number), "agent": .string(gap.agent), "events": .integer(gap.events),
            "level": .string(gap.level), "reason": .string(gap.reason), "from": .integer(gap.times.lowerBound),
            "to": .integer(gap.times.upperBound), "reported": .integer(gap.reported), "bytes": .integer(gap.bytes),
            "source": .string(gap.source),
        ]
    }
}
