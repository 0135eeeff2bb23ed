package import ByteCoding
internal import ZstdCodec

/// The zstd contexts and buffers of one thread that reads or writes segments. Not shared between threads.
package struct CodecContext: ~Copyable {
    private var compressor: ZstdCompressor
    private var decompressor = ZstdDecompressor()
    /// Bytes that came of decompressing.
    private(set) var decompressedBytes = 0

    /// Makes contexts.
    ///
    /// - Parameter level: zstd's level for what is written: 1 when a segment is new, more when it is compacted.
    package init(level: Int32 = 1) {
        compressor = ZstdCompressor(level: level)
    }

    /// Appends the length of the content, the length of the frame, and the frame.
    package mutating func compress(
        _ content: UnsafeRawBufferPointer, into writer: inout ByteWriter
    ) throws(StoreFormatError) {
        writer.append(littleEndian: UInt32(truncatingIfNeeded: content.count))
        let lengthAt = writer.count
        writer.append(littleEndian: UInt32(0))
        do {
            unsafe try writer.append(room: zstdBound(content.count)) { (room) throws(ZstdError) in
                unsafe try compressor.compress(content, into: room)
            }
        } catch {
            throw StoreFormatError(error.description)
        }
        writer.overwrite(at: lengthAt, littleEndian: UInt32(writer.count - lengthAt - 4))
    }

    /// Reads what ``compress(_:into:)`` wrote and appends the content to `target`.
    ///
    /// - Parameters:
    ///   - reader: stands at the lengths.
    ///   - limit: the most bytes of content.
    ///   - target: where the content goes.
    /// - Throws: when the frame is damaged or its content has not the length that is written.
    package mutating func decompress(
        _ reader: inout ByteReader, limit: Int, into target: inout ByteWriter
    ) throws(StoreFormatError) {
        do {
            let length = unsafe Int(try reader.littleEndian(UInt32.self))
            let frameLength = unsafe Int(try reader.littleEndian(UInt32.self))
            let frame = unsafe try reader.bytes(frameLength)
            guard length <= limit else { throw StoreFormatError("frame of \(length) bytes is over \(limit)") }
            // Before memory is taken for it.
            if let stated = unsafe zstdContentSize(frame), stated != length {
                throw StoreFormatError("frame holds \(stated) bytes, not \(length)")
            }
            var produced = 0
            unsafe try target.append(room: length) { (room) throws(ZstdError) in
                produced = unsafe try decompressor.decompress(frame, into: UnsafeMutableRawBufferPointer(room))
                return produced
            }
            guard produced == length else { throw StoreFormatError("frame holds \(produced) bytes, not \(length)") }
            decompressedBytes &+= produced
        } catch let error as ByteCodingError {
            throw StoreFormatError("frame: \(error)")
        } catch let error as ZstdError {
            throw StoreFormatError(error.description)
        } catch let error as StoreFormatError {
            throw error
        } catch {
            throw StoreFormatError("\(error)")
        }
    }

    /// Passes over what ``compress(_:into:)`` wrote.
    package func skip(_ reader: inout ByteReader) throws(ByteCodingError) {
        unsafe _ = try reader.littleEndian(UInt32.self)
        let frameLength = unsafe Int(try reader.littleEndian(UInt32.self))
        unsafe _ = try reader.bytes(frameLength)
    }
}
