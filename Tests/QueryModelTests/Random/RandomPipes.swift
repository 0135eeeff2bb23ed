import TestSupport

extension RandomQueries {
    /// A whole query.
    mutating func query() -> String {
        names = Self.eventNames
        hasLists = false
        var text = generator.chance(5) ? "options(ignore_global_time_filter=true) " : ""
        text += filter(2)
        for _ in 0..<generator.pick([0, 0, 1, 1, 1, 2, 2, 3, 4]) {
            text += " | " + pipe(isFirst: !text.contains(" | "))
        }
        return text
    }

    private mutating func condition() -> String { generator.chance(25) ? "if (" + filter(1) + ") " : "" }

    private mutating func rule() -> String {
        generator.pick(["", "", " keep_original_fields", " skip_empty_results"])
    }

    /// A field that a pipe writes: a new one, or one that is there.
    private mutating func target() -> String {
        if generator.chance(30) { return generator.pick(["num", "text", "level", "copied"]) }
        results += 1
        names.append("made\(results)")
        return "made\(results)"
    }

    private mutating func pipe(isFirst: Bool) -> String {
        switch generator.below(isFirst ? 39 : 38) {
        case 0, 1, 2, 3, 4, 5: return stats()
        case 6, 7, 8: return sort()
        case 9: return "filter " + filter(1)
        case 10: return columns()
        case 11: return columns()
        case 12: return "limit \(generator.pick([0, 1, 5, 40]))"
        case 13: return "offset \(generator.pick([0, 1, 5, 40]))"
        case 14, 15: return uniq()
        case 16, 17: return top()
        case 18: return "field_names"
        case 19: return "field_values \(field())" + generator.pick(["", " limit 3"])
        case 20 where !hasLists:
            let text =
                "facets \(1 + generator.below(5)) max_values_per_field \(generator.pick([2, 10, 1_000])) max_value_len "
                + "\(generator.pick([5, 128]))" + generator.pick(["", " keep_const_fields"])
            names = ["field_name", "field_value", "hits"]
            return text
        case 21, 22: return update()
        case 23: return generator.pick(["len", "hash", "json_array_len"]) + "(\(field())) as \(target())"
        case 24, 25: return extract()
        case 26: return format()
        case 27, 28: return math()
        case 29:
            return generator.pick([
                "pack_json as packed", "pack_json fields (a*, \(field()), http.*) as packed",
                "pack_logfmt fields (\(field())) as packed",
            ])
        case 30, 31: return unpack()
        case 32: return "unpack_words from \(field()) as \(target())" + generator.pick(["", " drop_duplicates"])
        case 33: return "unroll \(condition())by (\(field()))"
        case 34: return generator.pick(["drop_empty_fields", "sample 1", "sample 3", "blocks_count as blocks"])
        case 35 where depth < 2: return join()
        case 36 where depth < 2:
            return "union (" + nested { $0.filter(1) + $0.generator.pick(["", " | fields seq, num"]) } + ")"
        case 37: return patterns()
        case 38:
            return "stream_context before \(generator.below(3)) after \(generator.below(3))"
                + generator.pick(["", " time_window 1s", " time_window 1d"])
        default: return "fields *"
        }
    }

    private mutating func patterns() -> String {
        let results = ["pattern", "hits", "first_seen", "last_seen", "example"]
        let name = plainName()
        let by = generator.pick([
            "", " by (service)", results.contains(name) ? "" : " by (\(Self.written(name)), host)",
        ])
        names = results
        return "patterns" + by + generator.pick(["", " limit 4"]) + generator.pick(["", " new since 2d"])
    }

    private mutating func columns() -> String {
        func mapping(_ verb: String) -> String {
            if generator.chance(30) {
                return verb
                    + generator.pick(["http.* as h*", "h* as http.*", "le* as lele*", "n* as *", "host* as h*"])
            }
            let source = field()
            return verb + source + " as " + target()
        }
        if generator.chance(10) {
            names.append("id")
            return generator.pick(["copy _stream_id as id", "fields _stream_id, seq, num", "rename _stream_id as id"])
        }
        switch generator.below(5) {
        case 0: return "fields seq, " + fields(1 + generator.below(4))
        case 1: return "fields seq, http.*, " + fields(1 + generator.below(2))
        case 2: return "delete " + generator.pick(["http.*", "h*", field()]) + ", " + field()
        case 3: return mapping("copy ")
        default: return mapping("rename ")
        }
    }

    private mutating func sort() -> String {
        if !hasLists, generator.chance(8) {
            return generator.pick(["sort", "sort desc", "first 3", "last 2", "sort limit 5"])
        }
        var keys = (0...generator.below(2)).map { _ in field() + generator.pick(["", "", " desc"]) }
        if generator.chance(50) { keys.append("seq") }
        let by = " by (" + keys.joined(separator: ", ") + ")"
        if generator.chance(25) {
            return generator.pick(["first ", "last "]) + "\(1 + generator.below(4))" + by
                + generator.pick(["", " partition by (service)", " partition by (\(field()), host)"])
        }
        if generator.chance(15) { return "sort by (_time\(generator.pick(["", " desc"]))) limit \(generator.below(9))" }
        var text = "sort" + by + generator.pick(["", "", " desc"])
        let isParted = generator.chance(15)
        if isParted { text += " partition by (\(field()))" }
        if isParted || generator.chance(40) { text += " limit \(generator.below(12))" }
        if generator.chance(25) { text += " offset \(generator.below(12))" }
        if generator.chance(15) { text += " rank as place" }
        return text
    }

    private mutating func uniq() -> String {
        let by = differentNames(1 + generator.below(3))
        names = by + ["hits"]
        return "uniq by (" + by.map(Self.written).joined(separator: ", ") + ")"
            + generator.pick(["", " with hits", " with hits limit 4", " limit 3"])
    }

    private mutating func top() -> String {
        let by = differentNames(1 + generator.below(2))
        names = by + ["hits"]
        return "top \(generator.pick([1, 3, 100])) by (" + by.map(Self.written).joined(separator: ", ") + ")"
            + generator.pick(["", " rank as place", " hits as hits"])
    }

    private mutating func update() -> String {
        let place = " at \(field())"
        switch generator.below(5) {
        case 0: return "replace \(condition())(\(part(name())), \"<>\")" + place + generator.pick(["", " limit 1"])
        case 1:
            return "replace_regexp \(condition())(\"([a-z]+)([0-9]*)\", \"$2-${1}\")" + place
                + generator.pick(["", " limit 2"])
        case 2: return "replace_regexp (\"x*\", \"_\")" + place
        case 3: return "collapse_nums \(condition())" + place + generator.pick(["", " prettify"])
        default: return "decolorize \(field())"
        }
    }

    private mutating func extract() -> String {
        let source = generator.chance(60) ? "_msg" : field()
        let one = target()
        var two = target()
        if one == two { two = "other" }
        let pattern = generator.pick([
            "\"from <\(one)> took <\(two)> ms\"", "\"user <\(one)> \"", "\"<\(one)>=<\(two)>\"",
            "\"code=<plain:\(one)>\"",
            "\"<_> <\(one)> <_>\"", "\"<\(one)>: <\(two)>\"", "'\"a\":<\(one)>,'",
        ])
        if generator.chance(60) { return "extract \(condition())" + pattern + " from \(source)" + rule() }
        return "extract_regexp \(condition())"
            + generator.pick(["\"(?P<\(one)>[0-9]+)\"", "\"(?P<\(one)>[a-z]+)[ =](?P<\(two)>.?)\""]) + " from \(source)"
            + rule()
    }

    private mutating func format() -> String {
        let option = generator.pick([
            "", "", "q:", "uc:", "lc:", "time:", "duration:", "duration_seconds:", "ipv4:", "hexencode:", "hexdecode:",
            "base64encode:", "base64decode:", "hexnumencode:", "hexnumdecode:", "urlencode:", "urldecode:",
        ])
        let text =
            "\"" + generator.pick(["", "a=", "[&lt;"]) + "<\(option)\(name())>" + generator.pick(["", "-<\(name())>"])
        return "format \(condition())\(text)\" as \(target())" + rule()
    }

    private mutating func math() -> String {
        func operand() -> String {
            generator.pick(["2", "1.5", "10KB", "num", "dec", "any", "dur", field(), "http.status", "_time"])
        }
        let symbol = generator.pick(["+", "-", "*", "/", "%", "^", "&", "or", "xor", "default"])
        let formula = generator.pick([
            "\(operand()) \(symbol) \(operand())", "abs(\(operand()))", "max(\(operand()), \(operand()))",
            "min(\(operand()), \(operand()), 7)", "round(\(operand()))", "round(num, 10)", "ceil(dec)", "floor(dec)",
            "ln(\(operand()))", "(\(operand()) + 1) * -\(operand())", "now()", "exp(dec)",
        ])
        return "math \(formula) as \(target())"
    }

    private mutating func unpack() -> String {
        let kind = generator.pick(["json", "json", "logfmt", "syslog"])
        let source = generator.pick(["doc", "_msg", field()])
        let wanted = kind == "syslog" ? "" : generator.pick(["", "", " fields (a, user)", " fields (b*, took)"])
        let prefix = generator.pick(["", " result_prefix p_"])
        names += ["a", "user", "p_a"]
        return "unpack_\(kind) \(condition())from \(source)" + wanted + prefix
            + (kind == "syslog" ? generator.pick(["", " keep_original_fields"]) : rule())
    }

    private mutating func join() -> String {
        let by = generator.pick(["service", "host", "num"])
        names.append("joined")
        return "join by (\(by)) ("
            + nested { $0.filter(1) + " | stats by (\(by)) count() joined, max(num) level" } + ")"
            + generator.pick(["", " inner", " prefix \"b.\""])
    }
}
