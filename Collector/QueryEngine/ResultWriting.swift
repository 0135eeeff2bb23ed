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
        write(index, LogObject(.native), to: &writer)
    }

    /// Appends one row in the form of the plain REST API: `timestamp`, `level`, `message` and `source` on top, everything
    /// else in `metadata`.
    ///
    /// - Parameters:
    ///   - index: the place in ``rows``.
    ///   - writer: where to append.
    package func writePlainLog(_ index: Int, to writer: inout ByteWriter) {
        write(index, LogObject(.plain), to: &writer)
    }

    private func write(_ index: Int, _ empty: consuming LogObject, to writer: inout ByteWriter) {
        let row = rows[index]
        var log = empty
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
        var log = LogObject(.native)
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

/// How an API calls the parts of an event.
private struct LogNames {
    var time: String
    var message: String
    /// Names of labels that stand on top, and what they are called there.
    var labels: [(name: String, shown: String)]
    var others: String

    static let native = LogNames(
        time: "ts", message: "msg",
        labels: FieldName.defaultStreamLabels.map { ($0, $0) }, others: "meta")
    static let plain = LogNames(
        time: "timestamp", message: "message", labels: [(FieldName.service, "source")], others: "metadata")
}

/// One event while it is put together.
private struct LogObject: ~Copyable {
    private let names: LogNames
    private var top = ByteWriter(capacity: 256)
    private var others = ByteWriter(capacity: 256)

    init(_ names: LogNames) {
        self.names = names
    }

    mutating func add(_ name: String, _ value: UnsafeRawBufferPointer) {
        switch name {
        case FieldName.time: append(names.time, value)
        case FieldName.message: append(names.message, value)
        case FieldName.stream, FieldName.streamID: break
        case FieldName.level: append(name, value)
        default:
            for label in names.labels where label.name == name { return append(label.shown, value) }
            if others.count > 0 { others.append(0x2C) }
            others.append(jsonString: name)
            others.append(0x3A)
            others.append(jsonString: value)
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
        writer.append(jsonString: names.others)
        writer.append(utf8: ":{")
        others.withBytes { writer.append(contentsOf: $0) }
        writer.append(utf8: "}}")
    }
}
