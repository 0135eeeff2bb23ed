import ArgumentParser
import Diagnostics
import Settings
import StoreCheck
import SystemIO

/// `lodge-collector check`: reads all data, compares every checksum, and says what is lost.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lodge-collector check",
        abstract: "Verify every checksum of a data directory and say exactly what is lost.",
        discussion: """
            Reads journal, segments and catalog while no collector runs on them. With --repair, what is damaged is moved \
            into quarantine and the rest kept; without, nothing is changed. Exit codes: 0 nothing is damaged, 1 damage was \
            found, 2 wrong usage, 3 damage was found and repaired, 4 the directory could not be checked.
            """)

    @Option(name: .long, help: ArgumentHelp("Check this directory (default as for the collector).", valueName: "DIR"))
    var data: String?

    @Flag(name: .long, help: "Set aside what is damaged and keep the rest.")
    var repair = false

    @Flag(name: .long, help: "Print one JSON object instead of text.")
    var json = false

    /// Parses the arguments behind `check`, checks, and returns the exit code.
    static func execute(_ arguments: [String]) -> Int32 {
        do {
            return try CheckCommand.parse(arguments).check()
        } catch {
            let text = CheckCommand.fullMessage(for: error)
            if CheckCommand.exitCode(for: error) == .success {
                print(text)
                return 0
            }
            writeToStandardError(text + "\n")
            return 2
        }
    }

    private func check() -> Int32 {
        do throws(CheckError) {
            let path = data ?? DataDirectory.usual(environment: processEnvironment)
            var told = SystemClock.monotonicNanos()
            let report = try DataCheck(path).run(repairs: repair) { done, total in
                let now = SystemClock.monotonicNanos()
                guard now - told >= 5_000_000_000 else { return }
                told = now
                writeToStandardError("checked \(done >> 20) of \(total >> 20) MiB\n")
            }
            print(json ? report.json : report.text, terminator: json ? "\n" : "")
            switch report.verdict {
            case .sound: return 0
            case .damaged: return 1
            case .repaired: return 3
            }
        } catch {
            writeToStandardError("lodge-collector: \(error)\n")
            return 4
        }
    }
}
