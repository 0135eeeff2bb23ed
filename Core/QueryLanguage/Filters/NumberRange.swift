/// A range of numbers whose ends may be excluded: `range[1, 10)`, `>5`. The ends remember how they were written.
package struct NumberRange: Hashable, Sendable {
    /// One end.
    package struct End: Hashable, Sendable {
        /// The number.
        package var number: Double
        /// The number as it is written, e.g. `10KB`.
        package var text: String
        /// Whether the end itself is in the range.
        package var isIncluded: Bool

        /// Makes an end.
        package init(_ number: Double, text: String, isIncluded: Bool) {
            self.number = number
            self.text = text
            self.isIncluded = isIncluded
        }
    }

    /// The lower end; nil is open.
    package var lower: End?
    /// The upper end; nil is open.
    package var upper: End?

    /// Makes a range.
    package init(lower: End? = nil, upper: End? = nil) {
        self.lower = lower
        self.upper = upper
    }

    /// The numbers from the first to the last; nil when there is none.
    var bounds: ClosedRange<Double>? {
        var low = -Double.infinity
        var high = Double.infinity
        if let lower { low = lower.isIncluded || lower.number.isInfinite ? lower.number : lower.number.nextUp }
        if let upper { high = upper.isIncluded || upper.number.isInfinite ? upper.number : upper.number.nextDown }
        return low <= high ? low...high : nil
    }
}

extension NumberRange: CustomStringConvertible {
    /// The range as a filter in canonical form.
    package var description: String {
        func quoted(_ end: End) -> String { Quoting.quoted(QueryText(end.text)) }
        switch (lower, upper) {
        case (let lower?, let upper?):
            return "range" + (lower.isIncluded ? "[" : "(") + quoted(lower) + "," + quoted(upper)
                + (upper.isIncluded ? "]" : ")")
        case (let lower?, nil): return (lower.isIncluded ? ">=" : ">") + quoted(lower)
        case (nil, let upper?): return (upper.isIncluded ? "<=" : "<") + quoted(upper)
        case (nil, nil): return "range[\"-inf\",\"inf\"]"
        }
    }
}
