import LogModel

/// How a service is.
package enum HealthStatus: String, Sendable, CaseIterable {
    case healthy, warning, unhealthy
    /// Nobody has looked yet, or nobody could.
    case unknown
}

/// What one look found.
package struct Reading: Sendable, Equatable {
    /// A number that was measured on the way.
    package struct Figure: Sendable, Equatable {
        /// What it counts, with its unit: `used_percent`.
        package var name: String
        /// How much.
        package var value: Double

        /// Makes one.
        package init(_ name: String, _ value: Double) {
            self.name = name
            self.value = value
        }
    }

    /// How it is.
    package var status: HealthStatus
    /// Why it is not healthy, or what it said of itself; may be empty. At most ``maximumReason`` bytes.
    package var reason: String
    /// How long the look took, nanoseconds.
    package var latency: UInt64 = 0
    /// What was measured.
    package var figures: [Figure] = []

    /// Bytes of a reason that are kept.
    package static let maximumReason = 1_024

    /// Makes one.
    package init(_ status: HealthStatus, _ reason: String = "", figures: [Figure] = []) {
        self.status = status
        self.reason = reason.utf8.count <= Self.maximumReason ? reason : Self.shortened(reason)
        self.figures = figures
    }

    private static func shortened(_ text: String) -> String {
        // Bytes may be cut inside a letter, which is repaired to one that shows it.
        String(decoding: text.utf8.prefix(maximumReason - 3), as: UTF8.self).prefix(maximumReason - 3) + "..."
    }
}

/// What is known of a check over time. Pure.
package struct CheckState: Sendable, Equatable {
    /// How the service is.
    package private(set) var status = HealthStatus.unknown
    /// Since when, nanoseconds of the wall clock.
    package private(set) var since: Int64 = 0
    /// Failures in a row, up to now.
    package private(set) var failures = 0

    /// Nothing known.
    package init() {}

    /// Takes what a look found.
    ///
    /// - Parameters:
    ///   - reading: what it found.
    ///   - check: what was looked at.
    ///   - now: nanoseconds of the wall clock.
    /// - Returns: the reading as it counts: a failure that may pass is a warning, and so is an answer that took too long.
    package mutating func take(_ reading: Reading, of check: Check, now: Int64) -> Reading {
        var result = reading
        if reading.status == .healthy, let bound = check.tooSlowAfter, reading.latency > bound.nanoseconds {
            result.status = .unhealthy
            result.reason = CheckState.tooLong(reading.latency, bound)
        }
        switch result.status {
        case .unhealthy:
            failures += 1
            if failures < check.failures {
                result.status = .warning
                result.reason += " (failure \(failures), \(check.failures) in a row make it unhealthy)"
            }
        case .healthy:
            failures = 0
            if let bound = check.slowAfter, reading.latency > bound.nanoseconds {
                result.status = .warning
                result.reason = CheckState.tooLong(reading.latency, bound)
            }
        case .warning, .unknown: failures = 0
        }
        if result.status != status {
            status = result.status
            since = now
        }
        return result
    }

    private static func tooLong(_ latency: UInt64, _ bound: Duration) -> String {
        "took \(latency / 1_000_000) ms, more than \(bound.nanoseconds / 1_000_000) ms"
    }
}

extension Duration {
    fileprivate var nanoseconds: UInt64 { UInt64(clamping: wholeNanoseconds) }
}
