package import RegularExpressions

/// Which lines of a file, or of one stream of a container, make one event.
package struct Multiline: Sendable {
    /// How a line is known to belong to the one before.
    package enum Rule: Sendable {
        /// The stack traces of a language.
        case trace(TraceDialect)
        /// A line that does not match belongs to the one before.
        case start(RegularExpression)
        /// A line that matches belongs to the one before.
        case continuation(RegularExpression)
        /// A line that matches the second and not the first belongs to the one before.
        case both(start: RegularExpression, continuation: RegularExpression)
    }

    /// How long nothing must have come before an event counts as whole, when nobody says.
    package static let usualTimeoutNanos: UInt64 = 2_000_000_000
    /// The most bytes of one event when nobody says.
    package static let usualBytes = 256 << 10

    /// How a line is known to belong to the one before.
    package let rule: Rule
    /// How long nothing must have come before an event counts as whole. Each line, and each part of one, starts it anew.
    package let timeoutNanos: UInt64
    /// The most bytes of one event; one with more is cut where a line ends, and its parts are marked.
    package let maxBytes: Int

    /// Makes it.
    package init(
        _ rule: Rule, timeoutNanos: UInt64 = Multiline.usualTimeoutNanos, maxBytes: Int = Multiline.usualBytes
    ) {
        self.rule = rule
        self.timeoutNanos = max(1, timeoutNanos)
        self.maxBytes = max(1, maxBytes)
    }
}

/// Tells for line after line whether it belongs to the event before. All it knows of an event is what its lines were.
struct EventBoundary {
    private let rule: Multiline.Rule
    private var trace = TraceState.plain

    init(_ rule: Multiline.Rule) {
        self.rule = rule
    }

    /// A line begins an event, or a part of one.
    mutating func begin(_ line: UnsafeRawBufferPointer) {
        if case .trace(let dialect) = rule { trace = dialect.first(line) }
    }

    /// Whether a line belongs to the event of the lines before.
    mutating func continues(_ line: UnsafeRawBufferPointer) -> Bool {
        switch rule {
        case .trace(let dialect): return dialect.continues(line, &trace)
        case .start(let start): return !start.matches(line)
        case .continuation(let continuation): return continuation.matches(line)
        case .both(let start, let continuation): return continuation.matches(line) && !start.matches(line)
        }
    }
}
