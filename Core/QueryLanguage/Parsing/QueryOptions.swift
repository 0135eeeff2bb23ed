/// How a query is to run: `options(concurrency=2, ignore_global_time_filter=true)`.
package struct QueryOptions: Hashable, Sendable {
    /// How many threads the query may use; nil when it does not say. One query runs on one thread here.
    package var concurrency: UInt64?
    /// Whether bounds of time that were given beside the query do not hold for it; nil takes what holds around it.
    package var ignoresGlobalTimeFilter: Bool?

    /// Makes options that say nothing.
    package init() {}
}

extension QueryOptions: CustomStringConvertible {
    /// The options in canonical form with a space behind them; nothing when they say nothing.
    package var description: String {
        var parts: [String] = []
        if let concurrency { parts.append("concurrency=\(concurrency)") }
        if let ignoresGlobalTimeFilter { parts.append("ignore_global_time_filter=\(ignoresGlobalTimeFilter)") }
        return parts.isEmpty ? "" : "options(" + parts.joined(separator: ", ") + ") "
    }
}

extension Parser {
    private static let optionNames = ["concurrency", "ignore_global_time_filter"]

    /// Reads `options(...)` if that comes next.
    mutating func queryOptions() throws(QueryError) -> QueryOptions {
        var options = QueryOptions()
        guard atKeyword("options"), !following.isSymbol(":") else { return options }
        advance()
        guard atSymbol("(") else {
            throw unexpected(expected: ["("], "after `options`; put the word into quotes to search for it")
        }
        advance()
        while !takeSymbol(")") {
            let name = current
            guard name.kind == .word else { throw unexpected(expected: ["an option"]) }
            advance()
            try expect("=", "after the name of the option")
            let token = current
            let text = try value(stops: "=,()[]|", "a value").description
            switch name.text {
            case "concurrency":
                guard let number = Parser.wholeNumber(text) else {
                    throw failure("concurrency must be a whole number such as 2", from: token)
                }
                options.concurrency = number
            case "ignore_global_time_filter":
                guard let flag = ["true": true, "false": false, "1": true, "0": false][text.lowercased()] else {
                    throw failure("ignore_global_time_filter must be true or false", from: token)
                }
                options.ignoresGlobalTimeFilter = flag
            default: throw unknown("option", name, among: Parser.optionNames)
            }
            if !atSymbol(")") { try expect(",", "between options") }
        }
        return options
    }
}
