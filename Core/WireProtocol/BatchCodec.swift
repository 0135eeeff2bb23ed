public import ByteCoding
public import LogModel

/// The bytes of an ``EventBatch``: what an agent sends, what its spool and the collector's journal hold.
///
/// All integers are LEB128 varints unless stated; "zigzag" are signed ones. Version 1, in this order:
///
/// | part | content |
/// | --- | --- |
/// | magic | bytes `4C 42 01 00`: "LB", version, flags (0) |
/// | events | number of events, n |
/// | streams | count, then each: tenant, label count, and name and value of each label; texts are length-prefixed |
/// | names | count, then each field name, length-prefixed |
/// | times | first one, then differences to the one before, n zigzags of nanoseconds |
/// | levels | n bytes, 0 unknown to 6 fatal |
/// | stream of each event | n indexes |
/// | fields of each event | n counts, m in all |
/// | field names | m indexes |
/// | message lengths | n |
/// | value lengths | m |
/// | messages, values | the bytes, without gaps, up to the end |
public enum BatchCodec {
    /// The media type of an encoded batch.
    public static let mediaType = "application/vnd.lodge.batch"
    /// Events that one batch may have.
    public static let maximumEvents = 1 << 20

    static let magic: UInt32 = 0x0001_424C

    /// Appends the encoded batch to `writer`.
    ///
    /// - Complexity: O(bytes of the batch)
    public static func encode(_ batch: EventBatch, into writer: inout ByteWriter) {
        writer.append(littleEndian: magic)
        writer.append(varint: UInt64(batch.count))
        writer.append(varint: UInt64(batch.streams.count))
        for stream in batch.streams { stream.write(to: &writer) }
        writer.append(varint: UInt64(batch.fieldNames.count))
        for name in batch.fieldNames { writer.append(lengthPrefixed: name) }
        var previous: Int64 = 0
        for time in batch.timestamps {
            writer.append(zigzag: time &- previous)
            previous = time
        }
        writer.append(contentsOf: batch.levels)
        for index in batch.streamIndexes { writer.append(varint: UInt64(index)) }
        for row in 0..<batch.count {
            writer.append(varint: UInt64(batch.fieldStarts[row + 1] - batch.fieldStarts[row]))
        }
        for field in batch.fields { writer.append(varint: UInt64(field.name)) }
        for message in batch.messages { writer.append(varint: UInt64(message.length)) }
        for field in batch.fields { writer.append(varint: UInt64(field.value.length)) }
        writer.reserve(batch.arena.count)
        unsafe batch.arena.withUnsafeBytes { arena in
            for message in batch.messages {
                unsafe writer.append(
                    contentsOf: UnsafeRawBufferPointer(rebasing: arena[Int(message.offset)..<message.end]))
            }
            for field in batch.fields {
                let value = field.value
                unsafe writer.append(
                    contentsOf: UnsafeRawBufferPointer(rebasing: arena[Int(value.offset)..<value.end]))
            }
        }
    }

    /// Decodes a batch and checks all of it: every index and length of the result is in range.
    ///
    /// - Parameters:
    ///   - bytes: all of the encoded batch.
    ///   - tenant: the tenant that the events belong to, whatever the sender wrote; nil keeps what is written.
    /// - Returns: the batch.
    /// - Throws: ``ByteCodingError`` saying where and why.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, tenant: String? = nil
    ) throws(ByteCodingError) -> EventBatch {
        var reader = unsafe ByteReader(bytes)
        guard unsafe try reader.littleEndian(UInt32.self) == magic else {
            throw unsafe .invalid(offset: reader.offset, what: "no batch of a known version")
        }
        let count = unsafe try reader.count(limit: maximumEvents)
        // Each event takes at least five bytes below, so that a short text cannot claim much memory.
        guard unsafe count <= reader.remaining else {
            throw unsafe .truncated(offset: reader.offset, wanted: count, available: reader.remaining)
        }
        let streams = unsafe try streams(&reader, tenant: tenant)
        let names = unsafe try names(&reader)
        var timestamps: [Int64] = []
        timestamps.reserveCapacity(count)
        var time: Int64 = 0
        for _ in 0..<count {
            time = unsafe time &+ (try reader.zigzag())
            timestamps.append(time)
        }
        let levels = unsafe Array(try reader.bytes(count))
        guard levels.allSatisfy({ $0 <= Level.fatal.rawValue }) else {
            throw unsafe .invalid(offset: reader.offset, what: "level over 6")
        }
        let streamIndexes = unsafe try indexes(&reader, count: count, below: streams.count, what: "stream index")
        var fieldStarts: [UInt32] = [0]
        fieldStarts.reserveCapacity(count + 1)
        var total = 0
        for _ in 0..<count {
            total += unsafe try reader.count(limit: reader.remaining)
            guard unsafe total <= reader.remaining else {
                throw unsafe .truncated(offset: reader.offset, wanted: total, available: reader.remaining)
            }
            fieldStarts.append(UInt32(truncatingIfNeeded: total))
        }
        let fieldNames = unsafe try indexes(&reader, count: total, below: names.count, what: "field name index")
        var offset = 0
        let messages = unsafe try ranges(&reader, count: count, from: &offset)
        let values = unsafe try ranges(&reader, count: total, from: &offset)
        guard unsafe offset == reader.remaining else {
            throw unsafe .invalid(offset: reader.offset, what: "lengths do not add up to what follows")
        }
        let arena = unsafe Array(try reader.bytes(offset))
        return EventBatch(
            timestamps: timestamps, levels: levels, streamIndexes: streamIndexes, streams: streams,
            messages: messages, fieldStarts: fieldStarts,
            fields: zip(fieldNames, values).map { FieldEntry(name: $0, value: $1) }, fieldNames: names, arena: arena)
    }

    private static func streams(
        _ reader: inout ByteReader, tenant: String?
    ) throws(ByteCodingError) -> [StreamIdentity] {
        let count = unsafe try reader.count(limit: reader.remaining)
        var streams: [StreamIdentity] = []
        for _ in 0..<count {
            let stream = unsafe try StreamIdentity(from: &reader)
            let owned = tenant.map { $0 == stream.tenant ? stream : StreamIdentity(tenant: $0, labels: stream.labels) }
            streams.append((owned ?? stream).shared())
        }
        return streams
    }

    private static func names(_ reader: inout ByteReader) throws(ByteCodingError) -> [String] {
        let count = unsafe try reader.count(limit: reader.remaining)
        var names: [String] = []
        for _ in 0..<count { names.append(unsafe try reader.lengthPrefixedString()) }
        return names
    }

    private static func indexes(
        _ reader: inout ByteReader, count: Int, below limit: Int, what: StaticString
    ) throws(ByteCodingError) -> [UInt32] {
        var result: [UInt32] = []
        result.reserveCapacity(count)
        for _ in 0..<count {
            let index = unsafe try reader.varint()
            guard index < UInt64(limit) else { throw unsafe .invalid(offset: reader.offset, what: what) }
            result.append(UInt32(truncatingIfNeeded: index))
        }
        return result
    }

    private static func ranges(
        _ reader: inout ByteReader, count: Int, from offset: inout Int
    ) throws(ByteCodingError) -> [ByteRange] {
        var result: [ByteRange] = []
        result.reserveCapacity(count)
        for _ in 0..<count {
            let length = unsafe try reader.count(limit: reader.remaining)
            result.append(ByteRange(offset: offset, length: length))
            offset += length
            guard unsafe offset <= reader.remaining else {
                throw unsafe .truncated(offset: reader.offset, wanted: offset, available: reader.remaining)
            }
        }
        return result
    }
}
