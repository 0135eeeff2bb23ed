/// What is known of what follows the bytes that are at hand.
package enum ReadEnding: Sendable, Equatable {
    /// More may come at any time.
    case open
    /// Nothing has come for the time after which an event of several lines counts as whole.
    case quiet
    /// Nothing will come: a last line counts without its line feed.
    case final
}

/// Cuts bytes of a file into events of several lines.
///
/// Nothing is remembered from call to call: the bytes of an event that is not whole yet are left where they are and
/// offered again with what follows. So what is dealt with always ends where an event does, also when the program is
/// killed in the middle of one, and how the bytes come in makes no difference.
package struct RecordCutter: Sendable {
    /// The longest line that becomes one event; longer ones are cut into parts of this length.
    package let maxLineBytes: Int

    /// Makes a cutter.
    package init(maxLineBytes: Int) {
        self.maxLineBytes = max(1, maxLineBytes)
    }

    /// Hands out each whole event of `bytes` until `take` returns false. Lines of an event keep the line feeds between
    /// them.
    ///
    /// - Parameters:
    ///   - bytes: what follows in the file. An event that is too long shows itself within `maxLineBytes + 1` bytes.
    ///   - multiline: which lines make an event.
    ///   - parts: how many parts of the first event were handed out before; kept up to date.
    ///   - ending: what is known of what follows.
    ///   - take: gets each event, or part of one; false stops after it.
    /// - Returns: how many bytes were dealt with, line feeds included.
    package func cut(
        _ bytes: UnsafeRawBufferPointer, by multiline: Multiline, parts: inout Int, ending: ReadEnding,
        _ take: (LineCutter.Piece) -> Bool
    ) -> Int {
        var boundary = EventBoundary(multiline.rule)
        let maxBytes = min(multiline.maxBytes, maxLineBytes)
        /// Where the event begins, and where the last of its lines ends; nil before its first line.
        var start = 0
        var end: Int?
        var line = 0

        func emit(_ range: Range<Int>, goesOn: Bool) -> Bool {
            let part = goesOn || parts > 0 ? parts + 1 : 0
            parts = goesOn ? parts + 1 : 0
            return take(LineCutter.Piece(bytes: UnsafeRawBufferPointer(rebasing: bytes[range]), part: part))
        }

        while line < bytes.count {
            let window = min(bytes.count, start + maxLineBytes + 1)
            var lineEnd = window
            var next = window
            if line < window, let feed = LineCutter.lineFeed(bytes, line, window) {
                lineEnd = feed
                next = feed + 1
            } else if window - start > maxLineBytes {
                if let known = end {
                    // A line that long begins an event of its own.
                    let range = start..<known
                    start = line
                    end = nil
                    if !emit(range, goesOn: false) { return start }
                    continue
                }
                let range = start..<(start + maxLineBytes)
                start = range.upperBound
                line = start
                if !emit(range, goesOn: true) { return start }
                continue
            } else if ending != .final {
                break
            }
            let content = UnsafeRawBufferPointer(rebasing: bytes[line..<lineEnd])
            if let known = end {
                let continues = boundary.continues(content)
                if !continues || lineEnd - start > maxBytes {
                    // The line is looked at again as the first one, as it is when this stops here.
                    let range = start..<known
                    start = line
                    end = nil
                    if !emit(range, goesOn: continues) { return start }
                    continue
                }
            } else {
                if parts > 0, lineEnd == line, next > lineEnd {
                    // The line feed right behind a part of full length ends its line without making an empty part.
                    parts = 0
                    start = next
                    line = next
                    continue
                }
                boundary.begin(content)
            }
            end = lineEnd
            line = next
        }
        guard let known = end else { return start }
        if ending == .open { return start }
        let range = start..<known
        _ = emit(range, goesOn: false)
        return line
    }
}
