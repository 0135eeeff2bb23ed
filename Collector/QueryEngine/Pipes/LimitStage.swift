/// Lets the first rows pass.
final class LimitStage: RowStage {
    private var left: Int
    private let next: any RowStage

    init(_ count: Int, _ next: any RowStage) {
        left = count
        self.next = next
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        guard left > 0 else { return false }
        var result = block
        result.rows = Array(block.rows.prefix(left))
        left -= result.rows.count
        return try next.process(result) && left > 0
    }

    func finish() throws(ExecutionError) { try next.finish() }
}

/// Leaves the first rows out.
final class OffsetStage: RowStage {
    private var left: Int
    private let next: any RowStage

    init(_ count: Int, _ next: any RowStage) {
        left = count
        self.next = next
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        var result = block
        let dropped = min(left, block.rows.count)
        left -= dropped
        result.rows.removeFirst(dropped)
        return result.rows.isEmpty ? true : try next.process(result)
    }

    func finish() throws(ExecutionError) { try next.finish() }
}
