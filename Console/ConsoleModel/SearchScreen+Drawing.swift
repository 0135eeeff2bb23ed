import CollectorAPI
import LogModel
import ScreenModel

/// The loaded hits as a list.
private struct SearchHits: ListDataSource {
    let search: SearchScreen

    var rows: Range<Int> { 0..<search.rows.count }

    /// Draws one hit, a mark in front of the selected one.
    func draw(row: Int, in grid: inout ScreenGrid, rect: Rect, skip: Int) {
        if row == search.list.cursor { grid.put(">", x: rect.x, y: rect.y, style: .key) }
        let inner = Rect(x: rect.x + 1, y: rect.y, width: rect.width - 1, height: 1)
        search.rows[row].withUnsafeBytes { LineText.draw($0, in: &grid, rect: inner, skip: skip) }
        if let find = search.find {
            grid.highlight(find.scalars, y: rect.y, from: rect.x, ignoringCase: find.ignoresCase)
        }
    }
}

extension ConsoleState {
    func drawSearch(in grid: inout ScreenGrid, layout: Layout, now: Moment) {
        Bar(left: [BarPart("query> ", .key), BarPart(search.query)], right: [BarPart("[Ctrl-E]", .dim)])
            .draw(in: &grid, y: 1)
        drawWindow(in: &grid)
        if let rect = layout.histogram { drawHistogram(in: &grid, rect: rect) }
        if let header = layout.header {
            rule(in: &grid, y: header - 1)
            grid.put("TIME", x: 1, y: header, style: .title)
            grid.put("L", x: 14, y: header, style: .title)
            grid.put("SERVICE", x: 16, y: header, style: .title)
            let message = 16 + LineText.serviceColumns(width: width) + 1
            grid.put("MESSAGE", x: message, y: header, style: .title)
        }
        if case .failed(.problem(let problem)) = search.phase {
            draw(problem: problem, query: search.query, in: &grid, rect: layout.list)
        } else if case .failed(let failure) = search.phase {
            grid.put("! " + failure.summary, x: 2, y: layout.list.y + 1, style: .fail, limit: width - 3, marksCut: true)
            grid.put("r  try again", x: 4, y: layout.list.y + 2, style: .dim)
        } else if search.rows.isEmpty, search.phase == .done {
            grid.put("no hits in this window; T changes it, : edits the query", x: 2, y: layout.list.y + 1, style: .dim)
        } else {
            search.list.draw(SearchHits(search: search), in: &grid, rect: layout.list)
            if search.phase == .running {
                for y in layout.list.y..<layout.list.y + layout.list.height {
                    grid.emphasise(x: 0, y: y, count: layout.list.width, .stale)
                }
            }
        }
        drawSearchStatus(in: &grid, y: height - 2)
    }

    private func drawWindow(in grid: inout ScreenGrid) {
        var parts = [BarPart("time   ", .dim)]
        if let range = search.range {
            parts.append(BarPart("\(clock(range.from, range)) .. \(clock(range.to, range)) Z"))
        }
        parts.append(BarPart(" (\(search.window.name)) [T]   ", .accent))
        if search.phase == .done {
            parts.append(BarPart("\(NumberText.grouped(search.hits)) hits", .title))
            parts.append(BarPart("   scanned \(NumberText.short(search.scanned)) lines"))
            if !search.isComplete { parts.append(BarPart("   INCOMPLETE", .fail)) }
        }
        Bar(left: parts).draw(in: &grid, y: 2)
    }

    /// A time with its date when the window is longer than a day.
    private func clock(_ moment: Timestamp, _ range: TimeRange) -> String {
        let text = moment.description
        let time = String(text.dropFirst(11).prefix(8))
        return range.length > 86_400_000_000_000 ? String(text.dropFirst(5).prefix(5)) + " " + time : time
    }

    private func drawHistogram(in grid: inout ScreenGrid, rect: Rect) {
        let highest = search.buckets.reduce(0) { max($0, $1.total) }
        put(right: NumberText.short(highest), x: 6, y: rect.y, in: &grid)
        grid.put(character: grid.glyphs.axisTop, x: 8, y: rect.y, style: .rule)
        for y in rect.y + 1..<rect.y + rect.height {
            grid.put(character: grid.glyphs.vertical, x: 8, y: y, style: .rule)
        }
        let foot = rect.y + rect.height
        put(right: "0", x: 6, y: foot, in: &grid)
        grid.fill(
            Rect(x: 8, y: foot, width: rect.width + 1, height: 1), with: grid.glyphs.horizontal, style: .rule)
        grid.put(character: grid.glyphs.axisBottom, x: 8, y: foot, style: .rule)
        guard let range = search.range, !search.buckets.isEmpty else {
            if let failure = search.countFailure {
                grid.put(
                    "no counts: \(failure.summary)", x: 10, y: rect.y, style: .warn, limit: rect.width, marksCut: true)
            }
            return
        }
        Histogram.draw(search.buckets, in: &grid, rect: rect)
        for (column, bucket) in search.buckets.prefix(rect.width).enumerated() {
            guard let mark = Histogram.axisMark(of: bucket) else { continue }
            grid.put(character: mark.letter, x: rect.x + column, y: foot, style: mark.style)
        }
        let used = min(search.buckets.count, rect.width)
        grid.put(shortClock(range.from), x: rect.x, y: foot + 1, style: .dim)
        if used > 40 {
            let middle = range.from.adding(nanoseconds: range.length / 2)
            grid.put(shortClock(middle), x: rect.x + used / 2 - 2, y: foot + 1, style: .dim)
        }
        if used > 16 { grid.put(shortClock(range.to), x: rect.x + used - 5, y: foot + 1, style: .dim) }
        let fails = search.buckets.reduce(0) { $0 + $1.fail }
        let warns = search.buckets.reduce(0) { $0 + $1.warn }
        let legend =
            "bucket \(Duration.nanoseconds(search.interval).logForm)  E \(NumberText.short(fails))  "
            + "W \(NumberText.short(warns))"
        if rect.x + used + 2 + legend.utf8.count < width {
            grid.put(legend, x: rect.x + used + 2, y: foot + 1, style: .dim)
        } else if used > 80 {
            grid.put(legend, x: rect.x + used / 4 - legend.utf8.count / 2, y: foot + 1, style: .dim)
        }
    }

    private func shortClock(_ moment: Timestamp) -> String {
        String(moment.description.dropFirst(11).prefix(5))
    }

    private func put(right text: String, x: Int, y: Int, in grid: inout ScreenGrid) {
        grid.put(text, x: max(0, x + 1 - text.utf8.count), y: y, style: .dim)
    }

    private func drawSearchStatus(in grid: inout ScreenGrid, y: Int) {
        var parts: [BarPart] = []
        if let remark {
            parts = [BarPart(remark, .warn)]
        } else {
            let at = search.list.cursor.map { $0 + 1 } ?? 0
            parts.append(BarPart("row \(NumberText.grouped(at))/\(NumberText.grouped(search.hits))"))
            parts.append(BarPart("  (\(NumberText.grouped(search.rows.count)) loaded)", .dim))
            if search.isLoadingPage { parts.append(BarPart("  loading more", .warn)) }
            if search.isFull, search.nextCursor != nil {
                parts.append(BarPart("  no more rows are held: narrow the window or the query", .warn))
            }
            if let find = search.find { parts.append(BarPart("  find \"\(find.text)\"", .dim)) }
        }
        Bar(left: parts, right: [BarPart("UTC", .dim)]).draw(in: &grid, y: y)
    }
}
