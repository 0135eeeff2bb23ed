/// What agents last said of themselves in full, as they said it: kept in memory alone and bounded in bytes, because
/// each of them says it again soon. Pure.
package struct StatusShelf: Sendable {
    private struct Entry: Sendable {
        var document: [UInt8]
        var turn: UInt64
    }

    /// Bytes of all documents.
    private let limit: Int
    private var entries: [String: Entry] = [:]
    private var bytes = 0
    private var turn: UInt64 = 0
    /// Who spoke in which turn, the longest ago first; those who have spoken again since are passed over.
    private var order: [(name: String, turn: UInt64)] = []
    private var first = 0

    /// Makes an empty shelf.
    package init(limit: Int = 32 << 20) {
        self.limit = limit
    }

    /// Keeps a document in place of the one before; when there is no room, those go that were not renewed for the longest.
    package mutating func put(_ document: [UInt8], of name: String) {
        remove(name)
        guard document.count <= limit else { return }
        turn += 1
        entries[name] = Entry(document: document, turn: turn)
        bytes += document.count
        order.append((name, turn))
        while bytes > limit, first < order.count {
            let (oldest, turn) = order[first]
            first += 1
            if entries[oldest]?.turn == turn { remove(oldest) }
        }
        // What was passed over goes once it is more than half.
        if order.count > 64, order.count > 2 * entries.count {
            order = order[first...].filter { entries[$0.name]?.turn == $0.turn }
            first = 0
        }
    }

    /// Forgets what an agent has said.
    package mutating func remove(_ name: String) {
        if let entry = entries.removeValue(forKey: name) { bytes -= entry.document.count }
    }

    /// What an agent has said last; nil when it has said nothing, or there was no room for it.
    package func document(of name: String) -> [UInt8]? { entries[name]?.document }
}
