import ByteCoding
import LineFormats
import LogModel
import QueryEngine
import QueryLanguage
import StoreFormat
import Synchronization

/// What a query gave.
struct Answer {
    var rows: [Row] = []
    var cursors: [RowCursor] = []
    var blocks: [ResultBlock] = []
    var summary: ExecutionSummary
}

extension ExecutionOptions {
    static var anyOrder: ExecutionOptions { ExecutionOptions(now: Timestamp(nanoseconds: Corpus.epoch)) }

    /// Bytes that the query may hold.
    var memoryLimit: Int {
        get { budget.limit }
        set { budget = QueryBudget(limit: newValue) }
    }

    func with(_ change: (inout ExecutionOptions) -> Void) -> ExecutionOptions {
        var copy = self
        change(&copy)
        return copy
    }
}

/// Runs a query; `stopAfter` ends it after so many blocks of rows.
func run(
    _ text: String, on blocks: [any BlockSource], _ options: ExecutionOptions = .anyOrder, stopAfter: Int = .max
) throws -> Answer {
    final class Box {
        var rows: [Row] = []
        var cursors: [RowCursor] = []
        var blocks: [ResultBlock] = []
    }
    let box = Box()
    let summary = try execute(try Query(parsing: text), on: blocks, options) { block in
        box.blocks.append(block)
        for row in block.rows {
            var values: Row = [:]
            for field in block.fields {
                if let value = field.column.value(at: row) {
                    precondition(values[field.name] == nil, "two columns of one name")
                    values[field.name] = value
                }
            }
            box.rows.append(values)
            if !block.cursors.isEmpty { box.cursors.append(block.cursors[row]) }
        }
        return box.blocks.count < stopAfter
    }
    return Answer(rows: box.rows, cursors: box.cursors, blocks: box.blocks, summary: summary)
}

/// Text values of one field of all rows; nil where it is missing.
func values(_ name: String, of answer: Answer) -> [String?] {
    answer.rows.map { $0[name].map { String(decoding: $0, as: UTF8.self) } }
}

/// A block that notes which columns are asked for, and fails for some.
final class SpyBlock: BlockSource {
    struct Refusal: Error {}
    let block: any BlockSource
    let broken: Set<String>
    private let asked = Mutex<[String]>([])

    init(_ block: any BlockSource, broken: Set<String> = []) {
        self.block = block
        self.broken = broken
    }

    /// Each column that was read, in order, as often as it was read.
    var reads: [String] { asked.withLock { $0 } }

    private func note(_ name: String) throws {
        asked.withLock { $0.append(name) }
        if broken.contains(name) { throw Refusal() }
    }

    var rowCount: Int { block.rowCount }
    var timeBounds: ClosedRange<Int64> { block.timeBounds }
    var idBounds: ClosedRange<UInt64> { block.idBounds }
    var streams: [StreamIdentity] { get throws { try block.streams } }
    var streamBytes: Int { block.streamBytes }
    var fieldNames: [String] { block.fieldNames }
    var byteCount: Int { block.byteCount }
    func hasField(_ name: String) -> Bool { block.hasField(name) }
    func times() throws -> [Int64] {
        try note("times")
        return try block.times()
    }
    func ids() throws -> [UInt64] {
        try note("ids")
        return try block.ids()
    }
    func levels() throws -> [UInt8] {
        try note("levels")
        return try block.levels()
    }
    func streamIndexes() throws -> [UInt32] {
        try note("streams")
        return try block.streamIndexes()
    }
    func messages(_ candidates: RowBitmap) throws -> ColumnData {
        try note("_msg")
        return try block.messages(candidates)
    }
    func messageTemplates(_ candidates: RowBitmap) throws -> ColumnData {
        try note("templates")
        return try block.messageTemplates(candidates)
    }
    func messageCandidates(_ search: MessageSearch, among rows: RowBitmap) throws -> MessageCandidates? {
        try block.messageCandidates(search, among: rows)
    }
    func column(_ name: String, _ candidates: RowBitmap) throws -> ColumnData? {
        try note(name)
        return try block.column(name, candidates)
    }
}
