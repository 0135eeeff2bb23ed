internal import ByteCoding

/// How the columns of a block say which rows they have: what several of them have in common is written once.
struct PresencePlan {
    /// Presences of fewer bytes are repeated: a section costs about as much.
    private static let leastSharedBytes = 48

    /// The presence of a column.
    enum Choice {
        /// Stands for itself.
        case own
        /// All rows of some streams; for each stream of the block whether it is among them.
        case streams([Bool])
        /// The shared presence of this number.
        case shared(Int)
    }

    /// One for each column.
    private(set) var choices: [Choice] = []
    /// The sections of shared presences.
    private(set) var sections: [SectionReference] = []

    /// Plans, and writes what is shared.
    ///
    /// - Parameters:
    ///   - columns: the rows of each column, ascending.
    ///   - streams: the rows of the block by stream.
    ///   - output: gets the shared ones.
    init(_ columns: [[UInt32]], streams: RowGroups, _ output: inout SectionOutput) {
        let rowCount = streams.groups.count
        choices = columns.map { rows in
            if rows.count == rowCount { return .own }
            return streams.whole(rows).map { .streams($0) } ?? .own
        }
        for index in columns.indices {
            guard case .own = choices[index], columns[index].count < rowCount else { continue }
            let twins = columns.indices.filter { other in
                guard other > index, case .own = choices[other] else { return false }
                return columns[other].count == columns[index].count && columns[other] == columns[index]
            }
            if twins.isEmpty { continue }
            var encoded = ByteWriter()
            Presence.encode(columns[index], of: rowCount, into: &encoded)
            guard encoded.count >= Self.leastSharedBytes else { continue }
            for column in [index] + twins { choices[column] = .shared(sections.count) }
            sections.append(output.plain(.presence, encoded))
        }
    }

    /// Appends the presence of a column.
    func encode(_ column: Int, _ rows: [UInt32], of rowCount: Int, into writer: inout ByteWriter) {
        switch choices[column] {
        case .own: Presence.encode(rows, of: rowCount, into: &writer)
        case .streams(let has):
            writer.append(Presence.streams.rawValue)
            var bitmap = RowBitmap(rowCount: has.count, filled: false)
            for group in has.indices where has[group] { bitmap.insert(group) }
            for word in bitmap.words { writer.append(littleEndian: word) }
        case .shared(let number):
            writer.append(Presence.shared.rawValue)
            writer.append(varint: UInt64(number))
        }
    }
}
