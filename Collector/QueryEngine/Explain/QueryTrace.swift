internal import LogModel
internal import QueryLanguage
internal import StoreFormat
internal import Synchronization

/// Follows one query to explain it. A query without one pays for a look at an optional a few times a block. Used by the
/// thread that runs the query; afterwards the explanation can be had from any.
package final class QueryTrace: Sendable {
    private let clock: @Sendable () -> UInt64
    private let state = Mutex(Explanation())

    /// Makes an empty trace.
    ///
    /// - Parameter clock: nanoseconds that only grow.
    package init(clock: @escaping @Sendable () -> UInt64) {
        self.clock = clock
    }

    /// What is known so far.
    package var explanation: Explanation { state.withLock { $0 } }

    /// The time now.
    func now() -> UInt64 { clock() }

    /// Adds the time since `start` to a stage.
    func end(_ stage: Explanation.Stage, since start: UInt64) {
        let nanos = clock() &- start
        state.withLock { $0.measured.nanos[stage.rawValue] &+= nanos }
    }

    /// Does a part of the work and measures it.
    func measured<R>(_ stage: Explanation.Stage, _ work: () throws -> R) rethrows -> R {
        let start = now()
        defer { end(stage, since: start) }
        return try work()
    }

    /// Notes the plan, and looks which of the blocks it leaves out, and why.
    func planned(_ plan: Plan, _ blocks: [any BlockSource]) {
        var estimate = Explanation.Estimate()
        let fields = plan.columnsToRead
        for block in blocks {
            estimate.all.add(block)
            if plan.timeBounds.map({ $0.overlaps(block.timeBounds) }) != true {
                estimate.outsideOfTimes.add(block)
            } else if !plan.filter.mayMatch(block) {
                estimate.withoutValues.add(block)
            } else {
                estimate.read.add(block)
                estimate.columnBytes += block.byteCount(of: fields)
            }
        }
        let description = Explanation.Plan(plan)
        state.withLock { state in
            state.plan = description
            state.estimate = estimate
        }
    }

    /// Notes a block that is done with.
    func add(_ reading: BlockReading) {
        state.withLock { $0.measured.reading += reading }
    }

    /// Notes blocks that need not be looked at, for the rollup of their segment tells.
    func countedByRollups(_ blocks: [any BlockSource]) {
        state.withLock { state in
            for block in blocks { state.measured.byRollups.add(block) }
        }
    }

    /// Notes that a block is looked at.
    func lookedAtBlock() { state.withLock { $0.measured.blocks += 1 } }

    /// Notes rows that left a pipe.
    func passed(_ rows: Int, pipe: Int) {
        state.withLock { state in
            while state.measured.rowsBehindPipes.count <= pipe { state.measured.rowsBehindPipes.append(0) }
            state.measured.rowsBehindPipes[pipe] += rows
        }
    }

    /// Notes the end.
    func ended(_ summary: ExecutionSummary, since start: UInt64) {
        let nanos = clock() &- start
        state.withLock { state in
            state.measured.summary = summary
            state.measured.totalNanos = nanos
        }
    }
}

/// Traces are equal to themselves alone: each follows a query of its own.
extension QueryTrace: Hashable {
    package static func == (left: QueryTrace, right: QueryTrace) -> Bool { left === right }
    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

extension Plan {
    /// Names of the columns that the filter, the order and the pipes look at; nil when that is known by block only.
    fileprivate var columnsToRead: [String]? {
        guard var names = needed.names(with: selection) else { return nil }
        if order != .any || timeBounds != nil { names.append(FieldName.time) }
        return names + partition
    }
}

extension Explanation.Plan {
    /// Bytes of the text of a filter or pipe, beyond which it is cut: a query inside may have given many values.
    private static let mostText = 2_000

    fileprivate init(_ plan: Plan) {
        filter = Self.short("\(plan.selection)")
        times = plan.timeBounds
        order = plan.order
        limit = plan.limit
        offset = plan.offset
        partition = plan.partition
        pipes = plan.pipes.map { Self.short("\($0)") }
        fields = plan.needed.listed
    }

    private static func short(_ text: String) -> String {
        text.utf8.count <= mostText ? text : String(decoding: text.utf8.prefix(mostText), as: UTF8.self) + "..."
    }
}

/// Counts the rows between two pipes.
final class TracedStage: RowStage {
    private let next: any RowStage
    private let trace: QueryTrace
    private let pipe: Int

    init(_ next: any RowStage, _ trace: QueryTrace, behind pipe: Int) {
        self.next = next
        self.trace = trace
        self.pipe = pipe
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        trace.passed(block.rows.count, pipe: pipe)
        return try next.process(block)
    }

    func finish() throws(ExecutionError) { try next.finish() }
}
