/// Cuts bytes of a file into lines. A line ends at a line feed and nowhere else: carriage returns and NUL belong to it.
package struct LineCutter: Sendable {
    /// The longest line that becomes one event; longer ones are cut into parts of this length.
    package let maxLineBytes: Int

    /// One line, or a part of one.
    package struct Piece {
        /// The bytes without the line feed.
        package var bytes: UnsafeRawBufferPointer
        /// The number of the part, from 1; 0 for a whole line.
        package var part: Int
    }

    /// Makes a cutter.
    package init(maxLineBytes: Int) {
        self.maxLineBytes = max(1, maxLineBytes)
    }

    /// Hands out each complete line of `bytes` until `take` returns false.
    ///
    /// A line without its line feed is left where it is: offer it again with what follows. To find out that a line is
    /// too long takes `maxLineBytes + 1` bytes.
    /// - Parameters:
    ///   - bytes: what follows in the file.
    ///   - parts: how many parts of the first line were handed out before; kept up to date.
    ///   - isFinal: whether nothing will follow, so that a last line without a line feed counts as well.
    ///   - take: gets each piece; false stops after it.
    /// - Returns: how many bytes were dealt with, line feeds included.
    package func cut(
        _ bytes: UnsafeRawBufferPointer, parts: inout Int, isFinal: Bool, _ take: (Piece) -> Bool
    ) -> Int {
        var start = 0
        while start < bytes.count {
            let window = min(bytes.count, start + maxLineBytes + 1)
            var goOn: Bool
            if let feed = LineCutter.lineFeed(bytes, start, window) {
                // The line feed right behind a part of full length ends the line without making an empty part.
                let piece = Piece(
                    bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<feed]), part: parts > 0 ? parts + 1 : 0)
                let isBareEnd = parts > 0 && feed == start
                parts = 0
                start = feed + 1
                goOn = isBareEnd ? true : take(piece)
            } else if window - start > maxLineBytes {
                parts += 1
                let end = start + maxLineBytes
                goOn = take(Piece(bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<end]), part: parts))
                start = end
            } else if isFinal {
                let piece = Piece(
                    bytes: UnsafeRawBufferPointer(rebasing: bytes[start...]), part: parts > 0 ? parts + 1 : 0)
                parts = 0
                start = bytes.count
                goOn = take(piece)
            } else {
                return start
            }
            if !goOn { return start }
        }
        return start
    }

    /// The first line feed from `start` on, below `end`.
    static func lineFeed(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Int? {
        var index = start
        let feeds: UInt64 = 0x0A0A_0A0A_0A0A_0A0A
        let ones: UInt64 = 0x0101_0101_0101_0101
        // Eight bytes a step. SAFETY: eight bytes remain. The lowest set bit is that of the first line feed: borrows
        // of the subtraction only reach bytes above one that is a hit.
        while index + 8 <= end {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) ^ feeds
            let hits = (word &- ones) & ~word & (ones << 7)
            if hits != 0 { return index + hits.trailingZeroBitCount >> 3 }
            index += 8
        }
        while index < end {
            if bytes[index] == 0x0A { return index }
            index += 1
        }
        return nil
    }
}
