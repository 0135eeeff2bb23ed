/// One line of input with a cursor and a history.
package struct LineEditor: Sendable, Equatable {
    /// Longest input in characters; more is refused.
    package static let maxCharacters = 4096
    /// Entries kept; the oldest leaves.
    package static let maxHistory = 100

    private var characters: [Character] = []
    /// Characters left of the cursor.
    package private(set) var position = 0
    private var history: [String] = []
    /// Place in the history while walking through it; `history.count` is the line being written.
    private var historyPosition = 0
    private var draft = ""

    package init(_ text: String = "") {
        set(text)
    }

    /// What has been typed.
    package var text: String { String(characters) }

    /// Replaces the line and puts the cursor at its end.
    package mutating func set(_ text: String) {
        characters = Array(text.prefix(Self.maxCharacters))
        position = characters.count
        historyPosition = history.count
    }

    /// Notes the line in the history, moving an equal older entry to the end.
    package mutating func remember() {
        let line = text
        guard !line.isEmpty else { return }
        history.removeAll { $0 == line }
        history.append(line)
        if history.count > Self.maxHistory { history.removeFirst() }
        historyPosition = history.count
    }

    /// Applies an editing key; false when the key does not edit.
    package mutating func handle(_ key: Key) -> Bool {
        switch key {
        case .character(let scalar): insert(scalar)
        case .left, .control("b"): position = max(0, position - 1)
        case .right, .control("f"): position = min(characters.count, position + 1)
        case .home, .control("a"): position = 0
        case .end, .control("e"): position = characters.count
        case .backspace, .control("h"): backspace()
        case .delete, .control("d"): if position < characters.count { characters.remove(at: position) }
        case .control("u"): removeBack(to: 0)
        case .control("w"): removeBack(to: wordStart())
        case .control("k"): characters.removeSubrange(position...)
        case .up, .control("p"): walk(-1)
        case .down, .control("n"): walk(1)
        default: return false
        }
        return true
    }

    private mutating func insert(_ scalar: Unicode.Scalar) {
        guard characters.count < Self.maxCharacters else { return }
        if position > 0 {
            // A combining mark joins the character before the cursor instead of becoming one of its own.
            let joined = String(characters[position - 1]) + String(scalar)
            if joined.count == 1, let character = joined.first {
                characters[position - 1] = character
                return
            }
        }
        characters.insert(Character(scalar), at: position)
        position += 1
    }

    private mutating func backspace() {
        guard position > 0 else { return }
        position -= 1
        characters.remove(at: position)
    }

    private mutating func removeBack(to start: Int) {
        characters.removeSubrange(start..<position)
        position = start
    }

    private func wordStart() -> Int {
        var start = position
        while start > 0, characters[start - 1].isWhitespace { start -= 1 }
        while start > 0, !characters[start - 1].isWhitespace { start -= 1 }
        return start
    }

    private mutating func walk(_ step: Int) {
        let next = historyPosition + step
        guard next >= 0, next <= history.count else { return }
        if historyPosition == history.count { draft = text }
        characters = Array(next == history.count ? draft : history[next])
        position = characters.count
        historyPosition = next
    }

    /// Draws the label and the line into a row and puts the screen's cursor into it; a line longer than the row
    /// scrolls so that the cursor stays visible.
    package func draw(in grid: inout ScreenGrid, y: Int, label: String) {
        grid.fill(Rect(x: 0, y: y, width: grid.width, height: 1))
        let labelColumns = grid.put(label, x: 1, y: y, style: .key)
        let x = min(grid.width - 1, 1 + labelColumns + 1)
        let room = max(1, grid.width - x - 1)
        let before = DisplayText.columns(of: String(characters[..<position]), ascii: grid.ascii)
        let skip = max(0, before - room + 1)
        grid.put(text, x: x, y: y, limit: room, skip: skip)
        grid.cursor = (x + before - skip, y)
    }
}
