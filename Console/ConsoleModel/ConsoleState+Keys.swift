import CollectorAPI
import LogModel
import ScreenModel

extension ConsoleState {
    /// What a key does in the present state.
    mutating func handle(_ key: Key, now: Moment) -> [ConsoleEffect] {
        switch key {
        case .control("c"): return interrupt(now: now)
        case .control("z"): return [.suspend]
        case .control("l"): return [.repaint]
        default: break
        }
        if prompt != nil { return handleInPrompt(key, now: now) }
        if showsHelp {
            handleInHelp(key)
            return []
        }
        switch key {
        case .character("?"):
            showsHelp = true
            helpScroll = 0
            return []
        case .character("3"): return go(.tail, now: now)
        case .character("4"): return go(.search, now: now)
        case .character("q"): return back(quits: true, now: now)
        case .escape: return back(quits: false, now: now)
        case .character("r"): return [.retryNow] + (screen == .search ? rerun(now: now) : [])
        case .control("e"), .character(":"):
            queryEditor.set(screen == .tail ? tail.query : search.query)
            prompt = .query
            return []
        case .character("/"):
            findEditor.set("")
            prompt = .find
            return []
        case .character("n"): findNext(forward: true)
        case .character("N"): findNext(forward: false)
        case .character("e"): goLevel(.error ... .fatal, "error", forward: true)
        case .character("E"): goLevel(.error ... .fatal, "error", forward: false)
        case .character("w"): goLevel(.warn ... .warn, "warning", forward: true)
        case .character("W"): goLevel(.warn ... .warn, "warning", forward: false)
        case .tab, .backTab: hasDetailFocus = isDetailOpen && !hasDetailFocus
        case .enter: return open(now: now)
        case .character("h"), .left: scrollSideways(-16)
        case .character("l"), .right: scrollSideways(16)
        case .character("T") where screen == .search:
            search.window = search.window.next
            return search.run(now: now, columns: histogramColumns)
        case .character(" ") where screen == .tail: toggleFreeze()
        case .character("F") where screen == .tail: tail.follow()
        default: move(key)
        }
        return []
    }

    private mutating func rerun(now: Moment) -> [ConsoleEffect] {
        search.run(now: now, columns: histogramColumns)
    }

    private mutating func toggleFreeze() {
        if tail.mode == .follow {
            tail.hold(.frozen)
        } else {
            closeDetail()
            tail.follow()
        }
    }

    /// Movement, in the list or in the detail pane that has the focus.
    private mutating func move(_ key: Key) {
        let page = max(1, layout.list.height - 1)
        let step: Int
        switch key {
        case .down, .character("j"), .control("n"): step = 1
        case .up, .character("k"), .control("p"): step = -1
        case .control("d"): step = page / 2 + 1
        case .control("u"): step = -(page / 2 + 1)
        case .pageDown, .character(" "), .control("f"): step = page
        case .pageUp, .character("b"), .control("b"): step = -page
        case .home, .character("g"): return jump(toEnd: false)
        case .end, .character("G"): return jump(toEnd: true)
        default: return
        }
        if hasDetailFocus {
            detailScroll = max(0, min(100_000, detailScroll + step))
            return
        }
        detailScroll = 0
        switch screen {
        case .tail: tail.move(by: step)
        case .search: search.list.move(by: step, rows: 0..<search.rows.count)
        }
    }

    private mutating func jump(toEnd: Bool) {
        if hasDetailFocus {
            if !toEnd { detailScroll = 0 }
            return
        }
        detailScroll = 0
        switch screen {
        case .tail:
            if toEnd {
                closeDetail()
                tail.follow()
            } else if !tail.rows.isEmpty {
                tail.select(tail.ring.rows.lowerBound)
            }
        case .search:
            search.list.select(toEnd ? search.rows.count - 1 : 0, rows: 0..<search.rows.count)
        }
    }

    private mutating func scrollSideways(_ columns: Int) {
        switch screen {
        case .tail: tail.list.scroll(columns: columns)
        case .search: search.list.scroll(columns: columns)
        }
    }

    private mutating func goLevel(_ levels: ClosedRange<Level>, _ name: String, forward: Bool) {
        let found =
            switch screen {
            case .tail: tail.goLevel(levels, forward: forward)
            case .search: search.goLevel(levels, forward: forward)
            }
        if !found { remark = "no \(name) \(forward ? "below" : "above")" }
    }

    private mutating func findNext(forward: Bool, includingCurrent: Bool = false) {
        let find = screen == .tail ? tail.find : search.find
        guard let find else {
            remark = "nothing to find yet: / starts"
            return
        }
        let found =
            switch screen {
            case .tail: tail.findNext(forward: forward, includingCurrent: includingCurrent)
            case .search: search.findNext(forward: forward, includingCurrent: includingCurrent)
            }
        if !found { remark = "\"\(find.text)\" not found \(forward ? "below" : "above")" }
    }

    /// Enter: the event in full, or what a gap left out.
    private mutating func open(now: Moment) -> [ConsoleEffect] {
        if screen == .tail {
            if tail.list.cursor == nil { tail.move(by: 0) }
            if tail.list.cursor == nil, let last = tail.rows.last { tail.select(last) }
            if let cursor = tail.list.cursor, tail.ring.kind(cursor) == .gap { return openGap(cursor, now: now) }
        }
        guard selectedRow != nil else { return [] }
        if isDetailOpen {
            closeDetail()
        } else {
            isDetailOpen = true
            detailScroll = 0
        }
        return []
    }

    private mutating func handleInPrompt(_ key: Key, now: Moment) -> [ConsoleEffect] {
        switch (prompt, key) {
        case (_, .escape):
            prompt = nil
            return []
        case (.query, .enter):
            prompt = nil
            let text = queryEditor.text
            queryEditor.remember()
            let query = text.allSatisfy(\.isWhitespace) ? "*" : text
            closeDetail()
            if screen == .search {
                search.query = query
                return search.run(now: now, columns: histogramColumns)
            }
            tail.restart(query: query)
            return [.startTail(tail.number, query: query)]
        case (.find, .enter):
            prompt = nil
            let text = findEditor.text
            findEditor.remember()
            let find = text.isEmpty ? nil : FindText(text)
            switch screen {
            case .tail: tail.find = find
            case .search: search.find = find
            }
            if find != nil {
                // In a tail the past is above; in a search the list starts at its top.
                findNext(forward: screen == .search, includingCurrent: true)
            }
            return []
        case (.query, _): _ = queryEditor.handle(key)
        case (.find, _): _ = findEditor.handle(key)
        case (nil, _): break
        }
        return []
    }

    private mutating func handleInHelp(_ key: Key) {
        switch key {
        case .down, .character("j"): helpScroll += 1
        case .up, .character("k"): helpScroll = max(0, helpScroll - 1)
        case .pageDown, .character(" "): helpScroll += 10
        case .pageUp, .character("b"): helpScroll = max(0, helpScroll - 10)
        default: showsHelp = false
        }
        helpScroll = min(helpScroll, max(0, HelpText.lines(for: screen).count - 1))
    }
}
