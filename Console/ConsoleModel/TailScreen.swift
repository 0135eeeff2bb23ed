import CollectorAPI
import LogModel
package import ScreenModel

/// The live tail: lines in a ring, a view that follows or holds still, and four counts kept apart: lines received, of
/// them not drawn, left buffer, and lines lost on the way.
package struct TailScreen: Sendable {
    /// Whether the view moves by itself.
    package enum Mode: Sendable, Equatable {
        case follow
        /// Held by Space.
        case frozen
        /// Held because somebody scrolled.
        case scrolled
    }

    /// Longest line kept aside when a held page leaves the ring.
    static let maxPinnedBytes = 64 << 10

    package internal(set) var query: String
    /// Number of the tail wanted now; lines of older ones are refused.
    package internal(set) var number = 1
    package internal(set) var ring: LineRing
    package internal(set) var list = ListView()
    package internal(set) var mode = Mode.follow
    package internal(set) var connection = TailConnection.connecting
    package internal(set) var rate = RateMeter()
    /// Lines received since the query was set.
    package internal(set) var received = 0
    /// Of them, lines that were on the screen at least once.
    package internal(set) var drawn = 0
    /// Lines the collector left out for this console.
    package internal(set) var lost = 0
    package internal(set) var gaps = 0
    /// Entries that came since the view was held.
    package internal(set) var sinceHold = 0
    package internal(set) var find: FindText?
    /// Rows of the held page that have left the ring, so that the page stays as it is.
    var pinned: [Int: (bytes: [UInt8], kind: LineRing.Kind, level: Level)] = [:]
    /// When the connection broke, on the steady clock.
    var brokenAt: Int64?

    package init(query: String, ring: LineRing = LineRing()) {
        self.query = query
        self.ring = ring
    }

    /// Lines received that were never on the screen.
    package var notDrawn: Int { received - drawn }

    /// The rows that can be shown: those of the ring, and of a held page also those that have left it.
    package var rows: Range<Int> {
        guard let oldest = pinned.keys.min() else { return ring.rows }
        return min(oldest, ring.rows.lowerBound)..<ring.rows.upperBound
    }

    /// Starts over with another query.
    mutating func restart(query: String) {
        self.query = query
        number += 1
        ring.removeAll()
        pinned = [:]
        list = {
            var fresh = ListView()
            fresh.resize(height: list.height, rows: ring.rows)
            fresh.follow(rows: ring.rows)
            return fresh
        }()
        mode = .follow
        connection = .connecting
        rate = RateMeter()
        (received, drawn, lost, gaps, sinceHold) = (0, 0, 0, 0, 0)
        brokenAt = nil
    }

    /// Takes lines in.
    mutating func receive(_ batch: TailBatch) {
        batch.bytes.withUnsafeBytes { bytes in
            for entry in batch.entries {
                switch entry.kind {
                case .line:
                    received += 1
                    rate.add(entry.level)
                    let row = UnsafeRawBufferPointer(rebasing: bytes[entry.offset..<entry.offset + entry.length])
                    append(row, kind: .line, level: entry.level)
                case .gap:
                    lost += entry.count
                    gaps += 1
                    append(notice: "\(NumberText.grouped(entry.count))", kind: .gap)
                }
            }
        }
        if mode == .follow { list.follow(rows: ring.rows) }
    }

    mutating func append(notice text: String, kind: LineRing.Kind) {
        var copy = text
        copy.withUTF8 { append(UnsafeRawBufferPointer($0), kind: kind, level: .unknown) }
        if mode == .follow { list.follow(rows: ring.rows) }
    }

    private mutating func append(_ row: UnsafeRawBufferPointer, kind: LineRing.Kind, level: Level) {
        let page = mode == .follow ? 0..<0 : list.visible(of: rows)
        if mode != .follow { sinceHold += 1 }
        guard page.contains(ring.rows.lowerBound) else {
            ring.append(row, kind: kind, level: level) { _, _, _, _ in }
            return
        }
        // The page that somebody reads is about to lose its first row: keep a copy of what leaves.
        var kept: [(Int, [UInt8], LineRing.Kind, Level)] = []
        ring.append(row, kind: kind, level: level) { number, bytes, kind, level in
            guard page.contains(number) else { return }
            kept.append((number, Array(bytes.prefix(Self.maxPinnedBytes)), kind, level))
        }
        for (number, bytes, kind, level) in kept { pinned[number] = (bytes, kind, level) }
    }

    /// Notes how the connection stands, and leaves a mark in the lines when it was gone.
    mutating func connected(_ new: TailConnection, now: Moment) {
        switch new {
        case .waiting:
            if brokenAt == nil, connection == .live { brokenAt = now.steady }
        case .live:
            if let since = brokenAt {
                let length = NumberText.duration(nanoseconds: now.steady - since)
                append(notice: "link was lost for \(length); resumed behind the last line received", kind: .notice)
                brokenAt = nil
            }
        case .connecting, .refused: break
        }
        connection = new
    }

    /// Holds the view as it is.
    mutating func hold(_ new: Mode) {
        if mode == .follow { sinceHold = 0 }
        mode = new
    }

    /// Shows the newest lines again.
    mutating func follow() {
        mode = .follow
        sinceHold = 0
        pinned = [:]
        list.follow(rows: ring.rows)
    }

    /// Moves the cursor; from following, the page is held first.
    mutating func move(by count: Int) {
        guard !rows.isEmpty else { return }
        if mode == .follow { hold(.scrolled) }
        list.move(by: count, rows: rows)
        if let cursor = list.cursor, pinned[cursor] == nil, cursor < ring.rows.lowerBound {
            // Between a held page and the ring lie lines that have left: the next ones are the oldest of the ring.
            pinned = [:]
            list.anchor(top: ring.rows.lowerBound)
            list.select(ring.rows.lowerBound, rows: rows)
        }
        dropPins()
    }

    /// Puts the cursor on a row and holds the view.
    mutating func select(_ row: Int) {
        if mode == .follow { hold(.scrolled) }
        list.select(row, rows: rows)
        dropPins()
    }

    /// Copies of rows that are out of the page are not needed any more.
    private mutating func dropPins() {
        guard !pinned.isEmpty else { return }
        let page = list.visible(of: rows)
        pinned = pinned.filter { page.contains($0.key) }
        list.settle(rows: rows)
    }

    /// Hands over a row, whether the ring or the held page has it.
    func withRow<R>(_ row: Int, _ body: (UnsafeRawBufferPointer, LineRing.Kind, Level) -> R) -> R? {
        if let kept = pinned[row] { return kept.bytes.withUnsafeBytes { body($0, kept.kind, kept.level) } }
        guard let kind = ring.kind(row) else { return nil }
        let level = ring.level(row)
        return ring.withBytes(row) { body($0, kind, level) }
    }

    /// The nearest row from `start` on, in the direction of `step`, for which `matches` holds.
    private func nearest(from start: Int, step: Int, _ matches: (Int) -> Bool) -> Int? {
        var row = start
        while rows.contains(row) {
            if matches(row) { return row }
            row += step
        }
        return nil
    }

    /// Goes to the next hit below (`forward`) or above. Without a cursor the newest hit is taken.
    ///
    /// - Returns: whether there was one.
    mutating func findNext(forward: Bool, includingCurrent: Bool = false) -> Bool {
        guard let row = nextHit(forward: forward, includingCurrent: includingCurrent) else { return false }
        select(row)
        return true
    }

    private func nextHit(forward: Bool, includingCurrent: Bool) -> Int? {
        guard let find else { return nil }
        return nearest(forward: forward, includingCurrent: includingCurrent) { row in
            withRow(row) { bytes, kind, _ in
                guard kind == .line else { return find.occurs(in: bytes) }
                guard find.mayOccur(inJSON: bytes), let parsed = LogRow(parsing: bytes, withFields: false) else {
                    return false
                }
                let time = LineText.clock(parsed.time)
                return parsed.message.withUnsafeBytes(find.occurs) || parsed.service.withUnsafeBytes(find.occurs)
                    || Array(time.utf8).withUnsafeBytes(find.occurs)
            } ?? false
        }
    }

    /// Goes to the next line of at least this level, below or above.
    mutating func goLevel(_ levels: ClosedRange<Level>, forward: Bool) -> Bool {
        guard let row = nextLine(of: levels, forward: forward) else { return false }
        select(row)
        return true
    }

    private func nextLine(of levels: ClosedRange<Level>, forward: Bool) -> Int? {
        nearest(forward: forward, includingCurrent: false) { row in
            withRow(row) { _, kind, level in kind == .line && levels.contains(level) } ?? false
        }
    }

    private func nearest(forward: Bool, includingCurrent: Bool, _ matches: (Int) -> Bool) -> Int? {
        if let cursor = list.cursor {
            let step = forward ? 1 : -1
            return nearest(from: includingCurrent ? cursor : cursor + step, step: step, matches)
        }
        return nearest(from: list.visible(of: rows).upperBound - 1, step: -1, matches)
    }

    /// The times around a gap, to search what is missing: from the line before to the line after.
    func times(aroundGap row: Int) -> TimeRange? {
        func time(_ start: Int, _ step: Int) -> Timestamp? {
            guard let at = nearest(from: start, step: step, { self.ring.kind($0) == .line }) else { return nil }
            return withRow(at) { bytes, _, _ in LogRow(parsing: bytes, withFields: false)?.timestamp } ?? nil
        }
        guard let before = time(row - 1, -1), let after = time(row + 1, 1), before <= after else { return nil }
        return TimeRange(from: before, to: after.adding(nanoseconds: 1))
    }
}
