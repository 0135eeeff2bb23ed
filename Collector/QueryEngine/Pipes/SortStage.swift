internal import ByteCoding
internal import LogModel
internal import QueryLanguage

/// Sorts rows by any fields. All rows are held, in bounded memory, unless there is a limit.
final class SortStage: RowStage {
    private struct Row {
        var keys: [SortValue]
        var block: ResultBlock
        var row: Int
    }

    private let pipe: SortPipe
    private let next: any RowStage
    private let memoryLimit: Int
    private var rows: [Row] = []
    private var bytes = 0
    private let wanted: Int

    init(_ pipe: SortPipe, _ next: any RowStage, _ options: ExecutionOptions) {
        self.pipe = pipe
        self.next = next
        memoryLimit = options.memoryLimit
        wanted =
            pipe.limit.map { Int(clamping: $0).addingReportingOverflow(Int(clamping: pipe.offset ?? 0)) }
            .map { $0.overflow ? .max : $0.partialValue } ?? .max
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        let compact = block.compacted()
        let columns = pipe.keys.map { compact.column($0.field) }
        for row in compact.rows {
            rows.append(Row(keys: columns.map { SortValue($0, row) }, block: compact, row: row))
        }
        bytes += compact.memoryBytes + compact.rows.count * 64
        if wanted != .max, rows.count > wanted * 2 + 4_096 { trim() }
        if bytes > memoryLimit {
            trim()
            if bytes > memoryLimit {
                throw ExecutionError(
                    code: .memory,
                    message: "sorting needs more than \(memoryLimit >> 20) MiB; add a limit or narrow the filter")
            }
        }
        return true
    }

    func finish() throws(ExecutionError) {
        rows.sort(by: precedes)
        for row in rows.dropFirst(Int(clamping: pipe.offset ?? 0)).prefix(Int(clamping: pipe.limit ?? .max)) {
            var one = row.block
            one.rows = [row.row]
            if try !next.process(one) { break }
        }
        rows = []
        try next.finish()
    }

    /// Forgets rows that cannot be among the first any more.
    private func trim() {
        guard wanted < rows.count else { return }
        rows.sort(by: precedes)
        rows.removeLast(rows.count - wanted)
        // Copies of single rows, so that the blocks they came from can go.
        rows = rows.map { row in
            var one = row.block
            one.rows = [row.row]
            return Row(keys: row.keys, block: one.compacted(), row: 0)
        }
        bytes = rows.reduce(0) { $0 + $1.block.memoryBytes + 64 }
    }

    private func precedes(_ left: Row, _ right: Row) -> Bool {
        for (index, key) in pipe.keys.enumerated() where left.keys[index] != right.keys[index] {
            return key.isDescending ? right.keys[index] < left.keys[index] : left.keys[index] < right.keys[index]
        }
        return false
    }
}

/// A value to be ordered: numbers by size, everything else by its bytes, numbers first.
enum SortValue: Comparable {
    case number(Double)
    case text([UInt8])

    init(_ column: ResultColumn?, _ row: Int) {
        if case .times(let times)? = column {
            self = .number(Double(times[row]))
            return
        }
        self.init(column?.value(at: row) ?? [])
    }

    init(_ bytes: [UInt8]) {
        if let number = SortValue.number(bytes) { self = .number(number) } else { self = .text(bytes) }
    }

    static func number(_ bytes: [UInt8]) -> Double? {
        guard let first = bytes.first, bytes.count <= 40, (0x30...0x39).contains(first) || first == 0x2D else {
            return nil
        }
        return Double(String(decoding: bytes, as: UTF8.self))
    }

    static func < (left: SortValue, right: SortValue) -> Bool {
        switch (left, right) {
        case (.number(let left), .number(let right)): left < right
        case (.number, .text): true
        case (.text, .number): false
        case (.text(let left), .text(let right)): left.lexicographicallyPrecedes(right)
        }
    }
}
