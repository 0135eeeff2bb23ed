/// Sizes of the segment format, each with its reason.
package enum StoreLimits {
    /// Rows of a block. 65,536 row numbers fit 16 bits, and a block's columns stay within a few megabytes.
    package static let blockRows = 1 << 16
    /// Rows of a chunk of a text column: what one row's value costs to decompress, about half a megabyte of messages.
    package static let chunkRows = 1 << 12
    /// Bytes of text after which a chunk ends early, so that huge values do not make huge chunks.
    package static let chunkBytes = 4 << 20
    /// Bytes of values after which a block ends early: bounds the memory of building and reading one.
    package static let blockBytes = 8 << 20
    /// Bytes of values after which a block ends that has more than ``longRowBytes`` a row: nothing is gained by putting
    /// more of them together.
    package static let longBlockBytes = 4 << 20
    /// See ``longBlockBytes``.
    package static let longRowBytes = 256
    /// Fields of a block with a column of their own. Further ones share the packed column: still found, only slower.
    package static let blockColumns = 512
    /// Names of fields without a column of their own after which a block ends early: they are in the footer, and in memory
    /// while the block is built.
    package static let packedNames = 1 << 16
    /// Distinct values up to which a column is a dictionary; indexes then fit 16 bits.
    package static let dictionaryValues = 1 << 12
    /// The largest section that a reader accepts.
    package static let sectionBytes = 256 << 20
    /// The largest footer that a reader accepts.
    package static let footerBytes = 64 << 20
    /// Rows of a batch that a row id has room for; see ``RowID``.
    package static let batchRows = 1 << 20
}

/// The number of an event, for ever the same: the journal position of its batch and its row in there.
package enum RowID {
    /// The id of row `row` of the batch at `position`. Positions have 44 bits.
    @inlinable
    package static func make(position: UInt64, row: Int) -> UInt64 {
        position << 20 | UInt64(truncatingIfNeeded: row)
    }

    /// The highest id that a row of the batch at `position` can have.
    package static func last(at position: UInt64) -> UInt64 { make(position: position, row: 0xF_FFFF) }

    /// The journal position of an id.
    package static func position(of id: UInt64) -> UInt64 { id >> 20 }
}

/// Why bytes of a segment could not be used.
package struct StoreFormatError: Error, Sendable, CustomStringConvertible {
    /// A sentence without a full stop.
    package var message: String

    /// Makes an error.
    package init(_ message: String) {
        self.message = message
    }

    /// The message.
    package var description: String { message }
}
