import LogModel

/// Adds up notes of drops by reason, level and file. Pure.
///
/// The counts stay exact. Of which file events are is told for so many of them only.
struct DropSums: Sendable {
    private struct Kind: Hashable {
        var reason: String
        var level: Level
        /// Bytes that were never read are not added to events.
        var isUnread: Bool
    }

    private struct Key: Hashable {
        var kind: Kind
        var file: String
    }

    /// What was added, in the order in which it first came.
    private(set) var notes: [DropNote] = []
    private var places: [Key: Int] = [:]
    private var files: [Kind: Int] = [:]
    private let limit: Int
    private let filesEach: Int

    /// Nothing yet.
    ///
    /// - Parameters:
    ///   - limit: so many notes keep their files.
    ///   - filesEach: so many of one reason and level.
    init(limit: Int, filesEach: Int = .max) {
        self.limit = limit
        self.filesEach = filesEach
    }

    /// Adds a note.
    mutating func add(_ note: DropNote) {
        let kind = Kind(reason: note.reason, level: note.level, isUnread: note.events == 0)
        // Of what was never read, and of what no file has brought, there is no number of a source.
        let hasNumber = note.events > 0 && note.source > 0
        var key = Key(kind: kind, file: hasNumber ? "\(note.source)" : note.path)
        var note = note
        if places[key] == nil, !key.file.isEmpty, places.count >= limit || files[kind] ?? 0 >= filesEach {
            key.file = ""
            (note.source, note.path) = (0, "")
            if note.events > 0 { note.bytes = 0..<0 }
        }
        guard let place = places[key] else {
            places[key] = notes.count
            if !key.file.isEmpty { files[kind, default: 0] += 1 }
            return notes.append(note)
        }
        notes[place].add(note)
    }

    /// Gives what was added, and begins anew.
    mutating func take() -> [DropNote] {
        defer { self = DropSums(limit: limit, filesEach: filesEach) }
        return notes
    }
}
