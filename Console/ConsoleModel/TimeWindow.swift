package import CollectorAPI
package import LogModel

/// The stretch of time a search covers.
package enum TimeWindow: Sendable, Equatable {
    /// Up to now, this many nanoseconds long.
    case last(Int64)
    case fixed(TimeRange)

    private static let minute: Int64 = 60_000_000_000

    /// What `T` steps through.
    package static let presets: [TimeWindow] = [
        .last(5 * minute), .last(15 * minute), .last(60 * minute), .last(6 * 60 * minute), .last(24 * 60 * minute),
        .last(7 * 24 * 60 * minute),
    ]

    /// The window a search starts with.
    package static let standard = TimeWindow.last(60 * minute)

    /// The preset after this window, the first one after the last.
    package var next: TimeWindow {
        let at = Self.presets.firstIndex(of: self) ?? Self.presets.count - 1
        return Self.presets[(at + 1) % Self.presets.count]
    }

    /// The times meant when asked at `now`.
    package func range(now: Timestamp) -> TimeRange {
        switch self {
        case .last(let length): TimeRange(from: now.adding(nanoseconds: -length), to: now)
        case .fixed(let range): range
        }
    }

    /// `last 1h` or nothing for fixed times, which are shown as such.
    package var name: String {
        if case .last(let length) = self { return "last \(Duration.nanoseconds(length).logForm)" }
        return "fixed"
    }
}
