/// The names of the language, for completion and for "did you mean".
package enum KnownNames {
    /// A part of LogsQL that is known by name but not there yet.
    struct Missing {
        /// The name in queries.
        var name: String
        /// What it does, as the subject of "are not supported yet".
        var feature: String
    }

    /// Functions among the filters, e.g. `in` of `in(a,b)`.
    package static let filters = [
        "contains_all", "contains_any", "eq_field", "exact", "i", "in", "ipv4_range", "le_field", "len_range",
        "lt_field",
        "range", "re", "seq", "string_range", "value_type",
    ]

    /// Pipes and their aliases.
    package static let pipes: [String] = Pipe.kinds.flatMap { $0.names }

    /// The same as a set.
    static let pipeNames = Set(pipes)

    /// Functions of the stats pipe.
    package static let statsFunctions: [String] = StatsFunction.Kind.allCases.map(\.rawValue)

    /// Words with a meaning of their own; as values and field names they need quotes.
    package static let keywords: Set<String> = [
        "and", "or", "not", "as", "by", "asc", "desc", "limit", "offset", "with", "hits", "rank", "partition", "if",
        "on",
        "at", "from", "fields", "result_prefix", "keep_original_fields", "skip_empty_results", "drop_duplicates",
        "prettify", "inner", "prefix", "before", "after", "time_window", "max_values_per_field", "max_value_len",
        "keep_const_fields", "options", "now", "day_range", "week_range", "default", "xor", "abs", "exp", "ln", "max",
        "min", "rand", "round", "ceil", "floor", "not_in", "inf",
    ]

    static let missingFilters: [Missing] = [
        Missing(name: "contains_common_case", feature: "common-case searches"),
        Missing(name: "equals_common_case", feature: "common-case searches"),
        Missing(name: "ipv6_range", feature: "ranges of IPv6 addresses"),
        Missing(name: "json_array_contains_any", feature: "searches in JSON arrays"),
        Missing(name: "pattern_match", feature: "patterns"),
        Missing(name: "pattern_match_full", feature: "patterns"),
    ]

    static let missingPipes = [
        "generate_sequence", "query_stats", "running_stats", "set_stream_fields", "split", "time_add",
        "total_stats",
    ]

    static let missingStatsFunctions = ["any", "field_max", "field_min", "stddev"]

    static func missingFilter(_ name: String) -> Missing? {
        missingFilters.first { $0.name == name }
    }

    /// The candidate that differs least from `name`; nil when all differ by more than a third of its letters.
    package static func nearest(to name: String, among candidates: [String]) -> String? {
        // A long name is no typing error, and the table below grows with the square of the length.
        let wanted = Array(name.lowercased().utf8.prefix(64))
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let distance = editDistance(wanted, Array(candidate.utf8))
            if distance < best?.distance ?? Int.max { best = (candidate, distance) }
        }
        guard let best, best.distance <= max(1, wanted.count / 3) else { return nil }
        return best.name
    }

    /// Letters to insert, delete, replace, or swap with their neighbour to get from one name to the other.
    static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                var cost = previous[column] + (left[row] == right[column] ? 0 : 1)
                cost = min(cost, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    cost = min(cost, beforePrevious[column - 1] + 1)
                }
                current.append(cost)
            }
            beforePrevious = previous
            previous = current
        }
        return previous[right.count]
    }
}
