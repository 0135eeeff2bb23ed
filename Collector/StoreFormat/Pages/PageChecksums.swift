internal import ByteCoding

/// Checksums of the pages of a block's large sections, so that a part of a section can be read and checked by itself. A
/// section is known by its own checksum, wherever it lies: sections are copied from segment to segment.
///
/// They only save work. Where they say that a page is damaged, the whole section is read, and its checksum counts.
struct PageChecksums: Sendable {
    /// Bytes of a page; the last of a section may be shorter.
    static let pageBytes = 1 << 12
    /// Shorter sections have none: they are read whole as quickly.
    static let shortest = 1 << 15

    private let sections: [UInt32: Range<Int>]
    private let checksums: [UInt32]

    /// None at all.
    init() {
        sections = [:]
        checksums = []
    }

    /// Reads a section of the kind ``SectionKind/pages``.
    ///
    /// - Throws: `ByteCodingError` when it is damaged.
    init(_ content: [UInt8]) throws(ByteCodingError) {
        var sections: [UInt32: Range<Int>] = [:]
        var checksums: [UInt32] = []
        unsafe try content.span.bytes.withUnsafeBytes { (bytes) throws(ByteCodingError) in
            var reader = unsafe ByteReader(bytes)
            for _ in 0..<(unsafe try reader.count(limit: reader.remaining)) {
                let section: UInt32 = unsafe try reader.littleEndian()
                let count = unsafe try reader.count(limit: reader.remaining / 4)
                let first = checksums.count
                for _ in 0..<count { checksums.append(unsafe try reader.littleEndian(UInt32.self)) }
                sections[section] = first..<checksums.count
            }
        }
        self.sections = sections
        self.checksums = checksums
    }

    /// The checksums of a section's pages; nil when they are not known.
    func pages(of section: SectionReference) -> ArraySlice<UInt32>? {
        guard let range = sections[section.checksum],
            range.count == (Int(section.length) + Self.pageBytes - 1) / Self.pageBytes
        else { return nil }
        return checksums[range]
    }

    /// Bytes of memory.
    var memoryBytes: Int { checksums.count * 4 + sections.count * 32 + 64 }

    /// Appends the checksums of some sections.
    ///
    /// - Parameters:
    ///   - sections: those that are long enough count.
    ///   - content: of each.
    ///   - writer: where they go.
    /// - Returns: false, and nothing was appended, when no section is long enough.
    static func encode(
        _ sections: [SectionReference], of content: (SectionReference) -> UnsafeRawBufferPointer,
        into writer: inout ByteWriter
    ) -> Bool {
        let long = sections.filter { $0.length >= shortest }
        if long.isEmpty { return false }
        writer.append(varint: UInt64(long.count))
        for section in long {
            let bytes = unsafe content(section)
            writer.append(littleEndian: section.checksum)
            writer.append(varint: UInt64((bytes.count + pageBytes - 1) / pageBytes))
            for start in stride(from: 0, to: bytes.count, by: pageBytes) {
                let page = unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + pageBytes, bytes.count)])
                writer.append(littleEndian: unsafe crc32c(page))
            }
        }
        return true
    }
}
