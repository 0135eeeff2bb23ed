package import ByteCoding

/// How far one file has been dealt with, and what the file is known by.
///
/// A file is the same file as long as device, inode and the hash of the first bytes that were really read agree. Its
/// number never changes, also when its bytes move to another inode (a copy that was made before truncating).
package struct SourceState: Sendable, Equatable {
    /// How many of the first bytes make up the identity, at most.
    package static let prefixLimit = 1024

    /// The number of the source within this state directory.
    package var id: UInt64
    /// The path it was found under.
    package var path: String
    /// The device that holds it.
    package var device: UInt64
    /// Its number on the device.
    package var inode: UInt64
    /// Bytes of the file that were dealt with.
    package var offset: Int
    /// How many bytes ``prefixHash`` covers: the smaller of ``offset`` and ``prefixLimit``.
    package var prefixLength: Int
    /// `hash64` of the first ``prefixLength`` bytes.
    package var prefixHash: UInt64
    /// When ``offset`` lies within a line that is too long for one event: how many parts of it are dealt with.
    package var parts: Int
    /// A place in a source that is no file, such as the cursor of a journal; empty for files. The paths of such sources
    /// do not begin with `/`.
    package var cursor = ""

    /// Whether it is a file.
    package var isFile: Bool { path.utf8.first == UInt8(ascii: "/") }
    /// The byte order of a file in ``TextEncoding/utf16``, once its first bytes have told; not written down, for they
    /// tell it again.
    package var isBigEndian: Bool?

    /// Makes the state of a file of which nothing has been read.
    package init(id: UInt64, path: String, device: UInt64, inode: UInt64) {
        self.id = id
        self.path = path
        self.device = device
        self.inode = inode
        offset = 0
        prefixLength = 0
        prefixHash = 0
        parts = 0
    }

    /// Appends the state: varints, but the hash in its full width, and path and cursor behind their lengths.
    package func write(to writer: inout ByteWriter) {
        writer.append(varint: id)
        writer.append(varint: device)
        writer.append(varint: inode)
        writer.append(varint: UInt64(offset))
        writer.append(varint: UInt64(prefixLength))
        writer.append(littleEndian: prefixHash)
        writer.append(varint: UInt64(parts))
        writer.append(lengthPrefixed: path)
        writer.append(lengthPrefixed: cursor)
    }

    /// Reads what ``write(to:)`` wrote; before there were cursors (`hasCursor`), without one.
    package init(from reader: inout ByteReader, hasCursor: Bool) throws(ByteCodingError) {
        id = try reader.varint()
        device = try reader.varint()
        inode = try reader.varint()
        offset = try reader.count(limit: Int.max)
        prefixLength = try reader.count(limit: SourceState.prefixLimit)
        prefixHash = try reader.littleEndian()
        parts = try reader.count(limit: Int.max)
        path = try reader.lengthPrefixedString()
        if hasCursor { cursor = try reader.lengthPrefixedString() }
    }
}

/// The lines of one file that are in a batch: `from ..< state.offset`.
package struct SourceProgress: Sendable, Equatable {
    /// Where the first line of the batch begins.
    package var from: Int
    /// The state behind the last line of the batch.
    package var state: SourceState

    /// Makes it.
    package init(from: Int, state: SourceState) {
        self.from = from
        self.state = state
    }
}
