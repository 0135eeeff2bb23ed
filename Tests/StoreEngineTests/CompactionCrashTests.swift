import Glibc
import StoreEngine
import SystemIO
import TestSupport
import Testing
import Workers

@Suite struct CompactionCrashTests {
    /// A process that merges and removes segments is killed at a random moment, again and again: each event is found once.
    @Test(.timeLimit(.minutes(15)))
    func aKillAtAnyMomentLosesAndRepeatsNothing() async throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let folder = try TemporaryFolder()
        var position: UInt64 = 0
        for round in 0..<12 {
            let reports = Reports()
            let store = try open(folder.options(), reports)
            let wanted = expected((0..<position).map { ($0 + 1, 150) })
            #expect(try store.content() == wanted, "round \(round), seed \(seed)")
            #expect(reports.all.isEmpty && !store.statistics.catalogIsBehind, "\(reports.all), seed \(seed)")
            store.finishReplay()
            for _ in 0..<4 {
                position += 1
                store.add(position, rows: 150)
                try store.flush()
            }
            store.close()
            let directory = folder.path
            let microseconds = UInt32(generator.below(60_000))
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [directory = directory as String, microseconds = microseconds as UInt32] in
                var options = StoreOptions(directory: directory)
                options.grace = .zero
                options.compaction.isOn = false
                let store = try Store(options) { _ in }
                store.finishReplay()
                let killer = try DedicatedThread(name: "kill") {
                    // Not a wait for anything: the moment of the kill is what is random.
                    usleep(microseconds)
                    kill(getpid(), SIGKILL)
                }
                try store.compact(asOf: Int64.max / 2)
                store.removeRetired(asOf: Int64.max / 2)
                killer.join()
            }
        }
        let store = try open(folder.options())
        store.finishReplay()
        try store.compact(asOf: Int64.max / 2)
        #expect(try store.content() == expected((0..<position).map { ($0 + 1, 150) }), "seed \(seed)")
        store.close()
    }
}
