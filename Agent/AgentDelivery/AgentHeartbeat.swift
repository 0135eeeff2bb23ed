package import LineFormats
package import LogModel

/// What an agent says of itself: the document of `POST /v1/heartbeat`.
package struct AgentHeartbeat: Sendable, Equatable {
    /// The agent's name and epoch.
    package var agent: String
    package var epoch: UInt64
    /// The version of the program.
    package var version: String
    /// The earliest time of the events that wait; nil when none do.
    package var oldestUnacknowledged: Timestamp?
    /// Bytes of the spool.
    package var spooledBytes: Int
    /// Whether everything is delivered and the agent ends for good.
    package var isLeaving: Bool
    /// What could not be delivered and has not been told.
    package var drops: [DropLog.Entry]
    /// What it says of itself in full; nil for nothing.
    package var status: JSONValue?

    /// The document.
    package var document: JSONValue {
        // Paths are long and there may be many; a collector takes 256 KiB.
        var pathBytes = 96 << 10
        func files(_ drop: DropLog.Entry) -> JSONValue {
            .array(
                drop.origins.compactMap { origin in
                    pathBytes -= origin.path.utf8.count + 64
                    if pathBytes < 0 { return nil }
                    return [
                        "path": .string(origin.path), "from_byte": .integer(origin.bytes.lowerBound),
                        "to_byte": .integer(origin.bytes.upperBound), "events": .integer(origin.events),
                    ]
                })
        }
        return [
            "status": status ?? .null, "agent": .string(agent), "epoch": .integer(epoch), "version": .string(version),
            "oldest_unacknowledged": oldestUnacknowledged.map { .string($0.description) } ?? .null,
            "spooled_bytes": .integer(spooledBytes), "leaving": .bool(isLeaving),
            "drops": .array(
                drops.map { drop in
                    [
                        "number": .integer(drop.number), "events": .integer(drop.events),
                        "level": .string(drop.level.name), "reason": .string(drop.reason),
                        "from": .string(drop.times.lowerBound.description),
                        "to": .string(drop.times.upperBound.description), "bytes": .integer(drop.bytes),
                        "source": .string(drop.source), "files": files(drop),
                    ]
                }),
        ]
    }
}
