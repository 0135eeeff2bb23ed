import ArgumentParser
import CollectorHTTP
import Diagnostics
import LineFormats
import SegmentCatalog
import Settings
import StorageKeeping
import StoreEngine
import SystemIO

/// `lodge-collector retention`: what the rules would delete, and the orders that only a person gives.
struct RetentionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retention", abstract: "Show what retention would delete, or take it back.",
        discussion: """
            The collector must be stopped. While it runs, ask it: GET /v1/storage/retention for the dry run, POST \
            /v1/storage/retention/undo and /v1/storage/retention/trust-clock for the orders.
            """)

    @Option(name: .long, help: ArgumentHelp("Read the settings in this YAML file.", valueName: "FILE"))
    var config: String?
    @Option(name: .long, help: ArgumentHelp("The data directory (default as for the collector).", valueName: "DIR"))
    var data: String?
    @Flag(name: .long, help: "Print what would go, as JSON, and change nothing. What happens without another flag.")
    var dryRun = false
    @Flag(name: .long, help: "Make expired segments live again whose bytes are still there.")
    var undo = false
    @Flag(name: .long, help: "Say that the clock is right, after it was held for wrong.")
    var trustClock = false

    func run() throws {
        guard [dryRun, undo, trustClock].filter(\.self).count <= 1 else {
            throw ValidationError("only one of --dry-run, --undo and --trust-clock at a time")
        }
        let settings = try config.map { try CollectorSettings(file: $0) } ?? CollectorSettings()
        let path = data ?? settings.data ?? DataDirectory.usual(environment: processEnvironment)
        guard FileSystem.exists(path) else {
            throw StartError("there is no data directory \(path): name one with --data")
        }
        let lock = try DataDirectory(path)
        defer { withExtendedLifetime(lock) {} }
        let log = DiagnosticLog(program: "lodge-collector")
        var quiet = settings
        quiet.compaction.isOn = false
        let store = try Collector.openStore(quiet, path, log)
        defer { store.close() }
        let disk = DiskWatch(path, limits: settings.storage.pressure, headroomBytes: 0, log: log)
        let housekeeping = Housekeeping(store, disk, directory: path, rules: settings.storage.rules, log: log)
        if undo {
            let records = housekeeping.undo()
            print("\(records.count) segments with \(records.reduce(0) { $0 + $1.rows }) events are live again")
        } else if trustClock {
            housekeeping.trustClock(now: SystemClock.wallNanos(), monotonic: SystemClock.monotonicNanos())
            print("the clock is taken as right")
        } else {
            let plan = housekeeping.plan(now: SystemClock.wallNanos())
            print(String(decoding: retentionDocument(plan, store.ledger.segments).bytes, as: UTF8.self))
        }
    }
}
