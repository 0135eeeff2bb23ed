internal import CZlib
package import SystemIO

/// Reads what a gzip file holds, mostly forward. Going back costs reading again from the start; the first bytes and
/// those of the last read are kept. One owner, one thread at a time.
@safe
package final class GzipReader {
    /// First bytes that are kept, for who asks for them again and again.
    package static let keptBytes = 1024
    private static let inputBytes = 64 << 10

    private let file: OpenFile
    // SAFETY: zlib keeps the address of the stream, so it must not move. Both are allocated here and freed in deinit.
    private let stream: UnsafeMutablePointer<z_stream>
    private let input: UnsafeMutableRawBufferPointer
    private var fileOffset = 0
    private var window: [UInt8] = []
    private var windowStart = 0
    private var first: [UInt8] = []
    private var isOpen = false
    /// How many bytes the file holds; nil until its end has been seen.
    package private(set) var length: Int?

    /// Makes a reader of a file that is open for reading.
    package init(_ file: consuming OpenFile) {
        self.file = file
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        unsafe input = .allocate(byteCount: GzipReader.inputBytes, alignment: 16)
    }

    deinit {
        if isOpen { unsafe _ = inflateEnd(stream) }
        unsafe stream.deallocate()
        unsafe input.deallocate()
    }

    /// The file as it is on disk.
    package func status() throws(IOError) -> FileStatus { try file.status() }

    /// Bytes that have been unpacked so far.
    package var unpacked: Int { windowStart + window.count }

    /// How many bytes the file says that it holds, of which it knows the lower 32 bits, and only of its last part.
    package func statedLength() throws(IOError) -> Int {
        let size = try file.status().size
        guard size >= 18 else { return 0 }
        return try file.bytes(at: size - 4, count: 4).reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// Up to `count` bytes at `offset` of what the file holds; fewer at its end.
    ///
    /// - Throws: `EIO` when the file is damaged or cut off, or no gzip file.
    package func bytes(at offset: Int, count: Int) throws(IOError) -> [UInt8] {
        if offset == 0, count <= first.count { return Array(first.prefix(count)) }
        if offset < windowStart { try restart() }
        // What is before is not asked for again.
        while windowStart < offset, length == nil || windowStart < unpacked {
            if offset < unpacked {
                window.removeFirst(offset - windowStart)
                windowStart = offset
            } else {
                windowStart = unpacked
                window.removeAll(keepingCapacity: true)
                if length != nil { break }
                try unpack(atMost: min(256 << 10, offset - windowStart))
            }
        }
        guard windowStart == offset else { return [] }
        while window.count < count, length == nil { try unpack(atMost: count - window.count) }
        return Array(window.prefix(count))
    }

    private func restart() throws(IOError) {
        if isOpen { unsafe _ = inflateEnd(stream) }
        isOpen = false
        fileOffset = 0
        windowStart = 0
        window = []
        length = nil
    }

    private func damaged() -> IOError { IOError(.read, file.path, 5) }

    /// Appends up to `limit` bytes to the window, at least one but at the end.
    private func unpack(atMost limit: Int) throws(IOError) {
        if !isOpen {
            unsafe stream.pointee = z_stream()
            guard unsafe lodge_inflate_start(stream) == Z_OK else { throw damaged() }
            isOpen = true
        }
        let start = window.count
        let end = unpacked
        window.append(contentsOf: repeatElement(0, count: max(1, limit)))
        var written = 0
        defer {
            window.removeLast(window.count - start - written)
            if first.count < GzipReader.keptBytes, end <= first.count {
                first += window[start...].dropFirst(first.count - end).prefix(GzipReader.keptBytes - first.count)
            }
        }
        while written == 0 {
            if unsafe stream.pointee.avail_in == 0 {
                let count = unsafe try file.read(into: input, at: fileOffset)
                // The file ends before its last part does.
                if count == 0 { throw damaged() }
                fileOffset += count
                unsafe stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
                unsafe stream.pointee.avail_in = UInt32(count)
            }
            let room = window.count - start
            let result = unsafe window.withUnsafeMutableBytes { all in
                let target = unsafe UnsafeMutableRawBufferPointer(rebasing: all[start...])
                unsafe stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
                unsafe stream.pointee.avail_out = UInt32(clamping: room)
                return unsafe inflate(stream, Z_NO_FLUSH)
            }
            written = unsafe room - Int(stream.pointee.avail_out)
            if result == Z_STREAM_END {
                if try hasNextPart() { continue }
                length = end + written
                return
            }
            if result != Z_OK { throw damaged() }
        }
    }

    /// Goes on with the next of several files in one, if there is one.
    private func hasNextPart() throws(IOError) -> Bool {
        let left = unsafe Int(stream.pointee.avail_in)
        let head = try file.bytes(at: fileOffset - left, count: 2)
        // Anything else, such as zeros up to the end of a block, belongs to nobody.
        guard head == [0x1F, 0x8B], unsafe inflateReset(stream) == Z_OK else { return false }
        return true
    }
}
