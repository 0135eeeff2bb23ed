/// One metric with all its label sets, as rendered.
package struct MetricFamily: Sendable {
    /// How the number behaves.
    package enum Kind: String, Sendable {
        case counter, gauge
    }

    /// The number of one sample.
    package enum Value: Sendable {
        case unsigned(UInt64)
        case signed(Int64)
        case double(Double)
    }

    /// One label set with its number.
    package struct Sample: Sendable {
        /// Label names and values.
        package var labels: MetricRegistry.Labels
        /// The number.
        package var value: Value

        /// Makes a sample.
        package init(labels: MetricRegistry.Labels, value: Value) {
            self.labels = labels
            self.value = value
        }
    }

    /// The metric's name, `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    package var name: String
    /// One sentence for people.
    package var help: String
    /// How the number behaves.
    package var kind: Kind
    /// The label sets.
    package var samples: [Sample]

    /// Makes a family.
    package init(name: String, help: String, kind: Kind, samples: [Sample]) {
        self.name = name
        self.help = help
        self.kind = kind
        self.samples = samples
    }
}

/// Prometheus' text format 0.0.4 (`text/plain; version=0.0.4`): families and samples in the order given.
package func renderPrometheus(_ families: [MetricFamily]) -> String {
    var text = ""
    for family in families where !family.samples.isEmpty {
        text += "# HELP \(family.name) \(escaped(family.help, quotes: false))\n"
        text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
        for sample in family.samples {
            text += family.name
            if !sample.labels.isEmpty {
                let labels = sample.labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
                text += "{\(labels.joined(separator: ","))}"
            }
            switch sample.value {
            case .unsigned(let number): text += " \(number)\n"
            case .signed(let number): text += " \(number)\n"
            case .double(let number): text += " \(doubleText(number))\n"
            }
        }
    }
    return text
}

private func escaped(_ text: String, quotes: Bool) -> String {
    var result = ""
    for character in text.unicodeScalars {
        switch character {
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\"" where quotes: result += "\\\""
        default: result.unicodeScalars.append(character)
        }
    }
    return result
}

private func doubleText(_ number: Double) -> String {
    if number.isNaN { return "NaN" }
    if number.isInfinite { return number < 0 ? "-Inf" : "+Inf" }
    if let whole = Int64(exactly: number) { return String(whole) }
    return String(number)
}
