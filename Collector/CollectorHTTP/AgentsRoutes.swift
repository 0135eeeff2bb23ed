import AgentTracking
import GapTracking
import HTTPTypes
import HummingbirdCore
import LineFormats
import LogModel
import SystemIO
import Workers

/// `POST /v1/heartbeat`: what an agent says of itself; `GET /v1/agents`: which agents there are and what they dropped;
/// `GET /v1/agents/NAME`: all that one has said; `DELETE /v1/agents/NAME`: nothing is awaited of an agent any more.
struct AgentsRoutes: Sendable {
    /// More than a heartbeat with as many reports as it may have.
    private static let bodyBytes = 256 << 10

    let agents: AgentRegistry
    let gaps: GapRegistry
    /// Reports are written to the disk before they are acknowledged.
    let workers: WorkerPool

    func add(to router: inout Router) {
        let heartbeat = Endpoint(.post, "/v1/heartbeat", members: Heartbeat.members)
        router.add(heartbeat, bodyLimit: Self.bodyBytes) { try await take($0, heartbeat) }
        router.addWithHead(Endpoint(.get, "/v1/agents")) { _ in .json(200, list().bytes) }
        router.addWithHead(Endpoint(.get, "/v1/agents/{name}")) { exchange in
            .json(200, try one(String(exchange.lastPart)).bytes)
        }
        router.add(Endpoint(.delete, "/v1/agents/{name}")) { exchange in
            let name = String(exchange.lastPart)
            guard agents.remove(name) else { throw Self.unknown(name) }
            return .empty(204)
        }
    }

    private static func unknown(_ name: String) -> Problem {
        Problem(
            404, "unknown-agent", "There is no such agent",
            "no agent `\(name.prefix(64))` is known: GET /v1/agents lists them")
    }

    private func take(_ exchange: Exchange, _ endpoint: Endpoint) async throws -> Response {
        let request = try await SearchRequest(exchange, endpoint, limit: Self.bodyBytes)
        let heartbeat: Heartbeat
        do throws(HeartbeatError) {
            heartbeat = try Heartbeat(request.body)
        } catch {
            throw Problem.badValue(error.field, error.message)
        }
        let last: UInt64
        do {
            // Only reports go to the disk, and only they are worth a thread.
            last =
                heartbeat.drops.isEmpty
                ? try agents.take(heartbeat) : try await workers.run { [agents] in try agents.take(heartbeat) }
        } catch let error as WorkerError {
            throw Problem(503, "busy", "The collector has too much to do", error.description, retryAfter: 1)
        } catch let error as IOError {
            throw Problem(
                503, "not-durable", "The report cannot be kept", error.description, retryAfter: 30)
        }
        return .json(200, JSONValue.object([.init("drops_acknowledged", .integer(last))]).bytes)
    }

    // MARK: Looking

    private func one(_ name: String) throws -> JSONValue {
        let book = agents.book
        guard let record = book.agents[name] else { throw Self.unknown(name) }
        return [
            "agent": Self.document(name, record, agents.now, agents.rules),
            "gaps": .array(book.gaps.filter { $0.agent == name }.map { Self.document($0) }),
            // It was read as JSON when it came.
            "status": agents.status(of: name).flatMap { try? JSONValue(parsing: $0) } ?? .null,
        ]
    }

    private func list() -> JSONValue {
        let book = agents.book
        let known = gaps.book
        let now = agents.now
        return [
            "agents": .array(
                book.agents.sorted { $0.key < $1.key }.map { Self.document($0.key, $0.value, now, agents.rules) }),
            "gaps": .array(book.gaps.map { Self.document($0) }),
            "collector_gaps": .array(known.gaps.map { Self.document($0) }),
            "joined_gaps": .integer(known.joined),
            "refused_contacts": .integer(book.refused), "forgotten_gaps": .integer(book.forgottenGaps),
        ]
    }

    private static func document(
        _ name: String, _ record: AgentRecord, _ now: Int64, _ rules: AgentRules
    ) -> JSONValue {
        let late = AgentBook.late(name, record, now, rules)
        return [
            "agent": .string(name),
            "state": .string(late.map { $0.isSilent ? "silent" : "behind" } ?? "well"),
            "behind_ms": .integer((late?.behindNanos ?? 0) / 1_000_000), "last_seen": time(record.lastContact),
            "newest_event": record.newestEvent.map { time($0) } ?? .null,
            "oldest_unacknowledged": record.oldestUnacknowledged.map { time($0) } ?? .null,
            "spooled_bytes": .integer(record.spooledBytes), "epoch": .integer(record.epoch),
            "version": .string(record.version),
        ]
    }

    private static func document(_ gap: GapRecord) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("gap", .string(gap.id)), .init("agent", .string(gap.agent)), .init("events", .integer(gap.events)),
            .init("level", .string(gap.level)), .init("cause", .string(gap.reason)),
            .init("bytes", .integer(gap.bytes)), .init("source", .string(gap.source)),
        ]
        members += Completeness.times(gap.times)
        members.append(.init("reported", time(gap.reported)))
        return .object(members)
    }

    private static func document(_ gap: Gap) -> JSONValue {
        .object(
            Completeness.gapMembers(gap) + Completeness.times(gap.loss.times) + [.init("reported", time(gap.reported))])
    }

    private static func time(_ nanoseconds: Int64) -> JSONValue {
        .string(Timestamp(nanoseconds: nanoseconds).description)
    }
}
