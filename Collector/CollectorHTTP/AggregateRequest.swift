import LineFormats
import LogModel
import QueryLanguage

/// A number that `/v1/aggregate` computes for each group: `count`, `sum(meta.latency_ms)`, `quantile(0.99, latency)`.
struct AggregateMetric: Sendable {
    /// As it was asked for.
    let text: String
    /// The function; nil for `count`, which there is always.
    let function: StatsFunction?

    private static let kinds: [(name: String, kind: StatsFunction.Kind)] = [
        ("avg", .avg), ("count", .count), ("max", .max), ("min", .min), ("quantile", .quantile), ("sum", .sum),
        ("uniq", .countUniq),
    ]

    init(_ text: String) throws(Problem) {
        self.text = text
        let open = text.firstIndex(of: "(")
        let name = text[..<(open ?? text.endIndex)]
        guard let kind = Self.kinds.first(where: { $0.name == name })?.kind else {
            let nearest = KnownNames.nearest(to: String(name), among: Self.kinds.map(\.name))
            throw .badValue(
                "metric",
                "`metric` knows no `\(name.prefix(40))`: there are "
                    + Self.kinds.map(\.name).joined(separator: ", "), nearest: nearest)
        }
        var arguments = ""
        if let open {
            guard text.last == ")" else { throw .badValue("metric", "`\(text.prefix(60))` has no `)` at its end") }
            arguments = Self.trimmed(text[text.index(after: open)...].dropLast())
        }
        if kind == .count {
            guard arguments.isEmpty || arguments == "*" else {
                throw .badValue("metric", "`count` counts events and takes no field")
            }
            function = nil
            return
        }
        var part = 0.5
        if kind == .quantile {
            let comma = arguments.firstIndex(of: ",") ?? arguments.endIndex
            guard let number = Double(Self.trimmed(arguments[..<comma])), number >= 0, number <= 1 else {
                throw .badValue(
                    "metric", "`quantile` needs a number from 0 to 1, as in quantile(0.99, meta.latency_ms)")
            }
            part = number
            arguments = Self.trimmed(arguments[comma...].dropFirst())
        }
        guard !arguments.isEmpty else {
            throw .badValue("metric", "`\(name)` needs a field, as in \(name)(meta.latency_ms)")
        }
        var function = StatsFunction(kind, [FieldPattern(Filter.fieldName(forResponseName: arguments))])
        function.part = part
        self.function = function
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

/// What `/v1/aggregate` is asked beside what is searched for.
struct AggregateRequest: Sendable {
    private static let maximumFields = 16
    private static let maximumMetrics = 16

    /// The names as they were asked for.
    var groupBy: [String]
    /// Nanoseconds; nil for no intervals.
    var interval: Int64?
    var metrics: [AggregateMetric]
    /// Whether intervals without events are told, too.
    var hasEmptyBuckets: Bool

    init(_ request: SearchRequest) throws(Problem) {
        groupBy = try Self.texts("group_by", request, upTo: Self.maximumFields, "names of fields")
        metrics = []
        if case .string(let text)? = request.member("metric") {
            metrics = [try AggregateMetric(text)]
        } else {
            for text in try Self.texts("metric", request, upTo: Self.maximumMetrics, "metrics, or one of them") {
                metrics.append(try AggregateMetric(text))
            }
        }
        interval = nil
        if let text = try request.text("interval") {
            guard let duration = Duration(logForm: text), duration.wholeNanoseconds > 0 else {
                throw .badValue("interval", "`interval` must be a duration such as 5m, not `\(text.prefix(40))`")
            }
            interval = duration.wholeNanoseconds
        }
        hasEmptyBuckets = false
        if let value = request.member("empty_buckets") {
            guard let flag = value.bool else {
                throw .badValue("empty_buckets", "`empty_buckets` must be true or false")
            }
            guard !flag || interval != nil else {
                throw .badValue("empty_buckets", "`empty_buckets` needs an `interval`")
            }
            hasEmptyBuckets = flag
        }
    }

    private static func texts(
        _ name: String, _ request: SearchRequest, upTo maximum: Int, _ what: String
    ) throws(Problem) -> [String] {
        guard let value = request.member(name) else { return [] }
        guard let list = value.array else { throw .badValue(name, "`\(name)` must be a list of \(what)") }
        var texts: [String] = []
        for element in list {
            guard let text = element.string, !text.isEmpty else {
                throw .badValue(name, "`\(name)` must be a list of \(what)")
            }
            if texts.contains(text) { throw .badValue(name, "`\(name)` names `\(text.prefix(60))` twice") }
            texts.append(text)
        }
        guard texts.count <= maximum else {
            throw .badValue(name, "`\(name)` has \(texts.count) entries, the limit is \(maximum)")
        }
        return texts
    }
}
