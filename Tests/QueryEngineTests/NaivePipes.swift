import LogModel
import TestSupport

/// Pipes over plain rows, for comparison. Each knows its LogsQL and does the same to rows.
struct NaivePipe {
    var text: String
    var apply: ([Row]) -> [Row]

    static func each(_ text: String, _ change: @escaping (inout Row) -> Void) -> NaivePipe {
        NaivePipe(text: text) { rows in
            rows.map { row in
                var row = row
                change(&row)
                return row
            }
        }
    }

    /// Pipes that change columns; `seq` stays as it is.
    static func column(_ generator: inout SeededGenerator) -> NaivePipe {
        let names = ["level", "http.status", "http.path", "host", "service", "_msg", "_time", "la", "nosuch", "copied"]
        let patterns = ["http.*", "h*", "la*", "wide*", "_*", "copied*"]
        switch generator.below(6) {
        case 0:
            let kept = (0...generator.below(4)).map { _ in
                generator.chance(75) ? generator.pick(names) : generator.pick(patterns)
            }
            return each("fields seq, " + kept.joined(separator: ", ")) { row in
                row = row.filter { name, _ in name == "seq" || kept.contains { matches($0, name) } }
            }
        case 1:
            let gone = (0...generator.below(2)).map { _ in
                generator.chance(75) ? generator.pick(names) : generator.pick(patterns)
            }
            return each("delete " + gone.joined(separator: ", ")) { row in
                row = row.filter { name, _ in !gone.contains { matches($0, name) } }
            }
        case 2, 3:
            let keeps = generator.chance(50)
            let verb = keeps ? "copy" : "rename"
            if generator.chance(40) {
                let (from, to) = generator.pick([
                    ("http.", "h"), ("h", "http."), ("la", "lala"), ("h", "hh"), ("l", "copied"),
                ])
                return each("\(verb) \(from)* as \(to)*") { row in
                    let moved = row.filter { $0.key.hasPrefix(from) }
                    if !keeps { for name in moved.keys { row[name] = nil } }
                    for (name, value) in moved { row[to + name.dropFirst(from.count)] = value }
                }
            }
            let (from, to) = (generator.pick(names), generator.pick(names))
            return each("\(verb) \(from) as \(to)") { row in
                if from == to { return }
                row[to] = row[from]
                if !keeps { row[from] = nil }
            }
        case 4:
            let filter = NaiveFilter.random(&generator, depth: 1)
            return NaivePipe(text: "filter " + filter.text) { rows in rows.filter { filter.matches($0, labels: nil) } }
        default: return each("fields *") { _ in }
        }
    }

    static func sort(_ generator: inout SeededGenerator) -> NaivePipe {
        let names = (0..<generator.below(3)).map { _ in
            generator.pick(["level", "http.status", "la", "_time", "_msg", "nosuch"])
        }
        let keys = (names + ["seq"]).map { ($0, generator.chance(40)) }
        var text = "sort by (" + keys.map { $0.0 + ($0.1 ? " desc" : "") }.joined(separator: ", ") + ")"
        let offset = generator.chance(30) ? generator.below(40) : nil
        let limit = generator.chance(50) ? generator.below(60) : nil
        if let offset { text += " offset \(offset)" }
        if let limit { text += " limit \(limit)" }
        return NaivePipe(text: text) { rows in
            let sorted = rows.sorted { left, right in
                for (name, isDescending) in keys {
                    let order = compare(left[name] ?? [], right[name] ?? [])
                    if order != 0 { return isDescending ? order > 0 : order < 0 }
                }
                return false
            }
            return Array(sorted.dropFirst(offset ?? 0).prefix(limit ?? .max))
        }
    }

    static func stats(_ generator: inout SeededGenerator) -> NaivePipe {
        let names = (0..<generator.below(3)).map { _ in
            generator.pick(["level", "service", "la", "host", "nosuch", "http.status"])
        }
        let by = names.enumerated().filter { names.firstIndex(of: $1) == $0 }.map(\.1)
        let isTimed = generator.chance(30)
        let keys = by + (isTimed ? ["_time:750ms offset 100ms"] : [])
        let text =
            "stats " + (keys.isEmpty ? "" : "by (" + keys.joined(separator: ", ") + ") ")
            + "count() n, count(level, la) c, count_uniq(level) u, count_uniq(la, host) uu, count_uniq(h*) uh, sum(http.status) s,"
            + " min(http.status) mn, max(http.status, la) mx, avg(http.status) a, min(_time) t0, max(_time) t1"
        return NaivePipe(text: text) { rows in
            var order: [Row] = []
            var groups: [Row: [Row]] = [:]
            for row in rows {
                var key: Row = [:]
                for name in by where !(row[name] ?? []).isEmpty { key[name] = row[name] }
                if isTimed {
                    // Empty and missing are one.
                    if !(row["_time"] ?? []).isEmpty { key["_time"] = row["_time"] }
                    func floored(_ number: Int64) -> Int64 {
                        let start = number - 100_000_000
                        return start - (start % 750_000_000 + 750_000_000) % 750_000_000 + 100_000_000
                    }
                    // What is grouped is told by its looks: another field may have been renamed.
                    if let time = nanoseconds(row["_time"]) {
                        key["_time"] = Array(Timestamp(nanoseconds: floored(time)).description.utf8)
                    } else if let number = Int64(String(decoding: row["_time"] ?? [], as: UTF8.self)) {
                        key["_time"] = Array("\(floored(number))".utf8)
                    }
                }
                if groups[key] == nil { order.append(key) }
                groups[key, default: []].append(row)
            }
            if order.isEmpty, keys.isEmpty { order = [[:]] }
            return order.map { key in
                let rows = groups[key] ?? []
                func all(_ name: String) -> [[UInt8]] { rows.compactMap { $0[name] }.filter { !$0.isEmpty } }
                let numbers = all("http.status").compactMap { Int(String(decoding: $0, as: UTF8.self)) }
                let sum = numbers.reduce(0, +)
                func extreme(_ values: [[UInt8]], _ sign: Int) -> [UInt8] {
                    values.reduce(nil as [UInt8]?) { best, value in
                        guard let best else { return value }
                        return compare(value, best) * sign > 0 ? value : best
                    } ?? []
                }
                var row = key
                row["n"] = decimal(rows.count)
                row["c"] = decimal(rows.filter { !($0["level"] ?? []).isEmpty || !($0["la"] ?? []).isEmpty }.count)
                row["u"] = decimal(Set(all("level")).count)
                func distinct(_ fits: (String) -> Bool) -> [UInt8] {
                    decimal(
                        Set(rows.map { $0.filter { fits($0.key) && !$0.value.isEmpty } }.filter { !$0.isEmpty }).count)
                }
                row["uu"] = distinct { $0 == "la" || $0 == "host" }
                row["uh"] = distinct { $0.hasPrefix("h") }
                row["s"] = numbers.isEmpty ? Array("NaN".utf8) : decimal(sum)
                row["a"] =
                    numbers.isEmpty
                    ? Array("NaN".utf8)
                    : sum % numbers.count == 0
                        ? decimal(sum / numbers.count) : Array("\(Double(sum) / Double(numbers.count))".utf8)
                // To `min`, a missing value is the smallest.
                row["mn"] = extreme(rows.map { $0["http.status"] ?? [] }, -1)
                row["mx"] = extreme(all("http.status") + all("la"), 1)
                row["t0"] = extreme(rows.map { $0["_time"] ?? [] }, -1)
                row["t1"] = extreme(all("_time"), 1)
                return row
            }
        }
    }

    private static func decimal(_ value: Int) -> [UInt8] { Array("\(value)".utf8) }

    private static func matches(_ pattern: String, _ name: String) -> Bool {
        pattern.hasSuffix("*") ? name.hasPrefix(String(pattern.dropLast())) : name == pattern
    }

    private static func nanoseconds(_ value: [UInt8]?) -> Int64? {
        (value ?? []).withUnsafeBytes { Timestamp(rfc3339: $0) }?.nanoseconds
    }

    /// No value, then numbers by size and times by their order, then everything else by its bytes but for digits, which
    /// come first. No two values of the corpus differ in the length of a number only.
    private static func compare(_ left: [UInt8], _ right: [UInt8]) -> Int {
        func number(_ value: [UInt8]) -> Int64? {
            Int64(String(decoding: value, as: UTF8.self)) ?? nanoseconds(value)
        }
        if left.isEmpty || right.isEmpty { return left.count - right.count }
        switch (number(left), number(right)) {
        case (let left?, let right?): return left < right ? -1 : left > right ? 1 : 0
        case (_?, nil): return -1
        case (nil, _?): return 1
        case (nil, nil):
            func weight(_ byte: UInt8) -> Int { byte >= 0x30 && byte <= 0x39 ? Int(byte) - 0x30 : Int(byte) + 10 }
            return left == right ? 0 : left.lexicographicallyPrecedes(right) { weight($0) < weight($1) } ? -1 : 1
        }
    }
}
