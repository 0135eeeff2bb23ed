internal import ByteCoding

/// Encodes sections one after the other into a buffer and notes where each lies in the file.
package struct SectionOutput: ~Copyable {
    /// Bytes encoded and not yet taken away.
    var pending = ByteWriter(capacity: 1 << 20)
    private var scratch = ByteWriter(capacity: 1 << 20)
    private var fileOffset: UInt64

    /// Makes an output whose first byte lands at `fileOffset`.
    package init(fileOffset: UInt64) {
        self.fileOffset = fileOffset
    }

    /// Where the next byte lands in the file.
    package var offset: UInt64 { fileOffset + UInt64(pending.count) }

    /// Where the first of the pending bytes lands in the file.
    package var startOffset: UInt64 { fileOffset }

    /// How many bytes are pending.
    package var pendingBytes: Int { pending.count }

    /// Lends the pending bytes, to be written at the end of the file.
    package func withPending<E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> Void) throws(E) {
        unsafe try pending.withBytes(body)
    }

    /// Notes that the pending bytes have been written, and forgets them.
    package mutating func removePending() {
        fileOffset += UInt64(pending.count)
        pending.removeAll()
    }

    /// Notes that bytes which never were here follow in the file what has been written.
    ///
    /// - Precondition: nothing is pending.
    mutating func skip(_ count: UInt64) {
        precondition(pending.count == 0, "what is pending comes first")
        fileOffset += count
    }

    mutating func integers(
        _ values: [Int64], _ context: inout CodecContext
    ) throws(StoreFormatError) -> SectionReference {
        let start = pending.count
        try NumberColumns.encode(integers: values, into: &pending, scratch: &scratch, &context)
        return section(.integers, from: start)
    }

    mutating func packed(
        _ values: [UInt32], limit: Int, _ context: inout CodecContext
    ) throws(StoreFormatError) -> SectionReference {
        let start = pending.count
        try NumberColumns.encode(packed: values, limit: limit, into: &pending, scratch: &scratch, &context)
        return section(.packed, from: start)
    }

    /// Writes the stream of each row: a byte, or, where there are more streams, bits, of which the high ones are compressed.
    mutating func streams(
        _ numbers: [UInt32], limit: Int, _ encoder: inout ScaledIntegerEncoder, _ context: inout CodecContext
    ) throws(StoreFormatError) -> SectionReference {
        if limit <= 1 << 8 { return try packed(numbers, limit: limit, &context) }
        let start = pending.count
        var values = ReusableBuffer<Int64>(capacity: numbers.count)
        for number in numbers { values.appendReserved(Int64(number)) }
        guard try encoder.encode(values, into: &pending, &context) else {
            preconditionFailure("32-bit numbers are never too far apart")
        }
        return section(.scaled, from: start)
    }

    /// Writes values of a field in the smallest form; `number` is that of the column among the block's presences.
    mutating func field(
        _ column: inout ColumnBuilder, number: Int, _ block: FieldEncoder.Surroundings, _ encoder: inout FieldEncoder,
        _ templates: inout TemplateEncoder, _ context: inout CodecContext
    ) throws(StoreFormatError) -> (section: SectionReference, hasFreeWords: Bool) {
        let start = pending.count
        let outcome = try encoder.encode(&column, number: number, block, &templates, into: &pending, &context)
        return (section(outcome.kind, from: start), outcome.hasFreeWords)
    }

    /// Writes bytes as they are.
    mutating func plain(_ kind: SectionKind, _ content: borrowing ByteWriter) -> SectionReference {
        let start = pending.count
        unsafe content.withBytes { unsafe pending.append(contentsOf: $0) }
        return section(kind, from: start)
    }

    /// Writes messages in the smallest form: a dictionary, templates, or text.
    mutating func messages(
        _ column: inout ColumnBuilder, rowCount: Int, _ encoder: inout TemplateEncoder, _ words: inout WordCollector,
        _ context: inout CodecContext
    ) throws(StoreFormatError) -> SectionReference {
        let start = pending.count
        if let dictionary = ValueDictionary(column) {
            Presence.encode(column.rows, of: rowCount, into: &pending)
            try dictionary.encode(column, into: &pending, scratch: &scratch, &context)
            return section(.dictionary, from: start)
        }
        let outcome = try encoder.encode(&column, into: &pending, &words, &context)
        if let outcome, outcome.isSure { return section(.templates, from: start) }
        let end = pending.count
        Presence.encode(column.rows, of: rowCount, into: &pending)
        try ValueColumns.encodeText(column, into: &pending, scratch: &scratch, &context)
        return section(pending.keepShorter(from: start, or: end) ? .text : .templates, from: start)
    }

    mutating func overflow(
        _ column: borrowing ColumnBuilder, rowCount: Int, _ context: inout CodecContext
    ) throws(StoreFormatError) -> SectionReference {
        let start = pending.count
        Presence.encode(column.rows, of: rowCount, into: &pending)
        try ValueColumns.encodeText(column, into: &pending, scratch: &scratch, &context)
        return section(.overflow, from: start)
    }

    mutating func compressed(
        _ kind: SectionKind, _ content: borrowing ByteWriter, _ context: inout CodecContext
    ) throws(StoreFormatError) -> SectionReference {
        let start = pending.count
        unsafe try content.withBytes { (bytes) throws(StoreFormatError) in
            unsafe try context.compress(bytes, into: &pending)
        }
        return section(kind, from: start)
    }

    /// Writes a section that is encoded already, byte for byte.
    mutating func copy(_ content: [UInt8], _ reference: SectionReference) -> SectionReference {
        var copied = reference
        copied.offset = offset
        pending.append(contentsOf: content)
        return copied
    }

    /// Appends the checksums of the pages of sections that are pending; false when none of them is long enough.
    func appendPageChecksums(_ sections: [SectionReference], to writer: inout ByteWriter) -> Bool {
        unsafe pending.withBytes { bytes in
            unsafe PageChecksums.encode(
                sections,
                of: { section in
                    let start = Int(section.offset - fileOffset)
                    return unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<(start + Int(section.length))])
                }, into: &writer)
        }
    }

    /// Describes the section that began at `start` of ``pending`` and ends here.
    func section(_ kind: SectionKind, from start: Int) -> SectionReference {
        let checksum = unsafe pending.withBytes { bytes in
            unsafe crc32c(UnsafeRawBufferPointer(rebasing: bytes[start...]))
        }
        return SectionReference(
            kind: kind, offset: fileOffset + UInt64(start), length: UInt32(pending.count - start), checksum: checksum)
    }
}
