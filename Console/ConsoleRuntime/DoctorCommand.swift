import ArgumentParser
import CollectorAPI
import ConsoleClient
import LogModel
import ScreenModel
import SystemIO
import TerminalIO

/// `lodge doctor`: is everything there that the console needs?
struct DoctorCommand: LodgeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check the collector, the link to it, and this terminal.",
        discussion: "Each line says ok or fail, and what to do. Exit code 0 when nothing failed.")

    /// Health checks made to measure the link.
    private static let pings = 7

    @OptionGroup var common: CommonOptions

    func run(_ streams: Streams) throws -> ExitStatus {
        let address = try common.address()
        var status = ExitStatus.success
        func report(_ isFine: Bool, _ subject: String, _ text: String) {
            let padded = subject + String(repeating: " ", count: max(0, 10 - subject.utf8.count))
            streams.output.write("\(isFine ? "ok  " : "fail")  \(padded)  \(text)\n")
        }
        do {
            try examine(address, report)
        } catch {
            report(false, "collector", "\(address.base): \(error.summary)")
            report(false, "advice", advice(error))
            status = ExitStatus(error)
        }
        reportTerminal(report)
        return status
    }

    private func examine(
        _ address: CollectorAddress, _ report: (Bool, String, String) -> Void
    ) throws(RequestFailure) {
        let client = try CollectorClient(address, timeout: common.wait, version: consoleVersion)
        let first = try client.health()
        let health = first.health
        report(
            true, "collector",
            "\(address.base)  version \(health.version.isEmpty ? "unknown" : health.version)  up "
                + NumberText.duration(nanoseconds: Int64(health.uptimeSeconds) * 1_000_000_000))
        report(
            health.status == "ok", "state",
            health.status == "ok" ? "ok" : "`\(health.status)`: look into the collector's own log")
        report(
            true, "holds",
            "\(NumberText.grouped(health.rows)) events in \(NumberText.grouped(health.streams)) streams, "
                + "\(NumberText.grouped(health.segments)) segments, \(NumberText.bytes(health.diskBytes)) on disk, "
                + "\(NumberText.grouped(health.headRows)) events not yet in a segment")
        if let oldest = health.oldest, let newest = health.newest {
            // Events may be from any time: longer than an Int64 has nanoseconds is as long as it has.
            let (difference, isLonger) = SystemClock.wallNanos().subtractingReportingOverflow(newest.nanoseconds)
            let age = isLonger ? .max : difference
            report(
                true, "times",
                "\(common.tz.text(oldest)) to \(common.tz.text(newest)), the newest "
                    + (age >= 0 ? "\(NumberText.duration(nanoseconds: age)) ago" : "in the future"))
        } else {
            report(true, "times", "no events yet: start an agent, or post to /v1/ingest")
        }
        report(
            true, "journal",
            "\(NumberText.bytes(health.journalBytes)) in \(NumberText.grouped(health.journalFiles)) files; "
                + "\(NumberText.grouped(health.ingestedEvents)) events taken, "
                + "\(NumberText.grouped(health.rejectedEvents)) rejected")
        try examineStorage(client, report)
        var trips = [first.roundTrip.wholeNanoseconds]
        var skew: Int64?
        for _ in 1..<Self.pings {
            let before = SystemClock.wallNanos()
            let answer = try client.health()
            trips.append(answer.roundTrip.wholeNanoseconds)
            let after = SystemClock.wallNanos()
            skew = answer.date.flatMap(HTTPDate.parse).map { Self.skew(date: $0, before: before, after: after) }
        }
        trips.sort()
        report(
            true, "link",
            "round trip \(Self.milliseconds(trips[0])) at best, \(Self.milliseconds(trips[trips.count / 2])) median "
                + "of \(trips.count)")
        if let skew {
            let distance = Int64(clamping: skew.magnitude)
            let isFine = distance < 5_000_000_000
            let side = skew > 0 ? "ahead of" : "behind"
            report(
                isFine, "clock",
                skew == 0
                    ? "the same here and there (to the second)"
                    : "the collector is \(NumberText.duration(nanoseconds: distance)) \(side) this machine"
                        + (isFine ? "" : "; set both by NTP, or relative times will miss lines"))
        }
    }

    private func examineStorage(
        _ client: CollectorClient, _ report: (Bool, String, String) -> Void
    ) throws(RequestFailure) {
        let storage: StorageState
        do throws(RequestFailure) {
            storage = try client.storage()
        } catch {
            // Collectors before 0.2 do not say.
            guard case .problem(let problem) = error, problem.status == 404 else { throw error }
            return
        }
        report(
            storage.stage == "normal", "disk",
            "\(NumberText.fixed(storage.usedPercent, digits: 1)) % full, \(NumberText.bytes(storage.availableBytes)) free"
                + (storage.stage == "normal" ? "" : "; stage `\(storage.stage)`: \(storage.measures)"))
        for problem in storage.problems { report(false, "storage", problem) }
    }

    /// How far the collector's clock is off; 0 when the answer's whole second fits.
    static func skew(date: Timestamp, before: Int64, after: Int64) -> Int64 {
        let second: Int64 = 1_000_000_000
        let end = date.adding(nanoseconds: second)
        if end.nanoseconds <= before { return end.adding(nanoseconds: -before).nanoseconds }
        if date.nanoseconds > after { return date.adding(nanoseconds: -after).nanoseconds }
        return 0
    }

    private static func milliseconds(_ nanoseconds: Int64) -> String {
        NumberText.fixed(Double(nanoseconds) / 1e6, digits: 1) + " ms"
    }

    private func advice(_ failure: RequestFailure) -> String {
        switch failure {
        case .unreachable: "is lodge-collector running there? `lodge doctor --url http://HOST:PORT` asks another one"
        case .timedOut: "something answers too slowly or swallows packets; try a longer --timeout, look at firewalls"
        case .problem(let problem) where problem.status == 401 || problem.status == 403:
            "this user may not ask; check the credentials"
        case .problem, .malformed: "what answers there is no collector, or a broken one; check the port in the URL"
        case .broken, .cancelled: "try again; if it stays, look into the collector's own log"
        }
    }

    private func reportTerminal(_ report: (Bool, String, String) -> Void) {
        let term = environment("TERM") ?? ""
        guard TerminalFacts.isTerminal(1), let size = TerminalFacts.size() else {
            report(true, "terminal", "none on standard output; the console needs one, subcommands do not")
            return
        }
        let options = TerminalOptions(term: term, noColor: environment("NO_COLOR"))
        let isKnown = !term.isEmpty && term != "dumb"
        report(
            isKnown, "terminal",
            "TERM=\(term.isEmpty ? "(not set)" : term)  \(size.width)x\(size.height)  "
                + (options.colour ? "colours" : "attributes only, no colours")
                + (isKnown ? "" : "; set TERM, for example to xterm-256color"))
        let fits = size.width >= 60 && size.height >= 16
        report(
            fits, "size",
            fits ? "enough for two panes" : "below 60x16 only one pane is shown, below 40x8 none; enlarge it")
        let isUTF8 = TerminalFacts.usesUTF8()
        report(
            isUTF8, "letters",
            isUTF8 ? "UTF-8" : "the locale is not UTF-8: characters beyond ASCII show as `?`; set LC_ALL=C.UTF-8")
    }
}
