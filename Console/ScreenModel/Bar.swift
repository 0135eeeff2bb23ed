/// A piece of a one-line bar.
package struct BarPart: Sendable {
    package var text: String
    package var style: Style

    package init(_ text: String, _ style: Style = .plain) {
        self.text = text
        self.style = style
    }
}

/// A full-width line with parts at the left and parts at the right: the context row, the scope row, the status row and
/// the hint row are all such bars. When both do not fit, the left side is cut: the right one carries the state of the
/// link and the clock, which must never be pushed out of sight.
package struct Bar: Sendable {
    package var left: [BarPart]
    package var right: [BarPart]

    package init(left: [BarPart], right: [BarPart] = []) {
        self.left = left
        self.right = right
    }

    /// Draws the bar into row `y`, one blank column free at either edge.
    package func draw(in grid: inout ScreenGrid, y: Int) {
        let rightColumns = right.reduce(0) { $0 + DisplayText.columns(of: $1.text, ascii: grid.ascii) }
        let start = max(0, grid.width - 1 - rightColumns)
        let leftEnd = right.isEmpty ? grid.width : max(0, start - 1)
        var x = min(1, grid.width - 1)
        for part in left {
            let wanted = DisplayText.columns(of: part.text, ascii: grid.ascii)
            let room = leftEnd - x
            guard room > 0 else { break }
            grid.put(part.text, x: x, y: y, style: part.style, limit: room, marksCut: wanted > room)
            x += min(wanted, room)
        }
        x = start
        for part in right {
            x += grid.put(part.text, x: x, y: y, style: part.style)
        }
    }
}

/// The row of keys that work in this state, most useful first; what does not fit is left out whole.
package struct HintRow: Sendable {
    package var hints: [(key: String, meaning: String)]

    package init(_ hints: [(key: String, meaning: String)]) {
        self.hints = hints
    }

    /// Draws the hints into row `y`. The last hint is the way out and keeps its place at any width.
    package func draw(in grid: inout ScreenGrid, y: Int) {
        guard let last = hints.last else { return }
        let lastColumns = Self.columns(last)
        var x = 1
        for (index, hint) in hints.enumerated() {
            let columns = Self.columns(hint)
            let reserve = index == hints.count - 1 ? 0 : lastColumns + 2
            guard x + columns + reserve <= grid.width else { continue }
            x += grid.put(hint.key, x: x, y: y, style: .key)
            x += 1
            x += grid.put(hint.meaning, x: x, y: y, style: .plain)
            x += 2
        }
    }

    private static func columns(_ hint: (key: String, meaning: String)) -> Int {
        DisplayText.columns(of: hint.key) + 1 + DisplayText.columns(of: hint.meaning)
    }
}

/// A screen of the console in the tab row.
package struct Tab: Sendable {
    package var number: Int
    package var name: String

    package init(number: Int, name: String) {
        self.number = number
        self.name = name
    }
}

/// The names of the screens, the current one in brackets and capitals.
package enum TabRow {
    /// The parts of the context row that name the screens.
    package static func parts(_ tabs: [Tab], current: Int) -> [BarPart] {
        tabs.map { tab in
            tab.number == current
                ? BarPart("[\(tab.number) \(tab.name.uppercased())]  ", .title)
                : BarPart("\(tab.number) \(tab.name)  ")
        }
    }
}
