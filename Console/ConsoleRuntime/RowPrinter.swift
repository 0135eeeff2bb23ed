import ByteCoding
import CollectorAPI
import LineFormats
import LogModel
import ScreenModel

/// The forms in which rows leave a subcommand.
package enum RowForm: String, Sendable, CaseIterable {
    /// `TIME LEVEL service message`, everything made safe to show.
    case text
    /// One document with all rows.
    case json
    /// The rows as the collector sends them, byte for byte.
    case jsonl
}

/// Turns rows of JSON into what a subcommand prints.
package struct RowPrinter {
    private let form: RowForm
    private let fields: [String]
    private let zone: TimeZoneChoice
    private let isColoured: Bool
    /// Rows printed.
    package private(set) var rows = 0

    package init(form: RowForm, fields: [String], zone: TimeZoneChoice, isColoured: Bool) {
        self.form = form
        self.fields = fields
        self.zone = zone
        self.isColoured = isColoured
    }

    /// Prints one row.
    package mutating func print(_ row: UnsafeRawBufferPointer, to sink: ByteSink) {
        switch form {
        case .jsonl:
            writeObject(row, to: sink)
            sink.write([0x0A])
        case .json:
            if rows > 0 { sink.write(",") }
            sink.write("\n")
            writeObject(row, to: sink)
        case .text:
            writeText(row, to: sink)
            sink.write([0x0A])
        }
        rows += 1
    }

    private func writeObject(_ row: UnsafeRawBufferPointer, to sink: ByteSink) {
        guard !fields.isEmpty, let parsed = LogRow(parsing: row, withFields: true) else {
            sink.write(row)
            return
        }
        var writer = ByteWriter(capacity: 256)
        writer.append(0x7B)
        var isFirst = true
        for name in fields {
            guard let field = parsed.fields.first(where: { $0.name == name }) else { continue }
            if !isFirst { writer.append(0x2C) }
            isFirst = false
            writer.append(jsonString: name)
            writer.append(0x3A)
            field.value.withUnsafeBytes { writer.append(jsonString: $0) }
        }
        writer.append(0x7D)
        sink.write(writer.array())
    }

    private func writeText(_ row: UnsafeRawBufferPointer, to sink: ByteSink) {
        guard let parsed = LogRow(parsing: row, withFields: !fields.isEmpty || isResult(row)) else {
            sink.write(visible(Array(row)))
            return
        }
        if !fields.isEmpty {
            writePairs(fields.compactMap { name in parsed.fields.first { $0.name == name } }, to: sink)
            return
        }
        // An event has a time; what has none was made by a pipe, and may have any fields beside a message.
        if parsed.time.isEmpty {
            writePairs(parsed.fields, to: sink)
            return
        }
        let level = parsed.level
        let name = level == .unknown ? "-" : level.name
        let padded = name + String(repeating: " ", count: max(0, 5 - name.utf8.count))
        let time = parsed.timestamp.map { zone.text($0) } ?? String(decoding: parsed.time, as: UTF8.self)
        sink.write(time + " ")
        sink.write(colour(padded, level))
        sink.write([0x20])
        sink.write(visible(parsed.service.isEmpty ? [0x2D] : parsed.service))
        sink.write([0x20])
        // Only the time, the level and the service stand before the message: the rest of the line is the message.
        sink.write(visible(parsed.message))
    }

    /// A row without a time is the result of a pipe such as `stats`.
    private func isResult(_ row: UnsafeRawBufferPointer) -> Bool {
        !row.starts(with: #"{"_time":"#.utf8) && !row.starts(with: #"{"ts":"#.utf8)
    }

    private func writePairs(_ pairs: [RowField], to sink: ByteSink) {
        for (index, pair) in pairs.enumerated() {
            if index > 0 { sink.write([0x20]) }
            sink.write(visible(Array(pair.name.utf8)))
            sink.write([0x3D])
            sink.write(visible(pair.value))
        }
    }

    private func visible(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBufferPointer { DisplayText.visible($0) }
    }

    private func colour(_ text: String, _ level: Level) -> String {
        guard isColoured else { return text }
        switch level {
        case .error, .fatal: return "\u{1B}[1;38;5;202m\(text)\u{1B}[0m"
        case .warn: return "\u{1B}[1;38;5;214m\(text)\u{1B}[0m"
        case .debug, .trace: return "\u{1B}[2m\(text)\u{1B}[0m"
        default: return text
        }
    }
}

/// Cuts a stream of bytes into lines, whatever pieces it comes in.
package struct LineSplitter {
    /// Longest line; a longer one ends the stream as malformed.
    package static let maxLineBytes = 64 << 20
    private var held: [UInt8] = []

    package init() {}

    /// Whether the stream ended in the middle of a line, or a line was too long.
    package var isInLine: Bool { !held.isEmpty }

    /// Hands over each complete line that is not empty; `body` returns false to stop, and so does this then.
    package mutating func feed(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        var start = 0
        while let end = bytes[start...].firstIndex(of: 0x0A) {
            let part = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            start = end + 1
            if held.isEmpty {
                if !part.isEmpty, !body(part) { return false }
                continue
            }
            held.append(contentsOf: part)
            let goesOn = held.withUnsafeBytes(body)
            held.removeAll(keepingCapacity: held.count < 1 << 20)
            if !goesOn { return false }
        }
        guard held.count + bytes.count - start <= Self.maxLineBytes else { return false }
        held.append(contentsOf: bytes[start...])
        return true
    }
}
