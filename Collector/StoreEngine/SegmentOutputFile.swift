internal import Glibc
internal import StoreFormat
internal import SystemIO

/// The file that a segment is written to. What belongs into its tail waits in a second file, so that a segment takes no more
/// memory than a block of it, however large it gets.
struct SegmentOutputFile: ~Copyable {
    let file: OpenFile
    private let tailPath: String
    private var tail: TailFile?
    /// Encoded bytes after which they are written away.
    static let drainBytes = 1 << 20

    /// What has been written of a tail. It has no name, so that nothing is left of it after a crash.
    private final class TailFile {
        let file: OpenFile

        init(_ path: String) throws(IOError) {
            try? FileSystem.remove(path)
            file = try OpenFile(path, .createNew)
            try FileSystem.remove(path)
        }
    }

    /// Makes the file.
    ///
    /// - Parameters:
    ///   - path: of the file, new.
    ///   - tailPath: the name that the file of the tail has for a moment.
    /// - Throws: `IOError`.
    init(_ path: String, tailPath: String) throws(IOError) {
        self.tailPath = tailPath
        file = try OpenFile(path, .createNew)
    }

    /// Writes away what has been encoded when it is worth it.
    ///
    /// - Parameter builder: holds what has been encoded.
    /// - Returns: how many bytes were written.
    /// - Throws: `IOError`.
    @discardableResult
    mutating func drain(_ builder: inout SegmentBuilder) throws(IOError) -> Int {
        var count = 0
        if builder.output.pendingBytes >= Self.drainBytes { count += try write(&builder.output, to: file) }
        if builder.tail.pendingBytes >= Self.drainBytes { count += try writeTail(&builder) }
        if count > 0 { MemoryAllocator.giveBack() }
        return count
    }

    /// Writes all that is left of a segment.
    ///
    /// - Parameters:
    ///   - builder: gets no more events.
    ///   - end: calls one of its methods that finish the segment.
    /// - Returns: the footer.
    /// - Throws: `IOError` or ``StoreFormatError``.
    mutating func finish(
        _ builder: inout SegmentBuilder, _ end: (inout SegmentBuilder) throws(StoreFormatError) -> SegmentFooter
    ) throws -> SegmentFooter {
        try builder.endBlocks()
        try write(&builder.output, to: file)
        if let tail { try append(tail.file, Int(builder.tail.startOffset)) }
        let footer = try end(&builder)
        try write(&builder.output, to: file)
        return footer
    }

    @discardableResult
    private borrowing func write(_ output: inout SectionOutput, to file: borrowing OpenFile) throws(IOError) -> Int {
        let count = output.pendingBytes
        try output.withPending { (bytes) throws(IOError) in try file.write(bytes) }
        output.removePending()
        return count
    }

    private mutating func writeTail(_ builder: inout SegmentBuilder) throws(IOError) -> Int {
        if let tail { return try write(&builder.tail, to: tail.file) }
        let created = try TailFile(tailPath)
        tail = created
        return try write(&builder.tail, to: created.file)
    }

    /// Writes the first bytes of the tail's file behind the sections.
    private borrowing func append(_ tail: borrowing OpenFile, _ count: Int) throws(IOError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.drainBytes, alignment: 16)
        defer { buffer.deallocate() }
        var offset = 0
        while offset < count {
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, count - offset)])
            let read = try tail.read(into: piece, at: offset)
            guard read > 0 else { throw IOError(.read, tailPath, EIO) }
            try file.write(UnsafeRawBufferPointer(rebasing: buffer[..<read]))
            offset += read
        }
    }
}
