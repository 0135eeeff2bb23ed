import TestSupport

extension RandomQueries {
    /// A `stats` pipe.
    mutating func stats() -> String {
        let by = differentNames(generator.below(3))
        let keys = by.map { Self.written($0) + bucket($0) }
        let calls = (0...generator.below(3)).map { _ in call() }
        let isList = ["values(", "uniq_values(", "json_values("]
        let lists = calls.filter { call in isList.contains { call.text.hasPrefix($0) } }.map(\.name)
        names = by + calls.map(\.name).filter { !lists.contains($0) } + ["nosuch"]
        hasLists = hasLists || !lists.isEmpty
        return "stats " + (by.isEmpty ? "" : "by (" + keys.joined(separator: ", ") + ") ")
            + calls.map { "\($0.text) as \($0.name)" }.joined(separator: ", ")
    }

    private mutating func bucket(_ name: String) -> String {
        switch name {
        case "_time":
            return generator.pick([
                "", ":5m", ":750ms offset 100ms", ":day", ":week offset 2h", ":month", ":1d offset -3h",
            ])
        case "num", "http.status", "seq": return generator.pick(["", ":10", ":7 offset 2"])
        case "dec": return generator.pick(["", ":0.5", ":2"])
        case "ip": return generator.pick(["", ":/24", ":/8"])
        case "dur": return generator.pick(["", ":1m"])
        case "size", "any": return generator.pick(["", ":10KB", ":100"])
        default: return ""
        }
    }

    private mutating func call() -> (text: String, name: String) {
        results += 1
        let result = "r\(results)"
        let some = generator.pick([field(), field(), fields(2), "h*", "http.*, level"])
        let text =
            switch generator.below(21) {
            case 0, 1: "count()"
            case 2: "count(\(some))"
            case 3: "count_empty(\(some))"
            case 4: "count_uniq(\(some))" + generator.pick(["", " limit 3"])
            case 5: generator.pick(["count_uniq_hash(\(some))", "count_uniq(_stream_id)"])
            case 6: "sum(\(generator.pick(["num", "dec", "http.status", "http.*", some])))"
            case 7: "avg(\(generator.pick(["num", "dec", "num, dec", some])))"
            case 8: "min(\(some))"
            case 9: "max(\(some))"
            case 10: "median(\(some))"
            case 11: "quantile(\(generator.pick(["0", "0.5", "0.9", "1"])), \(some))"
            case 12: generator.pick(["rate()", "rate_sum(num)"])
            case 13: "sum_len(\(some))"
            case 14: "histogram(\(generator.pick(["num", "dec", "dur", "any"])))"
            case 15: "values(\(some))" + generator.pick(["", "", " limit 2"])
            case 16: "uniq_values(\(some))" + generator.pick(["", "", " limit 2"])
            case 17: "json_values(\(some))" + generator.pick(["", "", " limit 2"])
            case 18: "row_any(\(some))"
            case 19: generator.pick(["row_min", "row_max"]) + "(\(generator.pick(["seq", "num", field()])), \(some))"
            default: generator.pick(["sum_len(*)", "count_empty(*)", "json_values()", "uniq_values(*)", "count(*)"])
            }
        return (text + (generator.chance(20) ? " if (" + filter(1) + ")" : ""), result)
    }
}
