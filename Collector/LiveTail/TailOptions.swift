/// The bounds of live tail.
package struct TailOptions: Sendable {
    /// Clients at the same time.
    package var maximumClients = 200
    /// Rendered bytes that wait for one client; beyond it lines are left out and counted.
    package var clientBytes = 1 << 20
    /// Committed batches that wait to be looked at, in bytes of memory; beyond it whole batches are left out.
    package var inputBytes = 64 << 20
    /// Time without anything to send after which a client gets a heartbeat.
    package var heartbeatNanos: UInt64 = 15_000_000_000

    /// The defaults.
    package init() {}
}

/// Why there is no tail for a client.
package enum TailError: Error, Sendable, Equatable, CustomStringConvertible {
    /// As many clients as there may be.
    case tooManyClients(limit: Int)
    /// The collector is stopping.
    case stopped

    /// A sentence without a full stop.
    package var description: String {
        switch self {
        case .tooManyClients(let limit):
            "\(limit) clients follow the log already: close one of them or try again later"
        case .stopped: "the collector is stopping"
        }
    }
}
