/// Decides when the next frame may be drawn, so that a slow link shows the newest state instead of a queue of old ones.
///
/// After each frame the terminal is asked to report; the next frame waits for the report, because it tells that the
/// frame before has passed the link. A key may draw one frame ahead of the report, so that typing is answered. A terminal
/// that never reports is paced by time alone. Times are nanoseconds of any steady clock.
package struct FramePacer: Sendable, Equatable {
    /// What to do now.
    package enum Decision: Sendable, Equatable {
        /// Draw now and, when told, ask for a report.
        case draw(confirm: Bool)
        /// Draw not before this moment.
        case wait(until: Int64)
        /// Draw when the report comes, at the latest at this moment.
        case waitForReport(until: Int64)
    }

    /// 20 frames a second at most.
    package static let shortestInterval: Int64 = 50_000_000
    /// 10 frames a second while lines come faster than an eye reads.
    package static let busyInterval: Int64 = 100_000_000
    /// A terminal that has reported before may take this long before a frame goes out all the same.
    package static let longestWait: Int64 = 2_000_000_000
    /// The first report must come within this time, or the terminal counts as one that does not report.
    package static let firstReportWait: Int64 = 3_000_000_000

    private enum Reports { case unknown, work, missing }
    private var reports: Reports
    private var lastFrame: Int64?
    private var unanswered = 0
    private var askedAt: Int64 = 0
    private var keyAhead = false
    /// Many lines a second arrive.
    package var isBusy = false

    /// - Parameter confirms: whether the terminal may be asked at all.
    package init(confirms: Bool) {
        reports = confirms ? .unknown : .missing
    }

    /// An answer of the terminal is still to come.
    package var awaitsReport: Bool { unanswered > 0 && reports != .missing }

    /// What to do about a changed screen. `forKey`: the change answers a key.
    package func decide(now: Int64, forKey: Bool) -> Decision {
        let interval = isBusy && !forKey ? Self.busyInterval : Self.shortestInterval
        if let lastFrame, !forKey, now < lastFrame + interval { return .wait(until: lastFrame + interval) }
        if unanswered > 0, reports == .work, !(forKey && !keyAhead) {
            let deadline = askedAt + Self.longestWait
            if now < deadline { return .waitForReport(until: deadline) }
        }
        let mayAsk = reports == .work || (reports == .unknown && unanswered == 0)
        return .draw(confirm: mayAsk)
    }

    /// A frame went out.
    package mutating func frameSent(now: Int64, confirm: Bool, forKey: Bool) {
        lastFrame = now
        if forKey, unanswered > 0 { keyAhead = true }
        guard confirm else { return }
        unanswered = min(unanswered + 1, 8)
        askedAt = now
    }

    /// The terminal has reported.
    package mutating func reported() {
        reports = .work
        unanswered = max(0, unanswered - 1)
        if unanswered == 0 { keyAhead = false }
    }

    /// Time passes; a report that never comes is given up.
    package mutating func tick(now: Int64) {
        if reports == .unknown, unanswered > 0, now - askedAt > Self.firstReportWait {
            reports = .missing
            unanswered = 0
        }
        if reports == .work, unanswered > 0, now - askedAt > Self.longestWait {
            // The answer was eaten on the way; the next frame asks anew.
            unanswered = 0
            keyAhead = false
        }
    }
}
