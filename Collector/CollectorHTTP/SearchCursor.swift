import ByteCoding
package import LogModel
package import QueryEngine

/// Where a page of a search ended, and what holds for all its pages: handed out as text, and taken back.
///
/// Rows are in the order of time and, at one time, of their arrival; both stay with an event wherever it is stored. What
/// arrives after the first page is not shown by the others, so that no row comes twice and none is left out.
package struct SearchCursor: Equatable, Sendable {
    /// The last row of the page.
    package var row: RowCursor
    /// When the first page was asked for: relative times count from here.
    package var now: Timestamp
    /// The highest `RowID` that the first page could see.
    package var lastID: UInt64
    /// The hits that the first page counted.
    package var hits: Int
    /// Whether these were all.
    package var hitsAreComplete: Bool
    /// What was asked; see ``fingerprint(of:)``.
    package var fingerprint: UInt64
    /// Whether ``hits`` are only those up to ``row``, so that who goes on counts the rest: a stream was cut short here.
    package var isCounting = false
    /// Rows of the stream that was cut short: they count against its limit.
    package var sentRows = 0

    /// Why a text is no cursor.
    package enum Fault: Error, Equatable {
        /// It is none, or a part of one, or was changed.
        case damaged
        /// Another version of the collector has made it.
        case version(UInt8)
    }

    /// Version 1 has no ``sentRows``.
    private static let version: UInt8 = 2
    /// Version, flags, seven numbers of eight bytes, checksum.
    private static let byteCount = 2 + 7 * 8 + 4

    /// Makes a cursor.
    package init(
        row: RowCursor, now: Timestamp, lastID: UInt64, hits: Int, hitsAreComplete: Bool, fingerprint: UInt64,
        isCounting: Bool = false, sentRows: Int = 0
    ) {
        self.row = row
        self.now = now
        self.lastID = lastID
        self.hits = hits
        self.hitsAreComplete = hitsAreComplete
        self.fingerprint = fingerprint
        self.isCounting = isCounting
        self.sentRows = sentRows
    }

    /// The cursor in hexadecimal digits.
    package var text: String {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.append(Self.version)
        writer.append((hitsAreComplete ? 1 : 0) | (isCounting ? 2 : 0))
        writer.append(littleEndian: row.time)
        writer.append(littleEndian: row.id)
        writer.append(littleEndian: now.nanoseconds)
        writer.append(littleEndian: lastID)
        writer.append(littleEndian: Int64(hits))
        writer.append(littleEndian: fingerprint)
        writer.append(littleEndian: Int64(sentRows))
        writer.append(littleEndian: writer.withBytes { crc32c($0) })
        let digits = Array("0123456789abcdef".utf8)
        let text = writer.array().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads what ``text`` made.
    package init(text: String) throws(Fault) {
        var bytes: [UInt8] = []
        for (place, digit) in text.utf8.prefix(2 * Self.byteCount + 1).enumerated() {
            let value: UInt8
            switch digit {
            case 0x30...0x39: value = digit - 0x30
            case 0x61...0x66: value = digit - 0x61 + 10
            default: throw .damaged
            }
            if place % 2 == 0 { bytes.append(value << 4) } else { bytes[bytes.count - 1] |= value }
        }
        guard text.utf8.count % 2 == 0, bytes.count > 5 else { throw .damaged }
        let content = bytes.prefix(text.utf8.count / 2 - 4)
        do {
            self = try bytes.withUnsafeBytes { bytes in
                var end = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[content.count...]))
                guard
                    try end.littleEndian(UInt32.self)
                        == crc32c(UnsafeRawBufferPointer(rebasing: bytes[..<content.count]))
                else { throw Fault.damaged }
                var reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[..<content.count]))
                return try SearchCursor(&reader)
            }
        } catch let fault as Fault {
            throw fault
        } catch {
            throw .damaged
        }
    }

    private init(_ reader: inout ByteReader) throws {
        let version = try reader.byte()
        guard version == Self.version || version == 1 else { throw Fault.version(version) }
        let flags = try reader.byte()
        hitsAreComplete = flags & 1 != 0
        isCounting = flags & 2 != 0
        row = RowCursor(time: try reader.littleEndian(), id: try reader.littleEndian())
        now = Timestamp(nanoseconds: try reader.littleEndian())
        lastID = try reader.littleEndian()
        hits = Int(try reader.littleEndian(Int64.self))
        fingerprint = try reader.littleEndian()
        if version > 1 { sentRows = Int(try reader.littleEndian(Int64.self)) }
        guard hits >= 0, sentRows >= 0, reader.remaining == 0 else { throw Fault.damaged }
    }

    /// A number that stands for what is asked, so that a cursor is not taken to another search.
    package static func fingerprint(of parts: [String]) -> UInt64 {
        var writer = ByteWriter(capacity: 256)
        for part in parts { writer.append(lengthPrefixed: part) }
        return writer.withBytes { hash64($0) }
    }
}
