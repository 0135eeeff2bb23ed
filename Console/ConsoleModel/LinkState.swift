import ScreenModel

/// Whether the collector answers, for the context row.
package struct LinkState: Sendable, Equatable {
    private enum Status: Equatable {
        case connecting
        case up(roundTrip: Int64)
        case lost(since: Int64, retryAt: Int64, reason: String)
    }

    private var status = Status.connecting

    package init() {}

    /// The collector does not answer.
    package var isLost: Bool {
        if case .lost = status { return true }
        return false
    }

    /// Why the collector does not answer; nil while it does.
    package var reason: String? {
        if case .lost(_, _, let reason) = status { return reason }
        return nil
    }

    /// How long the link has been down, in nanoseconds; 0 while it is up.
    package func downTime(now: Int64) -> Int64 {
        if case .lost(let since, _, _) = status { return max(0, now - since) }
        return 0
    }

    mutating func up(roundTrip: Int64) {
        status = .up(roundTrip: roundTrip)
    }

    mutating func lost(reason: String, retryAt: Int64, now: Int64) {
        if case .lost(let since, _, _) = status {
            status = .lost(since: since, retryAt: retryAt, reason: reason)
        } else {
            status = .lost(since: now, retryAt: retryAt, reason: reason)
        }
    }

    /// `link 38ms`, `LINK LOST 12s retry 3s (r now)` or `connecting`.
    func part(now: Int64) -> BarPart {
        switch status {
        case .connecting:
            return BarPart("connecting", .dim)
        case .up(let roundTrip):
            return BarPart("link \(NumberText.duration(nanoseconds: max(1_000_000, roundTrip)))", .ok)
        case .lost(let since, let retryAt, _):
            let down = max(0, now - since) / 1_000_000_000
            let wait = max(0, retryAt - now + 999_999_999) / 1_000_000_000
            let retry = wait == 0 ? "retrying" : "retry \(wait)s (r now)"
            return BarPart("LINK LOST \(down)s \(retry)", .fail)
        }
    }
}
