import LogModel
package import QueryLanguage

/// Which columns of a query with `stats` are labels and which are values, so that its rows can be told as metrics.
package struct MetricColumns: Sendable, Equatable {
    /// The columns that are labels, in the order they are made.
    package private(set) var labels: [String]
    private var values: Set<String> = []

    /// Follows the names from the last `stats` to the end.
    ///
    /// - Parameter pipes: the pipes of the query.
    /// - Throws: ``Problem`` when there is no `stats`, or a pipe behind it makes labels and values impossible to tell
    ///   apart.
    package init(_ pipes: [Pipe]) throws(Problem) {
        let last = pipes.lastIndex { if case .stats = $0 { true } else { false } }
        guard let last, case .stats(let stats) = pipes[last] else {
            throw .badValue("query", "the query needs a `stats` pipe, as in `* | stats by (level) count() n`")
        }
        labels = stats.by.map(\.field)
        for call in stats.functions { values.insert(call.resultName) }
        for pipe in pipes[(last + 1)...] { try follow(pipe) }
        guard !values.isEmpty else {
            throw .badValue("query", "no result of `stats` is left at the end of the query")
        }
    }

    private mutating func follow(_ pipe: Pipe) throws(Problem) {
        switch pipe {
        case .filter, .sort: break
        case .math(let math):
            for entry in math.entries {
                try keep(entry.result, pipe)
                values.insert(entry.result)
            }
        case .fields(let fields):
            for label in labels where !fields.fields.contains(where: { $0.matches(label) }) {
                throw lost(label, pipe)
            }
            values = values.filter { name in fields.fields.contains { $0.matches(name) } }
        case .delete(let delete):
            for label in labels where delete.fields.contains(where: { $0.matches(label) }) { throw lost(label, pipe) }
            values = values.filter { name in !delete.fields.contains { $0.matches(name) } }
        case .copy(let copy): for mapping in copy.mappings { try apply(mapping, pipe, keepsSource: true) }
        case .rename(let rename): for mapping in rename.mappings { try apply(mapping, pipe, keepsSource: false) }
        case .format(let format):
            try keep(format.result, pipe)
            labels.append(format.result)
            values.remove(format.result)
        default:
            throw .badValue("query", "`| \(pipe)` cannot stand behind `stats` here: labels and values get lost")
        }
    }

    private mutating func apply(_ mapping: FieldMapping, _ pipe: Pipe, keepsSource: Bool) throws(Problem) {
        for label in labels where mapping.target.matches(label) { throw lost(label, pipe) }
        values = values.filter { !mapping.target.matches($0) || mapping.source.matches($0) }
        for (index, label) in labels.enumerated() where mapping.source.matches(label) {
            let name = mapping.name(for: label)
            guard !labels.contains(name) else { throw lost(name, pipe) }
            if keepsSource { labels.append(name) } else { labels[index] = name }
        }
        for value in values where mapping.source.matches(value) {
            if !keepsSource { values.remove(value) }
            values.insert(mapping.name(for: value))
        }
    }

    private func keep(_ name: String, _ pipe: Pipe) throws(Problem) {
        if labels.contains(name) { throw lost(name, pipe) }
    }

    private func lost(_ name: String, _ pipe: Pipe) -> Problem {
        .badValue("query", "the label `\(name)` gets lost by `| \(pipe)`: metrics need it")
    }
}

extension FieldMapping {
    /// The new name of a field that ``source`` matches.
    fileprivate func name(for field: String) -> String {
        source.isPrefix ? target.name + field.dropFirst(source.name.count) : target.name
    }
}

extension Query {
    /// The query with each `stats` also by intervals of time, and each sort with a limit in each interval by itself.
    package func dividedByTime(step: Int64) -> Query {
        var result = self
        let key = StatsPipe.Key(FieldName.time, bucket: .init(step: step))
        for (index, pipe) in pipes.enumerated() {
            switch pipe {
            case .stats(var stats):
                if let place = stats.by.firstIndex(where: { $0.field == FieldName.time }) {
                    stats.by[place] = key
                } else {
                    stats.by.append(key)
                }
                result.pipes[index] = .stats(stats)
            case .sort(var sort) where sort.limit != nil && !sort.partition.contains(FieldName.time):
                sort.partition.append(FieldName.time)
                result.pipes[index] = .sort(sort)
            default: break
            }
        }
        return result
    }
}
