internal import ByteCoding
internal import QueryLanguage
internal import StoreFormat

/// Makes a block of rows of another, each as often as wanted, with some fields of their own.
struct RowMaker {
    private let source: ResultBlock
    private var picks: [(block: Int, row: Int)] = []
    private var names: [String] = []
    private var values: [String: [Int: [UInt8]]] = [:]
    /// Bytes of memory, roughly.
    private(set) var memoryBytes = 0

    init(_ source: ResultBlock) {
        self.source = source
    }

    var count: Int { picks.count }
    /// Whether the rows are enough for a block.
    var isFull: Bool { picks.count >= Self.pieceRows || memoryBytes >= Self.pieceBytes }

    private static let pieceRows = 1_024
    private static let pieceBytes = 4 << 20
    /// A row that was added and the bytes of its values: it is often added many times.
    private var measured: (row: Int, bytes: Int)?

    private mutating func bytes(of row: Int) -> Int {
        if let measured, measured.row == row { return measured.bytes }
        var buffer = ByteWriter(capacity: 40)
        let bytes = source.fields.reduce(64) { sum, field in
            sum + field.column.withValue(at: row, &buffer) { $0?.count ?? 0 } + 8
        }
        measured = (row, bytes)
        return bytes
    }

    /// Adds a row. A field given here takes the place of the row's own.
    mutating func add(_ row: Int, _ fields: some Sequence<(name: String, value: [UInt8])>) {
        for field in fields {
            if values[field.name] == nil { names.append(field.name) }
            values[field.name, default: [:]][picks.count] = field.value
            memoryBytes += field.value.count + 64
        }
        picks.append((0, row))
        memoryBytes += bytes(of: row)
    }

    func finish() -> ResultBlock {
        var result = ResultBlock.gathering(picks, from: [source])
        for name in names { result = result.writing(name) { row in values[name]?[row] } }
        return result
    }
}

/// `unroll by (a)`: a row for each element of an array.
final class UnrollStage: RowStage {
    private let pipe: UnrollPipe
    private let next: any RowStage
    private let scope: QueryScope
    private let condition: PipeCondition

    init(_ pipe: UnrollPipe, _ next: any RowStage, _ scope: QueryScope) {
        self.pipe = pipe
        self.next = next
        self.scope = scope
        condition = PipeCondition(pipe.condition, scope.options)
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        let chosen = condition.rows(of: block)
        let columns = pipe.fields.map { block.column($0) }
        var maker = RowMaker(block)
        for row in block.rows {
            guard chosen?.contains(row) ?? true else {
                maker.add(row, [])
                continue
            }
            let elements = columns.map { JSONArrays.elements(of: $0?.value(at: row) ?? []) }
            // A row without any element stays, with empty fields.
            for index in 0..<max(1, elements.map(\.count).max() ?? 0) {
                maker.add(row, zip(pipe.fields, elements).map { ($0, index < $1.count ? $1[index] : []) })
                if maker.isFull {
                    guard try scope.mayGoOn(), try next.process(maker.finish()) else { return false }
                    maker = RowMaker(block)
                }
            }
        }
        return maker.count == 0 ? true : try next.process(maker.finish())
    }

    func finish() throws(ExecutionError) { try next.finish() }
}

/// `join`: the fields of another query's rows, which are held in bounded memory.
final class JoinStage: RowStage {
    private let pipe: JoinPipe
    private let next: any RowStage
    private let scope: QueryScope
    /// For each combination of values, the fields of each row that has it.
    private var rows: [[[UInt8]]: [[(name: String, value: [UInt8])]]]?
    private let claim: MemoryClaim

    init(_ pipe: JoinPipe, _ next: any RowStage, _ scope: QueryScope) {
        self.pipe = pipe
        self.next = next
        self.scope = scope
        claim = MemoryClaim(scope.options.budget)
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        let known = try others()
        let columns = pipe.fields.map { block.column($0) }
        var maker = RowMaker(block)
        for row in block.rows {
            let matches = known[columns.map { $0?.value(at: row) ?? [] }] ?? []
            if matches.isEmpty, !pipe.isInner { maker.add(row, []) }
            for fields in matches {
                // What a row has of its own stays.
                maker.add(row, fields.filter { block.value($0.name, row).isEmpty })
                if maker.isFull {
                    guard try scope.mayGoOn(), try next.process(maker.finish()) else { return false }
                    maker = RowMaker(block)
                }
            }
        }
        return maker.count == 0 ? true : try next.process(maker.finish())
    }

    func finish() throws(ExecutionError) { try next.finish() }

    private func others() throws(ExecutionError) -> [[[UInt8]]: [[(name: String, value: [UInt8])]]] {
        if let rows { return rows }
        var gathered: [[[UInt8]]: [[(name: String, value: [UInt8])]]] = [:]
        var bytes = 0
        let (pipe, claim) = (pipe, claim)
        try scope.run(pipe.query) { block throws(ExecutionError) in
            let keys = pipe.fields.map { block.column($0) }
            let others = block.fields.filter { !pipe.fields.contains($0.name) }
            for row in block.rows {
                let key = keys.map { $0?.value(at: row) ?? [] }
                var fields: [(name: String, value: [UInt8])] = []
                for field in others {
                    guard let value = field.column.value(at: row), !value.isEmpty else { continue }
                    fields.append((pipe.prefix + field.name, value))
                    bytes += value.count + field.name.utf8.count + 64
                }
                bytes += key.reduce(64) { $0 + $1.count + 32 }
                gathered[key, default: []].append(fields)
            }
            try claim.set(
                bytes, "the rows to join", "let the query inside `join` give fewer rows or fields")
            return true
        }
        rows = gathered
        return gathered
    }
}

/// `union`: the rows of another query behind these.
final class UnionStage: RowStage {
    private let pipe: UnionPipe
    private let next: any RowStage
    private let scope: QueryScope
    private var wantsMore = true

    init(_ pipe: UnionPipe, _ next: any RowStage, _ scope: QueryScope) {
        self.pipe = pipe
        self.next = next
        self.scope = scope
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        wantsMore = try next.process(block)
        return wantsMore
    }

    func finish() throws(ExecutionError) {
        let next = next
        if wantsMore { try scope.run(pipe.query) { block throws(ExecutionError) in try next.process(block) } }
        try next.finish()
    }
}
