/// How the bytes of a section stand for values. Numbers are written into files and never change their meaning.
package enum SectionKind: UInt8, Sendable {
    /// Signed 64-bit integers: zigzag varints of differences, in one zstd frame.
    case integers = 1
    /// Small unsigned integers of one width (0, 1, 2 or 4 bytes), in one zstd frame.
    case packed = 2
    /// Values as indexes into a dictionary.
    case dictionary = 3
    /// Values one after the other, in zstd frames of some thousand rows each.
    case text = 4
    /// Fields that got no column of their own: name and value pairs, as `text` with one value a row.
    case overflow = 5
    /// The streams of the segment.
    case streams = 6
    /// Messages as templates and columns of what varies.
    case templates = 7
    /// How many events there are by stream, level and interval.
    case rollup = 8
    /// Values of a field by what they stand for; see ``FieldForm``.
    case typed = 9
    /// Which words a block may have: a binary fuse filter over their hashes.
    case filter = 10
    /// Which rows have a value: for several columns of a block that agree.
    case presence = 11
    /// Integers above the lowest of them, packed to bits.
    case scaled = 13
    /// Checksums of the pages of a block's large sections.
    case pages = 14
}
