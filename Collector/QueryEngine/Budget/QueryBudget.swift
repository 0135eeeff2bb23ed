internal import Synchronization

/// Memory of all queries together: a bound besides that of each. Shared freely.
package final class QueryMemory: Sendable {
    /// The most bytes that all queries may hold together.
    package let limit: Int
    private let held = Atomic<Int>(0)

    /// Makes a bound of so many bytes.
    package init(limit: Int) {
        self.limit = limit
    }

    /// Bytes that queries hold now.
    package var current: Int { held.load(ordering: .relaxed) }

    fileprivate func take(_ bytes: Int) -> Bool {
        if held.add(bytes, ordering: .relaxed).newValue <= limit { return true }
        held.subtract(bytes, ordering: .relaxed)
        return false
    }

    fileprivate func give(_ bytes: Int) { held.subtract(bytes, ordering: .relaxed) }
}

/// The memory that one query may hold, and does: groups, values, sorted rows, gathered results, tables of streams, and
/// what the queries inside it hold. One object is passed to all its parts. Shared freely.
///
/// What is counted is what grows with the data. The columns of the block that is being worked on are not: their size is
/// bounded by the format.
package final class QueryBudget: Sendable {
    /// The bound where none is set, in bytes.
    package static let defaultBytes = 128 << 20

    /// The most bytes that the query may hold.
    package let limit: Int
    private let all: QueryMemory?
    private let held = Atomic<Int>(0)
    private let most = Atomic<Int>(0)

    /// Makes a budget of which nothing is used.
    ///
    /// - Parameters:
    ///   - limit: bytes.
    ///   - all: the bound of all queries; nil for none.
    package init(limit: Int = QueryBudget.defaultBytes, of all: QueryMemory? = nil) {
        self.limit = limit
        self.all = all
    }

    deinit { all?.give(current) }

    /// Bytes that are held now.
    package var current: Int { held.load(ordering: .relaxed) }
    /// The most bytes that were held at one time.
    package var peak: Int { most.load(ordering: .relaxed) }

    fileprivate func take(_ bytes: Int, _ what: () -> String, _ advice: String) throws(ExecutionError) {
        let sum = held.add(bytes, ordering: .relaxed).newValue
        guard sum <= limit else {
            held.subtract(bytes, ordering: .relaxed)
            throw ExecutionError(
                code: .memory,
                message: "one query may hold \(Self.text(limit)), and this one needs at least \(Self.text(sum)) for "
                    + "\(what()); \(advice)",
                limit: limit, needed: sum)
        }
        if let all, !all.take(bytes) {
            held.subtract(bytes, ordering: .relaxed)
            throw ExecutionError(
                code: .memoryOfAll,
                message: "all queries together may hold \(Self.text(all.limit)), and others hold the rest: this one "
                    + "needs at least \(Self.text(sum)) for \(what()); try again in a moment, or \(advice)",
                limit: all.limit, needed: sum)
        }
        var known = most.load(ordering: .relaxed)
        while known < sum {
            let (isDone, found) = most.weakCompareExchange(expected: known, desired: sum, ordering: .relaxed)
            if isDone { break }
            known = found
        }
    }

    fileprivate func give(_ bytes: Int) {
        held.subtract(bytes, ordering: .relaxed)
        all?.give(bytes)
    }

    /// Bytes for people: `58 KiB`, `128 MiB`.
    package static func text(_ bytes: Int) -> String {
        if bytes < 1 << 10 { return "\(bytes) bytes" }
        return bytes < 1 << 20 ? "\(bytes >> 10) KiB" : "\(bytes >> 20) MiB"
    }
}

/// What one part of a query holds of the ``QueryBudget``; given back when the part is gone. One thread.
package final class MemoryClaim {
    private let budget: QueryBudget
    private var held = 0

    /// Holds nothing yet.
    package init(_ budget: QueryBudget) {
        self.budget = budget
    }

    deinit { budget.give(held) }

    /// Says how many bytes the part holds now.
    ///
    /// - Parameters:
    ///   - bytes: of memory, all in all.
    ///   - what: what they are, e.g. `4,711 groups`.
    ///   - advice: how to need less.
    /// - Throws: ``ExecutionError`` when there are not so many; the claim stays as it was.
    package func set(_ bytes: Int, _ what: @autoclosure () -> String, _ advice: String) throws(ExecutionError) {
        if bytes > held {
            try budget.take(bytes - held, what, advice)
        } else {
            budget.give(held - bytes)
        }
        held = bytes
    }
}
