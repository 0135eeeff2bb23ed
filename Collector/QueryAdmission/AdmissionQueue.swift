/// Which queries run and which wait: a state machine without clock and threads.
///
/// What costs less goes ahead, by powers of two, and of equals those whose user runs fewer. But of some places one goes to
/// who has waited for long, in the order of arrival, so that nobody starves. Each query has a number, given by the caller,
/// once.
package struct AdmissionQueue: Sendable {
    private struct Entry: Sendable {
        var id: UInt64
        var user: String
        var isHeavy: Bool
        /// The power of two of its cost.
        var rank: Int
        var arrived: UInt64
    }

    /// What becomes of a query that arrives.
    package enum Decision: Sendable, Equatable {
        /// It runs now.
        case start
        /// It waits; a later call of ``leave(_:now:)`` names it.
        case wait
        /// It is not taken.
        case refuse(AdmissionRefusal)
    }

    private let rules: AdmissionRules
    private var running: [UInt64: Entry] = [:]
    /// In the order of arrival.
    private var waiting: [Entry] = []
    private var runningOfUser: [String: Int] = [:]
    private var heavyRunning = 0
    /// Places since the last one that was given to who had waited for long.
    private var placesSinceOld: Int

    /// Nothing runs.
    package init(_ rules: AdmissionRules) {
        self.rules = rules
        placesSinceOld = rules.placesPerPatient
    }

    /// How many run.
    package var runningCount: Int { running.count }
    /// How many wait.
    package var waitingCount: Int { waiting.count }

    /// A query arrives.
    ///
    /// - Parameters:
    ///   - id: its number.
    ///   - user: who asks.
    ///   - rows: how many rows it may have to look at.
    ///   - cost: rows weighted by what is done with each, as estimated; nil for the rows.
    ///   - now: nanoseconds of a clock that never goes back.
    /// - Returns: what becomes of it.
    /// - Complexity: O(n) in the number of those that wait.
    package mutating func arrive(_ id: UInt64, user: String, rows: Int, cost: Int? = nil, now: UInt64) -> Decision {
        guard rows <= rules.estimatedRows else {
            return .refuse(
                AdmissionRefusal(
                    reason: .rows,
                    message:
                        "a query may read \(rules.estimatedRows) rows, and this one would have to look at \(rows): "
                        + "narrow the time range",
                    limit: rules.estimatedRows, figure: rows))
        }
        let cost = max(0, cost ?? rows)
        let entry = Entry(
            id: id, user: user, isHeavy: cost >= rules.heavyRows, rank: Int.bitWidth - cost.leadingZeroBitCount,
            arrived: now)
        if mayStart(entry), !waiting.contains(where: { mayStart($0) }) {
            start(entry)
            return .start
        }
        guard waiting.count < rules.waiting else {
            return .refuse(
                AdmissionRefusal(
                    reason: .waiting,
                    message:
                        "\(running.count) queries run and \(waiting.count) wait, which is as many as may: try again "
                        + "in a moment",
                    limit: rules.waiting, figure: waiting.count + 1, retrySeconds: 1))
        }
        let own = waiting.count { $0.user == user }
        guard own < rules.waitingOfUser else {
            return .refuse(
                AdmissionRefusal(
                    reason: .user,
                    message:
                        "\(rules.waitingOfUser) queries of one user may wait, and this would be number \(own + 1) of "
                        + "\(user): ask for fewer things at the same time",
                    limit: rules.waitingOfUser, figure: own + 1, retrySeconds: 1))
        }
        waiting.append(entry)
        return .wait
    }

    /// A query has ended, or does not wait any longer; unknown numbers are ignored.
    ///
    /// - Returns: the queries that run from now on.
    package mutating func leave(_ id: UInt64, now: UInt64) -> [UInt64] {
        if let entry = running.removeValue(forKey: id) {
            if entry.isHeavy { heavyRunning -= 1 }
            let left = (runningOfUser[entry.user] ?? 1) - 1
            runningOfUser[entry.user] = left > 0 ? left : nil
        } else {
            waiting.removeAll { $0.id == id }
        }
        var started: [UInt64] = []
        while let next = next(now) {
            let entry = waiting.remove(at: next)
            placesSinceOld = isPatientsTurn && isOld(entry, now) ? 0 : placesSinceOld + 1
            start(entry)
            started.append(entry.id)
        }
        return started
    }

    private func mayStart(_ entry: Entry) -> Bool {
        running.count < rules.running && runningOfUser[entry.user] ?? 0 < rules.runningOfUser
            && (!entry.isHeavy || heavyRunning < rules.heavyRunning)
    }

    private mutating func start(_ entry: Entry) {
        running[entry.id] = entry
        runningOfUser[entry.user, default: 0] += 1
        if entry.isHeavy { heavyRunning += 1 }
    }

    /// The place in `waiting` of the query that is to run next; nil when none may.
    private func next(_ now: UInt64) -> Int? {
        guard running.count < rules.running else { return nil }
        func precedes(_ left: Entry, _ right: Entry) -> Bool {
            if isPatientsTurn {
                let (leftIsOld, rightIsOld) = (isOld(left, now), isOld(right, now))
                if leftIsOld != rightIsOld { return leftIsOld }
                if leftIsOld { return false }
            }
            if left.rank != right.rank { return left.rank < right.rank }
            return runningOfUser[left.user] ?? 0 < runningOfUser[right.user] ?? 0
        }
        var best: Int?
        for (index, entry) in waiting.enumerated() where mayStart(entry) {
            // Of equals the first stays.
            if let known = best, !precedes(entry, waiting[known]) { continue }
            best = index
        }
        return best
    }

    private var isPatientsTurn: Bool { placesSinceOld >= rules.placesPerPatient - 1 }

    private func isOld(_ entry: Entry, _ now: UInt64) -> Bool { now >= entry.arrived &+ rules.patienceNanos }
}
