package import AgentDelivery
package import AgentPipeline
package import Diagnostics
import ByteCoding
import Glibc
import Journal
import SystemIO

/// Why an agent does not start, or ends.
package struct AgentError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A sentence without a full stop: what failed, on what, what to do.
    package var description: String

    /// Makes an error.
    package init(_ description: String) {
        self.description = description
    }
}

/// Everything an agent keeps: who it is, how far each file is acknowledged, and the spool. One process at a time.
package final class StateDirectory: Sendable {
    /// The path.
    package let path: String
    /// The agent's id: letters, digits, dots and dashes, 64 at most.
    package let agent: String
    /// The agent's epoch.
    package let epoch: UInt64
    /// What is not acknowledged yet.
    package let spool: Spool
    /// How far each file is acknowledged.
    package let registry: Registry
    /// How far each file has been read: acknowledged, or in the spool.
    package let sources: [SourceState]
    /// Whether no run before has known of any file.
    package var isNew: Bool { registry.content.nextSource == 1 && sources.isEmpty }
    /// When the run before wrote the registry last, nanoseconds; nil when there was none.
    package let lastSaved: Int64?
    /// The lock lasts as long as this is open.
    private let lock: OpenFile

    /// Opens a state directory, which is made when it is missing. Damage in it is reported and never prevents a start.
    ///
    /// - Throws: ``AgentError`` when another agent has it, or it cannot be written to.
    package init(_ path: String, spool options: SpoolOptions, log: DiagnosticLog) throws(AgentError) {
        self.path = path
        do throws(IOError) {
            try FileSystem.createDirectory(path)
            lock = try OpenFile(path, .directory)
            try lock.lockExclusively()
        } catch {
            throw AgentError(
                error.isBusy
                    ? "another agent uses the state directory \(path): stop it or choose another with --state"
                    : "the state directory \(path) cannot be used: \(error.description)")
        }
        let loaded: Registry.Loaded
        do throws(IOError) { loaded = try Registry.load(path) } catch {
            throw AgentError("the registry cannot be read: \(error.description)")
        }
        do throws(JournalError) {
            spool = try Spool("\(path)/spool", options: options, cursors: loaded.cursors) { damage in
                log.error("the spool is damaged", ("what", damage.description))
            }
        } catch {
            throw AgentError("the spool cannot be opened: \(error.description)")
        }
        for part in spool.setAside {
            log.error(
                "a part of the spool cannot be opened and is set aside", ("path", part.path), ("reason", part.reason))
        }
        lastSaved = ["registry.a", "registry.b"].compactMap { name in
            ((try? FileSystem.status("\(path)/\(name)")) ?? nil)?.modifiedNanos
        }.max()
        let (content, generation) = StateDirectory.identity(loaded, spool, path, log)
        agent = content.agent
        epoch = content.epoch
        let (sources, nextSource) = StateDirectory.overlaid(content, by: spool, log)
        self.sources = sources
        var complete = content
        complete.nextSource = nextSource
        // What an earlier run had not spooled yet is read again, under another number.
        let lastEntry = spool.lastEntry
        complete.forgotten = content.forgotten.mapValues { min($0, lastEntry) }
        registry = Registry(path, complete, generation: generation)
        do throws(IOError) { try registry.save() } catch {
            throw AgentError("the state directory \(path) cannot be written to: \(error.description)")
        }
        // On a disk without room they are written where they are: both must be there before.
        if !FileSystem.exists("\(path)/registry.a") { try? registry.saveAgain() }
    }

    /// Who the agent is. A number must never stand for two different batches, so a new epoch begins whenever it is not
    /// certain which numbers have been used: after damage, or when the directory is a copy of another.
    private static func identity(
        _ loaded: Registry.Loaded, _ spool: Spool, _ path: String, _ log: DiagnosticLog
    ) -> (RegistryContent, UInt64) {
        let fingerprint = fingerprint(path)
        let now = UInt64(clamping: SystemClock.wallNanos() / 1000)
        func new(_ agent: String) -> RegistryContent {
            RegistryContent(agent: agent, epoch: now, fingerprint: fingerprint)
        }
        switch loaded {
        case .none: return (new(newAgentID()), 0)
        case .damaged(let reason):
            log.error("the registry is damaged, files may be read again", ("reason", reason))
            for name in ["registry.a", "registry.b"] where FileSystem.exists("\(path)/\(name)") {
                // Kept for people; when it cannot be renamed it is overwritten in time.
                try? FileSystem.rename("\(path)/\(name)", to: "\(path)/\(name).damaged")
            }
            return (new(newAgentID()), 0)
        case .content(var content, let generation, let damage):
            if let damage { log.warn("one of two registry files is damaged", ("reason", damage)) }
            if content.fingerprint != fingerprint {
                log.warn("the state directory comes from elsewhere, the agent takes a new name")
                content.agent = newAgentID()
                content.fingerprint = fingerprint
                content.epoch = max(now, content.epoch + 8)
            }
            // Numbers of an earlier version are not those of lanes.
            if spool.isDamaged || content.isOld { content.epoch = max(now, content.epoch + 8) }
            content.isOld = false
            return (content, generation)
        }
    }

    /// The registry's files, and how far beyond that the spool has them.
    private static func overlaid(
        _ content: RegistryContent, by spool: Spool, _ log: DiagnosticLog
    ) -> (sources: [SourceState], nextSource: UInt64) {
        var byID: [UInt64: SourceState] = [:]
        for source in content.sources { byID[source.id] = source }
        // No number is given twice.
        var highest = content.forgotten.keys.max() ?? 0
        let isWhole = spool.forEachProgress(behind: content.cursors) { progress in
            if content.forgotten[progress.state.id] == nil { byID[progress.state.id] = progress.state }
            highest = max(highest, progress.state.id)
        }
        if !isWhole { log.error("the spool cannot be read to its end, lines may be sent again") }
        let next = max(content.nextSource, max(byID.keys.max() ?? 0, highest) + 1)
        return (byID.values.sorted { $0.id < $1.id }, next)
    }

    /// Tells this directory on this machine from a copy of it.
    private static func fingerprint(_ path: String) -> UInt64 {
        var text = ByteWriter()
        // Containers have no machine id; the inode has to do there.
        text.append(contentsOf: (try? FileSystem.contents("/etc/machine-id", limit: 4096)) ?? [])
        let status = (try? FileSystem.status(path)) ?? nil
        text.append(littleEndian: status?.inode ?? 0)
        return text.withBytes { hash64($0) }
    }

    private static func newAgentID() -> String {
        let legal = hostName().utf8.prefix(40).map { byte -> UInt8 in
            let isLetter = (byte | 0x20) &- 0x61 < 26
            return isLetter || byte &- 0x30 < 10 || byte == 0x2E ? byte : 0x2D
        }
        let number = String(UInt64.random(in: .min ... .max), radix: 16)
        let padding = String(repeating: "0", count: 16 - number.utf8.count)
        return String(decoding: legal, as: UTF8.self) + "-" + padding + number
    }

    /// Where state goes when nobody says: /var/lib/lodge-agent where it may be written, else the user's own.
    package static func usual(environment: (String) -> String?) -> String {
        let system = "/var/lib/lodge-agent"
        if geteuid() == 0 || access(system, W_OK | X_OK) == 0 { return system }
        if let state = environment("XDG_STATE_HOME"), state.hasPrefix("/") { return "\(state)/lodge-agent" }
        if let home = environment("HOME"), home.hasPrefix("/") { return "\(home)/.local/state/lodge-agent" }
        return system
    }
}

/// The machine's name.
func hostName() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
