import CollectorAPI
import LogModel
package import ScreenModel

extension TailScreen: ListDataSource {
    /// Draws one line, gap or notice.
    package func draw(row: Int, in grid: inout ScreenGrid, rect: Rect, skip: Int) {
        let isDrawn: Void? = withRow(row) { bytes, kind, _ in
            switch kind {
            case .line:
                LineText.draw(bytes, in: &grid, rect: rect, skip: skip)
            case .gap:
                let text =
                    "~~~ gap: \(String(decoding: bytes, as: UTF8.self)) lines not received "
                    + "(left out by the server, stored there)  [Enter] search them"
                grid.put(text, x: rect.x, y: rect.y, style: .gap, limit: rect.width, marksCut: true)
            case .notice:
                let text = "~~~ " + String(decoding: bytes, as: UTF8.self)
                grid.put(text, x: rect.x, y: rect.y, style: .gap, limit: rect.width, marksCut: true)
            }
            if let find {
                grid.highlight(find.scalars, y: rect.y, from: rect.x, ignoringCase: find.ignoresCase)
            }
        }
        if isDrawn == nil { grid.put("~", x: rect.x, y: rect.y, style: .dim) }
    }
}

extension ConsoleState {
    func drawTail(in grid: inout ScreenGrid, layout: Layout, now: Moment) {
        Bar(
            left: [BarPart("query: ", .dim), BarPart(tail.query)],
            right: layout.isCompact ? [] : [BarPart("cols: time lvl svc msg", .dim)]
        ).draw(in: &grid, y: 1)
        if !layout.isCompact { rule(in: &grid, y: 2) }
        tail.list.draw(tail, in: &grid, rect: layout.list)
        if layout.isDetailRight { clearRight(of: layout.list, in: &grid) }
        if case .refused(let problem) = tail.connection {
            draw(problem: problem, query: tail.query, in: &grid, rect: layout.list)
        } else if tail.rows.isEmpty {
            drawWaiting(in: &grid, layout: layout)
        }
        if !layout.isCompact {
            rule(in: &grid, y: height - 4)
            drawRates(in: &grid, y: height - 3)
        }
        drawTailStatus(in: &grid, y: height - 2)
    }

    private func clearRight(of rect: Rect, in grid: inout ScreenGrid) {
        grid.fill(Rect(x: rect.x + rect.width, y: rect.y, width: width - rect.width, height: rect.height))
    }

    private func drawWaiting(in grid: inout ScreenGrid, layout: Layout) {
        let y = layout.list.y + 1
        if let reason = link.reason {
            grid.put("! the collector at \(place) does not answer", x: 2, y: y, style: .fail)
            for (index, line) in wrap(reason, columns: width - 5).prefix(3).enumerated() {
                grid.put(line, x: 4, y: y + 1 + index)
            }
        } else if tail.connection == .live {
            grid.put("waiting for lines that match", x: 2, y: y, style: .dim)
        }
    }

    private func drawRates(in grid: inout ScreenGrid, y: Int) {
        let second = tail.rate.last
        let rest = second.total - second.errors - second.warnings
        let line = Histogram.sparkline(tail.rate.seconds.map(\.total), columns: 20, ascii: ascii)
        Bar(left: [
            BarPart("RATE "), BarPart("\(NumberText.grouped(second.total))/s", .title), BarPart("  E "),
            BarPart(NumberText.grouped(second.errors), second.errors > 0 ? .fail : .plain), BarPart("  W "),
            BarPart(NumberText.grouped(second.warnings), second.warnings > 0 ? .warn : .plain),
            BarPart("  other \(NumberText.grouped(rest))   "), BarPart(line, .accent),
            BarPart(tail.rate.seconds.isEmpty ? "" : "  \(tail.rate.seconds.count)s", .dim),
        ]).draw(in: &grid, y: y)
    }

    private func drawTailStatus(in grid: inout ScreenGrid, y: Int) {
        var parts: [BarPart]
        switch tail.mode {
        case .follow: parts = [BarPart("FOLLOW", .ok)]
        case .frozen: parts = [BarPart("FROZEN +\(NumberText.grouped(tail.sinceHold))", .warn)]
        case .scrolled: parts = [BarPart("HELD +\(NumberText.grouped(tail.sinceHold))", .warn)]
        }
        if let remark {
            parts.append(BarPart("  " + remark, .warn))
        } else {
            parts.append(BarPart("  buffer \(NumberText.grouped(tail.ring.rows.count))"))
            parts.append(BarPart("  lost "))
            parts.append(BarPart(NumberText.grouped(tail.lost), tail.lost > 0 ? .fail : .plain))
            if tail.gaps > 0 {
                parts.append(BarPart(" in \(NumberText.grouped(tail.gaps)) gap\(tail.gaps == 1 ? "" : "s")"))
            }
            parts.append(BarPart("  not drawn \(NumberText.short(tail.notDrawn))"))
            parts.append(BarPart("  left buffer \(NumberText.short(tail.ring.left))"))
            if let find = tail.find { parts.append(BarPart("  find \"\(find.text)\"", .dim)) }
        }
        Bar(left: parts, right: [BarPart("UTC", .dim)]).draw(in: &grid, y: y)
    }
}
