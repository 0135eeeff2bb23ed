import ByteCoding
import LineFormats
package import LogModel

/// A name and a value of an event; names of nested objects are joined with dots.
package struct RowField: Sendable, Equatable {
    package var name: String
    package var value: [UInt8]

    package init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// One event as the collector sends it, in the shape of `/v1/search` and `/v1/tail` (`ts`, `msg`, `meta`) or of
/// `/select/logsql/query` (`_time`, `_msg`).
package struct LogRow: Sendable, Equatable {
    /// The time as sent, RFC 3339.
    package private(set) var time: [UInt8] = []
    /// The level as spelled by whoever wrote the line.
    package private(set) var levelText: [UInt8] = []
    package private(set) var service: [UInt8] = []
    package private(set) var message: [UInt8] = []
    /// All fields in the order sent, those above included.
    package private(set) var fields: [RowField] = []

    /// Reads one row; nil when the text is no JSON object.
    ///
    /// - Parameters:
    ///   - text: a JSON object.
    ///   - withFields: collects ``fields`` as well; without, only what a line of a list shows.
    package init?(parsing text: UnsafeRawBufferPointer, withFields: Bool) {
        var scanner = JSONScanner(text)
        do {
            try read(&scanner, prefix: "", depth: 0, withFields: withFields)
        } catch {
            return nil
        }
    }

    /// Reads one row from bytes that are already an array.
    package init?(parsing bytes: [UInt8], withFields: Bool) {
        guard let row = bytes.withUnsafeBytes({ LogRow(parsing: $0, withFields: withFields) }) else { return nil }
        self = row
    }

    /// The normalised level.
    package var level: Level {
        levelText.withUnsafeBytes { Level(parsing: $0) }
    }

    /// The moment of the event; nil when the time is missing or unreadable.
    package var timestamp: Timestamp? {
        time.withUnsafeBytes { Timestamp(parsing: $0) }
    }

    private mutating func read(
        _ scanner: inout JSONScanner, prefix: String, depth: Int, withFields: Bool
    ) throws(JSONError) {
        try scanner.beginObject()
        var first = true
        while let key = try scanner.nextKey(isFirst: first) {
            first = false
            let kind = try scanner.peek()
            let isMeta = depth == 0 && key.raw.elementsEqual("meta".utf8)
            if kind == .object {
                guard withFields, depth < JSONScanner.maximumDepth else {
                    _ = try scanner.skipValue()
                    continue
                }
                let name = isMeta ? "" : prefix + Self.text(key) + "."
                try read(&scanner, prefix: name, depth: depth + 1, withFields: true)
                continue
            }
            let wanted = depth == 0 ? Self.part(key.raw) : nil
            guard wanted != nil || withFields else {
                _ = try scanner.skipValue()
                continue
            }
            let value: [UInt8]
            if kind == .string {
                value = Self.bytes(try scanner.string())
            } else {
                value = Array(try scanner.skipValue())
            }
            if let wanted { self[keyPath: wanted] = value }
            if withFields { fields.append(RowField(name: prefix + Self.text(key), value: value)) }
        }
    }

    /// Which part of a line a member of the row is.
    private static func part(_ key: UnsafeRawBufferPointer) -> WritableKeyPath<LogRow, [UInt8]>? {
        switch key.count {
        case 2: key.elementsEqual("ts".utf8) ? \.time : nil
        case 3: key.elementsEqual("msg".utf8) ? \.message : nil
        case 4: key.elementsEqual("_msg".utf8) ? \.message : nil
        case 5:
            key.elementsEqual("_time".utf8) ? \.time : key.elementsEqual("level".utf8) ? \.levelText : nil
        case 7: key.elementsEqual("service".utf8) ? \.service : nil
        default: nil
        }
    }

    private static func bytes(_ token: JSONScanner.StringToken) -> [UInt8] {
        guard token.hasEscapes else { return Array(token.raw) }
        var writer = ByteWriter(capacity: token.raw.count)
        do {
            try unescapeJSON(token.raw, into: &writer)
        } catch {
            // An escape that JSON does not have is shown as it was sent.
            return Array(token.raw)
        }
        return writer.array()
    }

    private static func text(_ token: JSONScanner.StringToken) -> String {
        String(decoding: bytes(token), as: UTF8.self)
    }
}

/// Finds the level of a row without reading its JSON: tail counts levels of every line, but reads only visible ones.
package enum LevelSniffer {
    /// The value of the first member called `level`, `.unknown` when there is none.
    ///
    /// The bytes `"level":` can only be a key: inside a string its quotes would be escaped.
    package static func level(of row: UnsafeRawBufferPointer) -> Level {
        let wanted = UInt64(littleEndian: 0x3A22_6C65_7665_6C22)
        var index = 0
        while index + 9 < row.count {
            if row[index] == 0x22, row.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian == wanted {
                var start = index + 8
                while start < row.count, row[start] == 0x20 { start += 1 }
                guard start < row.count, row[start] == 0x22 else { return .unknown }
                let end = row[(start + 1)...].firstIndex(of: 0x22) ?? row.count
                return Level(parsing: UnsafeRawBufferPointer(rebasing: row[(start + 1)..<end]))
            }
            index += 1
        }
        return .unknown
    }
}
