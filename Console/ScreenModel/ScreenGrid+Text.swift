extension ScreenGrid {
    /// One row as text, without trailing blanks.
    package func rowText(_ y: Int) -> String {
        var scalars = String.UnicodeScalarView()
        for x in 0..<width {
            let cell = self[x, y]
            guard cell.columns != 0 else { continue }
            for value in [cell.scalar, cell.mark, cell.secondMark] where value != 0 {
                if let scalar = Unicode.Scalar(value) { scalars.append(scalar) }
            }
        }
        while scalars.last == " " { scalars.removeLast() }
        return String(scalars)
    }

    /// The screen as a person reads it: each row between bars, then, for the rows that carry a meaning beyond plain
    /// text, the letters of the roles (`s` over a selected cell, `m` over a hit, `c` where the cursor stands).
    package func golden() -> String {
        let edge = "+" + String(repeating: "-", count: width) + "+\n"
        var out = edge
        for y in 0..<height {
            let text = rowText(y)
            out += "|" + text + String(repeating: " ", count: width - columnsUsed(y)) + "|\n"
        }
        out += edge
        for y in 0..<height {
            var marks = ""
            for x in 0..<width {
                let style = self[x, y].style
                if let cursor, cursor.x == x, cursor.y == y {
                    marks.append("c")
                } else if style.emphasis.contains(.match) {
                    marks.append("m")
                } else if style.emphasis.contains(.selected) {
                    marks.append("s")
                } else if style.emphasis.contains(.stale) {
                    marks.append("-")
                } else {
                    marks.append(style.role.letter)
                }
            }
            while marks.last == "." { marks.removeLast() }
            if !marks.isEmpty { out += "\(y < 10 ? " " : "")\(y) \(marks)\n" }
        }
        return out
    }

    /// Columns up to the last one that is not blank.
    private func columnsUsed(_ y: Int) -> Int {
        var last = width
        while last > 0, self[last - 1, y].scalar == 0x20, self[last - 1, y].mark == 0 { last -= 1 }
        return last
    }
}
