package import LogModel
import RegularExpressions

/// A ``StreamSelector`` made ready to be put to many streams.
package struct StreamMatcher: Sendable {
    private struct Condition: Sendable {
        var label: String
        var isNegated: Bool
        var matcher: ValueMatcher?
        /// Instead of the matcher; must match as a whole.
        var expression: RegularExpression?
    }

    private let alternatives: [[Condition]]
    /// The labels that are asked for.
    package let labels: Set<String>

    /// Makes a selector ready.
    package init(_ selector: StreamSelector) {
        alternatives = selector.alternatives.map { conditions in
            conditions.map { condition in
                var ready = Condition(label: condition.label, isNegated: condition.isNegated)
                switch condition.test {
                case .exact(let value): ready.matcher = ValueMatcher(.exact(value))
                case .oneOf(let values): ready.matcher = ValueMatcher(.oneOf(values))
                case .expression(let text):
                    ready.expression = try? RegularExpression(text.bytes, dotMatchesLineFeed: true)
                }
                return ready
            }
        }
        labels = Set(selector.alternatives.flatMap { $0 }.map(\.label))
    }

    /// Whether a stream passes.
    package func matches(_ stream: StreamIdentity) -> Bool {
        matches { stream.value(of: $0) ?? [] }
    }

    /// Whether the labels pass that a closure knows the values of.
    package func matches(_ value: (String) -> [UInt8]) -> Bool {
        alternatives.contains { conditions in
            conditions.allSatisfy { condition in
                let passes = value(condition.label).withUnsafeBytes { bytes in
                    condition.matcher?.matches(bytes) ?? condition.expression?.matchesWhole(bytes) ?? false
                }
                return passes != condition.isNegated
            }
        }
    }
}
