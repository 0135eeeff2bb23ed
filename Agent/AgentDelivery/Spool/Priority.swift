package import LogModel

/// What is sent first and dropped last. Ordered: `.debug < .error`.
package enum Priority: Int, CaseIterable, Sendable, Comparable {
    /// TRACE and DEBUG.
    case debug
    /// INFO, and events that tell no level: nobody knows that they matter little.
    case info
    /// WARN.
    case warn
    /// ERROR and FATAL.
    case error

    /// The priority of a level.
    package init(_ level: Level) {
        switch level {
        case .trace, .debug: self = .debug
        case .unknown, .info: self = .info
        case .warn: self = .warn
        case .error, .fatal: self = .error
        }
    }

    /// By the raw value of a level; what is no level counts as unknown.
    static let ofLevel: [Priority] = (0...UInt8.max).map { Priority(Level(rawValue: $0) ?? .unknown) }

    /// The name of its directory in the spool.
    package var name: String {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warn: "warn"
        case .error: "error"
        }
    }

    /// What matters less comes first.
    package static func < (left: Priority, right: Priority) -> Bool { left.rawValue < right.rawValue }
}

/// One of the journals that batches are sent from.
package enum Lane: Hashable, Sendable {
    /// Batches of one priority.
    case priority(Priority)
    /// Batches of all levels, spooled by a version before there were priorities.
    case old

    /// All of them, in the order in which they are sent.
    package static let inOrder: [Lane] = [
        .priority(.error), .old, .priority(.warn), .priority(.info), .priority(.debug),
    ]

    /// Where its state is in a list of all: priorities by their raw value, then the old one.
    var index: Int {
        switch self {
        case .priority(let priority): priority.rawValue
        case .old: Priority.allCases.count
        }
    }
}
