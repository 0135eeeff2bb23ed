/// What a list shows: it knows the rows, the list knows the screen.
///
/// Rows carry numbers that stay with them for life, so a list over a ring keeps its place while old rows leave.
package protocol ListDataSource {
    /// The numbers of the rows there are.
    var rows: Range<Int> { get }
    /// Draws one row into `rect`, one line high, scrolled sideways by `skip` columns.
    func draw(row: Int, in grid: inout ScreenGrid, rect: Rect, skip: Int)
}

/// A window over rows with an optional cursor, independent of what the rows are.
package struct ListView: Sendable, Equatable {
    /// Number of the first visible row.
    package private(set) var top = 0
    /// Number of the row the cursor is on; nil when the list only scrolls.
    package private(set) var cursor: Int?
    /// Columns scrolled sideways.
    package private(set) var skip = 0
    /// Visible lines.
    package private(set) var height = 1

    package init() {}

    /// The numbers of the visible rows, given those that exist.
    package func visible(of rows: Range<Int>) -> Range<Int> {
        let first = max(rows.lowerBound, min(top, rows.upperBound))
        return first..<min(rows.upperBound, first + height)
    }

    /// Takes a new height and keeps the cursor's line, or the last visible row, in view.
    package mutating func resize(height newHeight: Int, rows: Range<Int>) {
        let wanted = max(1, newHeight)
        guard wanted != height else { return }
        if cursor == nil { top += height - wanted }
        height = wanted
        settle(rows: rows)
    }

    /// Puts the cursor on a row, the nearest one there is, and scrolls as little as needed to show it.
    package mutating func select(_ row: Int, rows: Range<Int>) {
        guard !rows.isEmpty else {
            cursor = nil
            return
        }
        cursor = min(max(row, rows.lowerBound), rows.upperBound - 1)
        settle(rows: rows)
    }

    /// Moves the cursor by some rows; without one, it appears on the last visible row (moving up) or the first.
    package mutating func move(by rowCount: Int, rows: Range<Int>) {
        let shown = visible(of: rows)
        guard !shown.isEmpty else { return }
        let from = cursor ?? (rowCount < 0 ? shown.upperBound - 1 : shown.lowerBound)
        select(from + rowCount, rows: rows)
    }

    /// Shows the last rows and takes the cursor away.
    package mutating func follow(rows: Range<Int>) {
        cursor = nil
        top = max(rows.lowerBound, rows.upperBound - height)
    }

    /// Shows rows from `row` on without moving the cursor.
    package mutating func anchor(top row: Int) {
        top = row
    }

    /// Scrolls sideways, never left of the first column.
    package mutating func scroll(columns: Int) {
        skip = max(0, min(skip + columns, 100_000))
    }

    /// Brings cursor and top back into the rows there are.
    package mutating func settle(rows: Range<Int>) {
        guard !rows.isEmpty else {
            cursor = nil
            top = rows.lowerBound
            return
        }
        if let row = cursor {
            let kept = min(max(row, rows.lowerBound), rows.upperBound - 1)
            cursor = kept
            if kept < top { top = kept }
            if kept >= top + height { top = kept - height + 1 }
        }
        top = min(max(top, rows.lowerBound), max(rows.lowerBound, rows.upperBound - height))
    }

    /// Draws the visible rows, the selected one marked over its whole width.
    package func draw(_ source: some ListDataSource, in grid: inout ScreenGrid, rect: Rect) {
        var y = rect.y
        for row in visible(of: source.rows) where y < rect.y + rect.height {
            source.draw(row: row, in: &grid, rect: Rect(x: rect.x, y: y, width: rect.width, height: 1), skip: skip)
            if row == cursor { grid.emphasise(x: rect.x, y: y, count: rect.width, .selected) }
            y += 1
        }
    }
}
