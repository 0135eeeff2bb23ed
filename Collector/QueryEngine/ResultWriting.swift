package import ByteCoding
internal import LineFormats
package import LogModel
internal import StoreFormat

extension ResultBlock {
    /// Appends each row as a line of JSON: its fields by name, missing ones left out.
    package func writeLines(to writer: inout ByteWriter) {
        let keys = fields.map { JSONKey($0.name) }
        var buffer = ByteWriter(capacity: 64)
        for row in rows {
            writer.append(0x7B)
            var isFirst = true
            for (index, field) in fields.enumerated() {
                field.column.withValue(at: row, &buffer) { value in
                    guard let value else { return }
                    if !isFirst { writer.append(0x2C) }
                    isFirst = false
                    writer.append(contentsOf: keys[index].bytes)
                    writer.append(jsonString: value)
                }
            }
            writer.append(0x7D)
            writer.append(0x0A)
        }
    }

    /// Appends one row in the form of the native API: `ts`, `level`, `msg` and the usual labels on top, everything else
    /// in `meta`.
    ///
    /// - Parameters:
    ///   - index: the place in ``rows``.
    ///   - writer: where to append.
    package func writeLog(_ index: Int, to writer: inout ByteWriter) {
        let row = rows[index]
        var log = LogObject()
        var buffer = ByteWriter(capacity: 64)
        for field in fields {
            field.column.withValue(at: row, &buffer) { value in
                if let value { log.add(field.name, value) }
            }
        }
        log.finish(to: &writer)
    }
}

extension EventBatch {
    /// Appends one row in the form of the native API; see ``ResultBlock/writeLog(_:to:)``.
    package func writeLog(_ row: Int, to writer: inout ByteWriter) {
        var log = LogObject()
        var time = ByteWriter(capacity: 40)
        Timestamp(nanoseconds: timestamps[row]).write(to: &time)
        time.withBytes { log.add(FieldName.time, $0) }
        arena.withUnsafeBytes { arena in
            func bytes(_ range: ByteRange) -> UnsafeRawBufferPointer {
                UnsafeRawBufferPointer(rebasing: arena[Int(range.offset)..<range.end])
            }
            log.add(FieldName.message, bytes(messages[row]))
            // Each name once: of two fields with one name the later counts, and both hide a label of that name.
            let own = fields[Int(fieldStarts[row])..<Int(fieldStarts[row + 1])]
            var last: [UInt32: Int] = [:]
            for (index, field) in zip(own.indices, own) { last[field.name] = index }
            for label in streams[Int(streamIndexes[row])].labels where !FieldName.isReserved(label.name) {
                if last.keys.contains(where: { fieldNames[Int($0)] == label.name }) { continue }
                label.value.withUnsafeBytes { log.add(label.name, $0) }
            }
            for (index, field) in zip(own.indices, own) where last[field.name] == index {
                let name = fieldNames[Int(field.name)]
                if !FieldName.isReserved(name) { log.add(name, bytes(field.value)) }
            }
        }
        log.finish(to: &writer)
    }
}

/// A name as it stands in JSON in front of its value, made once for all rows.
private struct JSONKey {
    let bytes: [UInt8]

    init(_ name: String) {
        var writer = ByteWriter()
        writer.append(jsonString: name)
        writer.append(0x3A)
        bytes = writer.array()
    }
}

/// One event in the form of the native API while it is put together.
private struct LogObject: ~Copyable {
    private var top = ByteWriter(capacity: 256)
    private var meta = ByteWriter(capacity: 256)

    mutating func add(_ name: String, _ value: UnsafeRawBufferPointer) {
        switch name {
        case FieldName.time: append("ts", value)
        case FieldName.message: append("msg", value)
        case FieldName.stream, FieldName.streamID: break
        case FieldName.level: append(name, value)
        case _ where FieldName.defaultStreamLabels.contains(name): append(name, value)
        default:
            if meta.count > 0 { meta.append(0x2C) }
            meta.append(jsonString: name)
            meta.append(0x3A)
            meta.append(jsonString: value)
        }
    }

    private mutating func append(_ name: String, _ value: UnsafeRawBufferPointer) {
        if top.count > 0 { top.append(0x2C) }
        top.append(jsonString: name)
        top.append(0x3A)
        top.append(jsonString: value)
    }

    consuming func finish(to writer: inout ByteWriter) {
        writer.append(0x7B)
        top.withBytes { writer.append(contentsOf: $0) }
        if top.count > 0 { writer.append(0x2C) }
        writer.append(utf8: "\"meta\":{")
        meta.withBytes { writer.append(contentsOf: $0) }
        writer.append(utf8: "}}")
    }
}
