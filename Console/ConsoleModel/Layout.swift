package import ScreenModel

/// Where everything stands on a screen of this size.
package struct Layout: Sendable, Equatable {
    /// The screen is big enough to be drawn.
    package var isUsable: Bool
    /// Too small for rules, histograms and two panes at once.
    package var isCompact: Bool
    package var list: Rect
    /// The event in full; nil when closed.
    package var detail: Rect?
    /// The detail stands right of the list, else below or instead of it.
    package var isDetailRight = false
    /// The detail stands instead of the list.
    package var isDetailAlone = false
    /// Rows of the histogram; nil when there is none.
    package var histogram: Rect?
    /// Row of the list's head line; nil when there is none.
    package var header: Int?

    /// Rows below the list: rule and rates where there is room, status, hints.
    package var footRows: Int
}

extension ConsoleState {
    /// The layout of the present screen at the present size.
    package var layout: Layout {
        let isUsable = width >= Self.smallest.width && height >= Self.smallest.height
        let isCompact = width < 60 || height < 16
        var top: Int
        var foot = 2
        var histogram: Rect?
        var header: Int?
        switch screen {
        case .tail:
            top = isCompact ? 2 : 3
            if !isCompact { foot = 4 }
        case .search:
            top = 3
            if !isCompact {
                if height >= 22 {
                    histogram = Rect(x: 9, y: 3, width: histogramColumns, height: 2)
                    top = 7
                }
                header = top + 1
                top += 2
            }
        }
        var body = Rect(x: 0, y: top, width: width, height: max(1, height - top - foot))
        var detail: Rect?
        var isRight = false
        var isAlone = false
        if isDetailOpen {
            if isCompact {
                detail = body
                isAlone = true
            } else if width >= 90 {
                let listWidth = width * 6 / 10
                detail = Rect(x: listWidth + 2, y: body.y, width: width - listWidth - 3, height: body.height)
                body.width = listWidth
                isRight = true
            } else {
                let listHeight = max(3, body.height / 2)
                detail = Rect(
                    x: 1, y: body.y + listHeight + 1, width: width - 2, height: body.height - listHeight - 1)
                body.height = listHeight
            }
        }
        return Layout(
            isUsable: isUsable, isCompact: isCompact, list: body, detail: detail, isDetailRight: isRight,
            isDetailAlone: isAlone, histogram: histogram, header: header, footRows: foot)
    }
}
