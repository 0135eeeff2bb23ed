/// One place of the screen.
package struct Cell: Sendable, Equatable {
    /// The base character; 0 marks the right half of a wide one.
    package var scalar: UInt32 = 0x20
    package var mark: UInt32 = 0
    package var secondMark: UInt32 = 0
    /// 1 or 2; 0 for the right half of a wide character.
    package var columns: UInt8 = 1
    package var style = Style.plain

    package static let blank = Cell()
}

/// A rectangle of the screen, in cells.
package struct Rect: Sendable, Equatable {
    package var x: Int
    package var y: Int
    package var width: Int
    package var height: Int

    package init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = max(0, width)
        self.height = max(0, height)
    }
}

/// A screen full of cells, drawn without a terminal. Whatever is drawn outside of it is cut.
package struct ScreenGrid: Sendable, Equatable {
    package let width: Int
    package let height: Int
    /// Draws with ASCII only.
    package let ascii: Bool
    /// Rows from the top, each `width` cells.
    package private(set) var cells: [Cell]
    /// Where the terminal's cursor stands; nil hides it.
    package var cursor: (x: Int, y: Int)? {
        get { cursorX < 0 ? nil : (cursorX, cursorY) }
        set {
            cursorX = newValue.map { min(max(0, $0.x), width - 1) } ?? -1
            cursorY = newValue.map { min(max(0, $0.y), height - 1) } ?? -1
        }
    }
    private var cursorX = -1
    private var cursorY = -1

    /// An empty screen. Sizes below one are taken as one.
    package init(width: Int, height: Int, ascii: Bool = false) {
        self.width = max(1, width)
        self.height = max(1, height)
        self.ascii = ascii
        cells = Array(repeating: .blank, count: self.width * self.height)
    }

    /// The characters the screen itself is drawn with.
    package var glyphs: Glyphs { ascii ? .ascii : .unicode }

    package subscript(x: Int, y: Int) -> Cell {
        cells[y * width + x]
    }

    /// Draws `text` from column `x` on.
    ///
    /// - Parameters:
    ///   - text: made safe to show while it is drawn.
    ///   - x: first column.
    ///   - y: row.
    ///   - style: look of the text; characters made visible get the escape role.
    ///   - limit: most columns to use; the default is up to the right edge.
    ///   - skip: columns of the text that lie left of the view.
    ///   - marksCut: puts a sign into the last column when something did not fit.
    /// - Returns: the columns used.
    @discardableResult
    package mutating func put(
        _ text: String, x: Int, y: Int, style: Style = .plain, limit: Int? = nil, skip: Int = 0, marksCut: Bool = false
    ) -> Int {
        var copy = text
        return copy.withUTF8 { put($0, x: x, y: y, style: style, limit: limit, skip: skip, marksCut: marksCut) }
    }

    /// Draws bytes like ``put(_:x:y:style:limit:skip:marksCut:)-text``.
    @discardableResult
    package mutating func put(
        _ bytes: UnsafeBufferPointer<UInt8>, x: Int, y: Int, style: Style = .plain, limit: Int? = nil, skip: Int = 0,
        marksCut: Bool = false
    ) -> Int {
        guard y >= 0, y < height, x >= 0, x < width else { return 0 }
        let room = min(limit ?? width, width - x)
        guard room > 0 else { return 0 }
        var used = 0
        var skipped = 0
        var cut = false
        DisplayText.forEachGlyph(in: bytes, ascii: ascii) { glyph in
            if skipped < skip {
                skipped += glyph.columns
                return true
            }
            guard used + glyph.columns <= room else {
                cut = true
                return false
            }
            set(glyph, x: x + used, y: y, style: glyph.isEscape ? Style(.escape, style.emphasis) : style)
            used += glyph.columns
            return true
        }
        if cut, marksCut {
            while used < room {
                set(Glyph(scalar: 0x20, columns: 1), x: x + used, y: y, style: style)
                used += 1
            }
            put(character: glyphs.more, x: x + room - 1, y: y, style: Style(.accent, style.emphasis))
        }
        return used
    }

    /// Draws one of the screen's own characters, one column wide.
    package mutating func put(character: Character, x: Int, y: Int, style: Style = .plain) {
        guard x >= 0, x < width, y >= 0, y < height, let scalar = character.unicodeScalars.first else { return }
        set(Glyph(scalar: scalar.value, columns: 1), x: x, y: y, style: style)
    }

    /// Draws one glyph; one that does not fit into its row is left out.
    package mutating func put(glyph: Glyph, x: Int, y: Int, style: Style = .plain) {
        guard x >= 0, x + glyph.columns <= width, y >= 0, y < height else { return }
        set(glyph, x: x, y: y, style: style)
    }

    private mutating func set(_ glyph: Glyph, x: Int, y: Int, style: Style) {
        clearHalf(x: x, y: y)
        let at = y * width + x
        if glyph.columns == 2 {
            clearHalf(x: x + 1, y: y)
            cells[at + 1] = Cell(scalar: 0, columns: 0, style: style)
        }
        cells[at] = Cell(
            scalar: glyph.scalar, mark: glyph.mark, secondMark: glyph.secondMark, columns: UInt8(glyph.columns),
            style: style)
    }

    /// Overwriting one half of a wide character leaves no torn other half.
    private mutating func clearHalf(x: Int, y: Int) {
        let at = y * width + x
        if cells[at].columns == 0, x > 0 { cells[at - 1] = Cell(style: cells[at - 1].style) }
        if cells[at].columns == 2, x + 1 < width { cells[at + 1] = Cell(style: cells[at + 1].style) }
    }

    /// Fills a rectangle with one of the screen's own characters.
    package mutating func fill(_ rect: Rect, with character: Character = " ", style: Style = .plain) {
        for y in max(0, rect.y)..<max(max(0, rect.y), min(height, rect.y + rect.height)) {
            for x in max(0, rect.x)..<max(max(0, rect.x), min(width, rect.x + rect.width)) {
                put(character: character, x: x, y: y, style: style)
            }
        }
    }

    /// Lays marks over a stretch of a row, keeping what is drawn there.
    package mutating func emphasise(x: Int, y: Int, count: Int, _ emphasis: Emphasis) {
        guard y >= 0, y < height else { return }
        for column in max(0, x)..<max(max(0, x), min(width, x + count)) {
            cells[y * width + column].style.emphasis.formUnion(emphasis)
        }
    }

    /// Marks each place of row `y` where `needle` stands; letters match in either case when `ignoringCase`.
    package mutating func highlight(_ needle: [UInt32], y: Int, from x: Int, ignoringCase: Bool) {
        guard !needle.isEmpty, y >= 0, y < height else { return }
        var scalars: [UInt32] = []
        var columns: [Int] = []
        for column in max(0, x)..<width where self[column, y].columns != 0 {
            let scalar = self[column, y].scalar
            scalars.append(ignoringCase ? Self.folded(scalar) : scalar)
            columns.append(column)
        }
        let wanted = ignoringCase ? needle.map(Self.folded) : needle
        guard scalars.count >= wanted.count else { return }
        var start = 0
        while start + wanted.count <= scalars.count {
            if scalars[start..<start + wanted.count].elementsEqual(wanted) {
                let last = columns[start + wanted.count - 1]
                let end = last + Int(self[last, y].columns)
                emphasise(x: columns[start], y: y, count: end - columns[start], .match)
                start += wanted.count
            } else {
                start += 1
            }
        }
    }

    /// The lower-case form of a scalar, when that is one scalar.
    package static func folded(_ value: UInt32) -> UInt32 {
        if value < 0x80 { return value >= 0x41 && value <= 0x5A ? value + 0x20 : value }
        guard let scalar = Unicode.Scalar(value) else { return value }
        let lower = scalar.properties.lowercaseMapping.unicodeScalars
        return lower.count == 1 ? lower.first?.value ?? value : value
    }

    package static func == (left: ScreenGrid, right: ScreenGrid) -> Bool {
        left.width == right.width && left.height == right.height && left.cursorX == right.cursorX
            && left.cursorY == right.cursorY && left.cells == right.cells
    }
}
