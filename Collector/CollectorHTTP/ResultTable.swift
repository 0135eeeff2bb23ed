import LineFormats
import QueryEngine

/// Rows of a result that is answered as a whole, in bounded memory.
struct ResultTable: Sendable {
    /// Rows that have the same columns. A missing value is an empty one.
    struct Piece: Sendable {
        var names: [String]
        var rows: [[[UInt8]]]
    }

    private(set) var pieces: [Piece] = []
    /// Whether rows had to be left out.
    private(set) var isFull = false
    /// Bytes of memory that the rows take.
    private(set) var memoryBytes = 0
    private let maximumBytes: Int

    init(maximumBytes: Int) {
        self.maximumBytes = maximumBytes
    }

    /// Takes the rows of a block; false when there is no more room.
    mutating func add(_ block: ResultBlock) -> Bool {
        let columns = block.fields.map(\.column)
        var piece = Piece(names: block.fields.map(\.name), rows: [])
        for row in block.rows {
            let values = columns.map { $0.value(at: row) ?? [] }
            let bytes = values.reduce(32) { $0 + $1.count + 48 }
            guard memoryBytes + bytes <= maximumBytes else {
                isFull = true
                return false
            }
            memoryBytes += bytes
            piece.rows.append(values)
        }
        pieces.append(piece)
        return true
    }

    /// All rows with the values of some columns, in their order.
    func rows(_ names: [String]) -> [[[UInt8]]] {
        pieces.flatMap { piece in
            let places = names.map { piece.names.firstIndex(of: $0) }
            return piece.rows.map { row in places.map { place in place.map { row[$0] } ?? [] } }
        }
    }
}

/// A table, and what was done for it.
typealias TableAnswer = (table: ResultTable, summary: ExecutionSummary)

extension QueryRunner {
    /// Runs a query and keeps all its rows. Equal queries that have not begun to look are one.
    ///
    /// - Throws: ``Problem``: as ``collect(_:into:bytes:emit:)``, and 400 when the rows are too many.
    func table(_ job: Job) async throws -> TableAnswer {
        try await tables.answer(AnswerKey(job)) { try await self.ownTable(job) }
    }

    private func ownTable(_ job: Job) async throws -> TableAnswer {
        let (table, summary) = try await collect(
            job, into: ResultTable(maximumBytes: limits.answerBytes), bytes: { $0.memoryBytes }
        ) { table, block in table.add(block) }
        guard !table.isFull else { throw tooLarge }
        return (table, summary)
    }

    /// The rows of an answer are too many.
    var tooLarge: Problem {
        Problem(
            400, "answer-too-large", "The answer is too large",
            "the answer needs more than \(limits.answerBytes) bytes: group by fewer fields, take longer intervals, or "
                + "narrow the filter", extra: [.init("limit", .integer(limits.answerBytes))])
    }

    /// The same where the answer has no way to say that something is missing.
    ///
    /// - Throws: ``Problem``: also 503 when the answer is not complete.
    func completeTable(_ job: Job) async throws -> ResultTable {
        let (table, summary) = try await table(job)
        guard summary.isComplete else { throw Self.incomplete(summary, job) }
        return table
    }
}
