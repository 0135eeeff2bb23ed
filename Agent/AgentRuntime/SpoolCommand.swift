import AgentDelivery
import ArgumentParser
import Diagnostics
import Glibc
import Journal
import LineFormats
import SystemIO

/// `lodge-agent spool`: looks into the spool of an agent that does not run.
struct SpoolCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spool", abstract: "Look into the spool of an agent that does not run.",
        usage: "lodge-agent spool verify|dump [--config FILE] [--state DIR]", subcommands: [Verify.self, Dump.self])

    /// A directory that no agent may use meanwhile.
    final class LockedDirectory {
        private let file: OpenFile

        init(_ path: String) throws(AgentError) {
            do throws(IOError) {
                file = try OpenFile(path, .directory)
                try file.lockExclusively()
            } catch {
                throw AgentError(
                    error.isBusy
                        ? "an agent uses the state directory \(path): stop it first"
                        : "the state directory \(path) cannot be used: \(error.description)")
            }
        }
    }

    /// `lodge-agent spool verify`.
    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read all of the spool, compare every checksum, and say what waits and what is damaged.",
            usage: "lodge-agent spool verify [--config FILE] [--state DIR]",
            discussion: "Exit codes: 0 nothing is damaged, 1 damage was found or it cannot be read, 2 wrong usage.")

        /// Knows the directory: an option that both know belongs to it.
        @ParentCommand var agent: AgentCommand

        func run() throws {
            let (inspection, lock) = try agent.openSpool()
            var damages = 0
            let parts = try inspection.verify { name, damage in
                if !damage.isTornTail { damages += 1 }
                print("\(name): \(damage)")
            }
            for part in parts {
                for number in part.damagedHeld {
                    damages += 1
                    print("\(part.name): the file held/\(number) of a batch that was kept apart is damaged")
                }
                let survey = part.survey
                var line = "\(part.name): \(survey.records) records in \(survey.files) files, \(survey.bytes) bytes"
                if part.name != "ledger" {
                    line += ", waiting: \(part.waitingBatches) batches with \(part.waitingEvents) events"
                    if part.heldBatches > 0 { line += ", \(part.heldBatches) of them kept apart: they may be stored" }
                }
                print(line)
            }
            print(damages == 0 ? "nothing is damaged" : "\(damages) damages")
            withExtendedLifetime(lock) {}
            if damages > 0 { throw ExitCode(1) }
        }
    }

    /// `lodge-agent spool dump`.
    struct Dump: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print what waits in the spool as JSON, one batch or one event a line.",
            usage: "lodge-agent spool dump [--events] [--config FILE] [--state DIR]")

        /// Knows the directory: an option that both know belongs to it.
        @ParentCommand var agent: AgentCommand

        @Flag(name: .long, help: "Print events instead of batches.")
        var events = false

        func run() throws {
            let (inspection, lock) = try agent.openSpool()
            try inspection.dump(events: events) { print(String(decoding: $0.bytes, as: UTF8.self)) }
            withExtendedLifetime(lock) {}
        }
    }
}

extension AgentCommand {
    /// Locks the state directory for as long as the result is kept.
    ///
    /// - Throws: ``AgentError`` when an agent uses it, or there is none.
    fileprivate func openSpool() throws -> (inspection: SpoolInspection, lock: SpoolCommand.LockedDirectory) {
        let configured = try config.map { try AgentSettings(file: $0) }?.state
        let usual = StateDirectory.usual { name in getenv(name).map { String(cString: $0) } }
        let path = state ?? configured ?? usual
        guard FileSystem.exists(path) else { throw AgentError("there is no state directory \(path)") }
        let lock = try SpoolCommand.LockedDirectory(path)
        return (try SpoolInspection(state: path), lock)
    }
}
