import CollectorAPI
import LogModel
import ScreenModel

/// The whole console: what it knows, and what it does about each event. There is no clock, no terminal and no network
/// in here; time comes with the event and wishes leave as effects.
package struct ConsoleState: Sendable {
    /// The screens there are; the numbers are their keys.
    package enum Screen: Int, Sendable, CaseIterable {
        case tail = 3
        case search = 4

        var name: String {
            switch self {
            case .tail: "tail"
            case .search: "search"
            }
        }
    }

    /// What the prompt in the last row is for.
    package enum Prompt: Sendable, Equatable {
        case query
        case find
    }

    /// Below this a single line says what is missing.
    package static let smallest = (width: 40, height: 8)

    /// Host and port of the collector.
    package let place: String
    package internal(set) var screen = Screen.tail
    package internal(set) var tail: TailScreen
    package internal(set) var search = SearchScreen()
    package internal(set) var link = LinkState()
    package internal(set) var width: Int
    package internal(set) var height: Int
    package let ascii: Bool
    package internal(set) var prompt: Prompt?
    package internal(set) var isDetailOpen = false
    package internal(set) var detailScroll = 0
    package internal(set) var hasDetailFocus = false
    package internal(set) var showsHelp = false
    package internal(set) var helpScroll = 0
    /// A remark for the status row, until the next key.
    package internal(set) var remark: String?
    var queryEditor = LineEditor()
    var findEditor = LineEditor()
    var previous: Screen?
    private var interruptedAt: Int64?

    package init(place: String, query: String = "*", width: Int, height: Int, ascii: Bool) {
        self.place = place
        self.width = max(1, width)
        self.height = max(1, height)
        self.ascii = ascii
        tail = TailScreen(query: query)
        search.query = query
        fit()
    }

    /// What to do first.
    package func start() -> [ConsoleEffect] {
        [.startTail(tail.number, query: tail.query)]
    }

    /// Takes an event and says what is to be done outside.
    package mutating func handle(_ event: ConsoleEvent, now: Moment) -> [ConsoleEffect] {
        var effects: [ConsoleEffect] = []
        switch event {
        case .key(let key):
            remark = nil
            effects = handle(key, now: now)
        case .interrupted:
            effects = interrupt(now: now)
        case .resized(let newWidth, let newHeight):
            (width, height) = (max(1, newWidth), max(1, newHeight))
        case .tick:
            tail.rate.advance(to: now.steady)
        case .tail(let number, let batch):
            guard number == tail.number else { return [] }
            tail.rate.advance(to: now.steady)
            tail.receive(batch)
        case .tailConnection(let number, let connection):
            guard number == tail.number else { return [] }
            tail.connected(connection, now: now)
        case .searched(let number, let result, let nanoseconds):
            guard number == search.number else { return [] }
            search.take(result, nanoseconds: nanoseconds)
        case .counted(let number, let result):
            guard number == search.number else { return [] }
            search.take(result)
        case .linkUp(let roundTrip):
            if link.isLost { effects.append(.retryNow) }
            link.up(roundTrip: roundTrip)
        case .linkLost(let reason, let retryAt):
            link.lost(reason: reason, retryAt: retryAt, now: now.steady)
        }
        fit()
        if screen == .search { effects += search.loadMoreIfNeeded() }
        return effects
    }

    /// Notes that the drawn frame is on the screen; keeps the count of lines that nobody saw right.
    package mutating func frameShown() {
        guard screen == .tail, !showsHelp, layout.isUsable else { return }
        tail.drawn += tail.ring.markDrawn(tail.list.visible(of: tail.rows))
    }

    /// Brings the lists to the height they have on the screen.
    mutating func fit() {
        let rows = layout.list.height
        tail.list.resize(height: rows, rows: tail.rows)
        if tail.mode == .follow { tail.list.follow(rows: tail.ring.rows) }
        search.list.resize(height: rows, rows: 0..<search.rows.count)
    }

    /// Columns the histogram has.
    var histogramColumns: Int { max(10, width - 10) }

    /// Goes to a screen; the first visit to the search runs it.
    mutating func go(_ to: Screen, now: Moment) -> [ConsoleEffect] {
        guard to != screen else { return [] }
        previous = screen
        screen = to
        closeDetail()
        if to == .search, search.phase == .idle {
            search.query = tail.query
            return search.run(now: now, columns: histogramColumns)
        }
        return []
    }

    /// One step out: the detail, then the screen, then the console (only with `q`).
    mutating func back(quits: Bool, now: Moment) -> [ConsoleEffect] {
        if isDetailOpen {
            closeDetail()
            return []
        }
        if let last = previous {
            screen = last
            previous = nil
            return []
        }
        return quits ? [.quit] : []
    }

    mutating func closeDetail() {
        isDetailOpen = false
        hasDetailFocus = false
        detailScroll = 0
    }

    /// Ctrl-C gives up what runs; twice within two seconds ends the console.
    mutating func interrupt(now: Moment) -> [ConsoleEffect] {
        if let at = interruptedAt, now.steady - at < 2_000_000_000 { return [.quit] }
        interruptedAt = now.steady
        prompt = nil
        remark = "Ctrl-C again quits"
        if screen == .search, search.phase == .running || search.isLoadingPage {
            search.phase = .failed(.cancelled)
            search.isLoadingPage = false
            search.number += 1
            return [.cancelSearch]
        }
        return []
    }

    /// Searches for what a gap left out.
    mutating func openGap(_ row: Int, now: Moment) -> [ConsoleEffect] {
        guard let range = tail.times(aroundGap: row) else {
            remark = "no line before and after the gap to take the times from"
            return []
        }
        previous = .tail
        screen = .search
        closeDetail()
        search.query = tail.query
        search.window = .fixed(range)
        return search.run(now: now, columns: histogramColumns)
    }

    /// The event shown in full; nil when nothing is selected.
    var selectedRow: LogRow? {
        switch screen {
        case .tail:
            guard let cursor = tail.list.cursor else { return nil }
            return tail.withRow(cursor) { bytes, kind, _ in
                kind == .line ? LogRow(parsing: bytes, withFields: true) : nil
            } ?? nil
        case .search:
            guard let cursor = search.list.cursor, search.rows.indices.contains(cursor) else { return nil }
            return LogRow(parsing: search.rows[cursor], withFields: true)
        }
    }
}
