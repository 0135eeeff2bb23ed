/// Counts of one stretch of time, split by how bad they are.
package struct HistogramBucket: Sendable, Equatable {
    package var fail: Int
    package var warn: Int
    package var rest: Int

    package init(fail: Int = 0, warn: Int = 0, rest: Int = 0) {
        self.fail = fail
        self.warn = warn
        self.rest = rest
    }

    /// All counts together.
    package var total: Int { fail + warn + rest }
}

/// Bars of counts over time. An empty bucket stays an empty column, so that a silence is seen.
package enum Histogram {
    /// Draws one column a bucket, failures at the foot, then warnings, then the rest. The kinds differ by fill as well
    /// as by style. A bucket with anything in it shows at least the lowest step. Few failures among many lines vanish
    /// in such a bar, so an axis should name the buckets that have any: ``axisMark(of:)``.
    package static func draw(_ buckets: [HistogramBucket], in grid: inout ScreenGrid, rect: Rect) {
        let highest = buckets.reduce(0) { max($0, $1.total) }
        guard highest > 0, rect.height > 0 else { return }
        let steps = rect.height * 8
        for (column, bucket) in buckets.prefix(rect.width).enumerated() where bucket.total > 0 {
            let height = max(1, scaled(bucket.total, of: highest, to: steps))
            let failTop = scaled(bucket.fail, of: highest, to: steps)
            let warnTop = scaled(bucket.fail + bucket.warn, of: highest, to: steps)
            for row in 0..<rect.height {
                let foot = row * 8
                guard height > foot else { break }
                // A cell takes the kind that fills the larger part of it.
                let middle = foot + min(8, height - foot + 1) / 2
                let kind = failTop >= middle && bucket.fail > 0 ? 0 : warnTop >= middle && bucket.warn > 0 ? 1 : 2
                let style = Style(kind == 0 ? .failBar : kind == 1 ? .warn : .accent)
                let filled = min(8, height - foot)
                let glyph = filled == 8 ? grid.glyphs.fills[kind] : grid.glyphs.bars[filled - 1]
                grid.put(character: glyph, x: rect.x + column, y: rect.y + rect.height - 1 - row, style: style)
            }
        }
    }

    /// `E` for a bucket with failures, `W` for one with warnings only; nil for any other.
    package static func axisMark(of bucket: HistogramBucket) -> (letter: Character, style: Style)? {
        if bucket.fail > 0 { return ("E", Style(.failBar)) }
        return bucket.warn > 0 ? ("W", .warn) : nil
    }

    /// One line of steps for a row of numbers, the newest at the right.
    package static func sparkline(_ values: [Int], columns: Int, ascii: Bool) -> String {
        let shown = values.suffix(max(0, columns))
        let highest = shown.max() ?? 0
        let glyphs: Glyphs = ascii ? .ascii : .unicode
        var out = ""
        for value in shown {
            out.append(highest == 0 ? glyphs.bars[0] : glyphs.bars[min(7, value * 7 / highest)])
        }
        return out
    }

    /// Rounds up what is not zero, so that one line among a million is seen.
    private static func scaled(_ value: Int, of highest: Int, to steps: Int) -> Int {
        guard value > 0 else { return 0 }
        let (product, overflow) = value.multipliedReportingOverflow(by: steps)
        return max(1, overflow ? steps : product / highest)
    }
}
