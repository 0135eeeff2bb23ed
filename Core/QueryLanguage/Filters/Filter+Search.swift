import LogModel

extension Filter {
    /// The filter that the `filters` of a search request mean: each field has one of its values.
    ///
    /// Names are as responses spell them: `msg` is `_msg`, `meta.trace_id` is `trace_id`. A field without values lets
    /// no event pass.
    ///
    /// - Parameter values: for each field, the values it may have; an empty value also means a missing field.
    /// - Returns: a conjunction, sorted by the fields' names; `all` when there are none.
    package static func matching(_ values: [String: [String]]) -> Filter {
        let members = values.keys.sorted().map { name in
            let texts = (values[name] ?? []).map { QueryText($0) }
            return Filter.field(
                fieldName(forResponseName: name), texts.count == 1 ? .exact(texts[0]) : .oneOf(texts))
        }
        return .conjunction(members)
    }

    /// The name in queries of what responses call `name`.
    package static func fieldName(forResponseName name: String) -> String {
        if name == "msg" { return FieldName.message }
        return name.hasPrefix("meta.") ? String(name.dropFirst(5)) : name
    }

    /// The filter with each plain word, phrase and prefix turned into its `i(...)` form. Exact values keep their case.
    package func caseInsensitiveWords() -> Filter {
        mapTests { _, test in
            switch test {
            case .phrase(let text, _): .phrase(text, ignoringCase: true)
            case .prefix(let text, _): .prefix(text, ignoringCase: true)
            default: test
            }
        }
    }
}
