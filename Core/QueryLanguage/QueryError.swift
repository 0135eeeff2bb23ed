/// Why a query was refused, and where.
package struct QueryError: Error, Equatable, Sendable {
    /// A sentence for people: what is wrong and, where possible, what to write instead.
    package var message: String
    /// The line, from 1.
    package var line: Int
    /// The column in Unicode scalars, from 1.
    package var column: Int
    /// Where the offending text starts, in bytes of UTF-8.
    package var offset: Int
    /// How many bytes the offending text has; 0 at the end of the query.
    package var length: Int
    /// What could stand there instead; empty when there is no short list.
    package var expected: [String]
    /// The known name that comes closest to the one that is not known.
    package var nearest: String?

    /// Makes an error.
    package init(
        message: String, line: Int, column: Int, offset: Int, length: Int, expected: [String] = [],
        nearest: String? = nil
    ) {
        self.message = message
        self.line = line
        self.column = column
        self.offset = offset
        self.length = length
        self.expected = expected
        self.nearest = nearest
    }

    /// The message, the line of the query it speaks of, and a caret below the offending text:
    ///
    /// ```
    /// line 1, column 7: expected a filter after `and`
    ///   error and | limit 5
    ///             ^
    /// ```
    ///
    /// - Parameter query: the query that was parsed. Lines over 200 characters are cut around the place.
    /// - Returns: three lines, without a line feed at the end.
    package func rendered(in query: String) -> String {
        let scalars = Array(query.unicodeScalars)
        var lineStart = 0
        var currentLine = 1
        for (index, scalar) in scalars.enumerated() where scalar == "\n" && currentLine < line {
            currentLine += 1
            lineStart = index + 1
        }
        var lineEnd = lineStart
        while lineEnd < scalars.count, scalars[lineEnd] != "\n" { lineEnd += 1 }
        let place = min(lineStart + max(0, column - 1), lineEnd)
        let shownStart = max(lineStart, place - 100)
        let shownEnd = min(lineEnd, place + 100)

        var result = "line \(line), column \(column): \(message)\n  "
        var pad = "  "
        for index in shownStart..<shownEnd {
            // Control characters would move the cursor and the caret with it.
            let shown = scalars[index].value < 0x20 ? " " : scalars[index]
            result.unicodeScalars.append(shown)
            if index < place { pad += " " }
        }
        // Carets cover the offending text as far as it lies on this line.
        var bytesLeft = length
        var index = place
        var carets = ""
        while bytesLeft > 0, index < shownEnd {
            bytesLeft -= UTF8.width(scalars[index])
            carets += "^"
            index += 1
        }
        return result + "\n" + pad + (carets.isEmpty ? "^" : carets)
    }
}

extension QueryError: CustomStringConvertible {
    /// The message with line and column in front.
    package var description: String { "line \(line), column \(column): \(message)" }
}
