/// A name and a value of the event shown in full.
package struct DetailField: Sendable, Equatable {
    package var name: String
    package var value: [UInt8]

    package init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// The fields of one event, names left, values wrapped at the right; line breaks in a value start a new line.
package enum DetailPane {
    /// Draws the lines from `scroll` on and returns whether there are more below the last one drawn.
    ///
    /// Work is bounded by what is visible: a value of a megabyte is read only up to the last visible line.
    @discardableResult
    package static func draw(_ fields: [DetailField], in grid: inout ScreenGrid, rect: Rect, scroll: Int) -> Bool {
        guard rect.width > 8, rect.height > 0 else { return false }
        let longest = fields.reduce(0) { max($0, DisplayText.columns(of: $1.name, ascii: grid.ascii)) }
        let nameColumns = min(longest, max(6, rect.width / 3))
        let valueX = rect.x + nameColumns + 1
        let valueColumns = rect.x + rect.width - valueX
        guard valueColumns > 0 else { return false }
        var line = 0
        var cut = false
        let end = scroll + rect.height

        for field in fields {
            guard line < end else { return true }
            if line >= scroll {
                grid.put(
                    field.name, x: rect.x, y: rect.y + line - scroll, style: .accent, limit: nameColumns, marksCut: true
                )
            }
            var used = 0
            field.value.withUnsafeBufferPointer { bytes in
                var start = 0
                while start <= bytes.count, line < end {
                    let lineEnd = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
                    let part = UnsafeBufferPointer(rebasing: bytes[start..<lineEnd])
                    DisplayText.forEachGlyph(in: part, ascii: grid.ascii) { glyph in
                        if used + glyph.columns > valueColumns {
                            line += 1
                            used = 0
                        }
                        guard line < end else {
                            cut = true
                            return false
                        }
                        if line >= scroll {
                            grid.put(
                                glyph: glyph, x: valueX + used, y: rect.y + line - scroll,
                                style: glyph.isEscape ? Style(.escape) : .plain)
                        }
                        used += glyph.columns
                        return true
                    }
                    line += 1
                    used = 0
                    start = lineEnd + 1
                    // A line break at the very end of a value adds no empty line.
                    if start >= bytes.count { break }
                    if line >= end { cut = true }
                }
            }
        }
        return cut
    }
}
