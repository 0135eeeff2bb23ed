import CollectorAPI
import LogModel
package import ScreenModel

extension ConsoleState {
    /// The screen as it is to be shown at `now`.
    package func draw(now: Moment) -> ScreenGrid {
        var grid = ScreenGrid(width: width, height: height, ascii: ascii)
        let layout = layout
        guard layout.isUsable else {
            let notice = "lodge needs 40x8, this is \(width)x\(height)"
            grid.put(notice, x: 0, y: 0, limit: width)
            return grid
        }
        drawContext(in: &grid, now: now)
        switch screen {
        case .tail: drawTail(in: &grid, layout: layout, now: now)
        case .search: drawSearch(in: &grid, layout: layout, now: now)
        }
        drawDetail(in: &grid, layout: layout)
        if link.isLost {
            let body = layout.list
            for y in body.y..<body.y + body.height { grid.emphasise(x: 0, y: y, count: width, .stale) }
        }
        if showsHelp { drawHelp(in: &grid) }
        drawFoot(in: &grid)
        return grid
    }

    private func drawContext(in grid: inout ScreenGrid, now: Moment) {
        let text = LineText.clock(Array(now.wall.description.utf8))
        // Only the tail moves by itself; elsewhere a clock that ticks each second would be all that is sent.
        let clock = screen == .tail ? String(text.prefix(8)) : String(text.prefix(5))
        let state: BarPart
        switch screen {
        case .tail:
            switch tail.connection {
            case .live: state = BarPart("live", .ok)
            case .connecting: state = BarPart("opening", .dim)
            case .waiting: state = BarPart("no tail", .warn)
            case .refused: state = BarPart("refused", .fail)
            }
        case .search:
            switch search.phase {
            case .idle: state = BarPart("", .dim)
            case .running: state = BarPart("running", .warn)
            case .done: state = BarPart("done \(NumberText.duration(nanoseconds: search.tookNanoseconds))", .ok)
            case .failed: state = BarPart("failed", .fail)
            }
        }
        let tabs = Screen.allCases.map { Tab(number: $0.rawValue, name: $0.name) }
        let name = width < 72 ? [] : [BarPart(place + "  ", .accent)]
        var right = [link.part(now: now.steady)]
        if width >= 60 || !link.isLost { right.append(BarPart("  ")) }
        if width >= 60 || !link.isLost { right.append(state) }
        if width >= 60 { right.insert(BarPart("\(clock)Z  "), at: 0) }
        Bar(left: name + TabRow.parts(tabs, current: screen.rawValue), right: right).draw(in: &grid, y: 0)
    }

    func rule(in grid: inout ScreenGrid, y: Int) {
        grid.fill(Rect(x: 0, y: y, width: width, height: 1), with: grid.glyphs.horizontal, style: .rule)
    }

    private func drawDetail(in grid: inout ScreenGrid, layout: Layout) {
        guard let rect = layout.detail, rect.height > 0 else { return }
        if layout.isDetailAlone {
            grid.fill(rect)
        } else if layout.isDetailRight {
            let line = Rect(x: rect.x - 2, y: rect.y, width: 1, height: rect.height)
            grid.fill(line, with: grid.glyphs.vertical, style: hasDetailFocus ? .key : .rule)
        } else {
            rule(in: &grid, y: rect.y - 1)
        }
        guard let row = selectedRow else { return }
        let fields = LineText.detail(row)
        let title = hasDetailFocus ? "DETAIL (j k scroll, Tab list)" : "DETAIL"
        grid.put(title, x: rect.x, y: rect.y, style: hasDetailFocus ? .key : .title, limit: rect.width)
        let inner = Rect(x: rect.x, y: rect.y + 1, width: rect.width, height: rect.height - 1)
        if DetailPane.draw(fields, in: &grid, rect: inner, scroll: detailScroll) {
            grid.put(
                character: grid.glyphs.more, x: rect.x + rect.width - 1, y: rect.y + rect.height - 1, style: .accent)
        }
    }

    private func drawHelp(in grid: inout ScreenGrid) {
        let lines = HelpText.lines(for: screen)
        let top = 2
        let rows = height - top - 1
        grid.fill(Rect(x: 0, y: top, width: width, height: rows))
        for (index, line) in lines.dropFirst(helpScroll).prefix(rows).enumerated() {
            if line.key.isEmpty {
                grid.put(line.meaning, x: 2, y: top + index, style: .title)
            } else {
                grid.put(line.key, x: 4, y: top + index, style: .key)
                grid.put(line.meaning, x: 20, y: top + index, limit: width - 21, marksCut: true)
            }
        }
    }

    /// The last row: the prompt, or the keys of this state.
    private func drawFoot(in grid: inout ScreenGrid) {
        let y = height - 1
        switch prompt {
        case .query: queryEditor.draw(in: &grid, y: y, label: "query>")
        case .find: findEditor.draw(in: &grid, y: y, label: "find /")
        case nil: HintRow(hints).draw(in: &grid, y: y)
        }
    }

    private var hints: [(key: String, meaning: String)] {
        if showsHelp { return [("j k", "scroll"), ("any other key", "close")] }
        if hasDetailFocus {
            return [("j k", "scroll"), ("Tab", "list"), ("Enter", "close"), ("?", "keys"), ("q", "back")]
        }
        switch screen {
        case .tail:
            let hold: (String, String) = tail.mode == .follow ? ("Space", "freeze") : ("Space", "follow")
            return [
                hold, ("e/E", "error"), ("/", "find"), ("n/N", "next"), ("Enter", "detail"), (":", "query"),
                ("4", "search"), ("?", "keys"), ("q", isDetailOpen || previous != nil ? "back" : "quit"),
            ]
        case .search:
            return [
                ("Enter", "detail"), (":", "query"), ("T", "window"), ("e/E", "error"), ("/", "find"), ("n/N", "next"),
                ("r", "again"), ("3", "tail"), ("?", "keys"), ("q", previous != nil ? "back" : "quit"),
            ]
        }
    }

    /// A query that the collector refused, with a caret below the place.
    func draw(problem: Problem, query: String, in grid: inout ScreenGrid, rect: Rect) {
        var y = rect.y + 1
        grid.put("! " + problem.title, x: 2, y: y, style: .fail, limit: width - 3, marksCut: true)
        y += 1
        if let caret = problem.caret(in: query) {
            grid.put(caret.line, x: 4, y: y, limit: width - 5, marksCut: true)
            grid.put(caret.caret, x: 4, y: y + 1, style: .warn, limit: width - 5)
            y += 2
        }
        for line in wrap(problem.detail, columns: width - 5).prefix(4) where y < rect.y + rect.height {
            grid.put(line, x: 4, y: y)
            y += 1
        }
        if y < rect.y + rect.height { grid.put(":  edit the query", x: 4, y: y, style: .dim) }
    }

    /// Breaks a sentence at blanks.
    func wrap(_ text: String, columns: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, DisplayText.columns(of: line) + 1 + DisplayText.columns(of: String(word)) > columns {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? String(word) : " " + word
        }
        return line.isEmpty ? lines : lines + [line]
    }
}
