package import CollectorAPI
package import LogModel
package import ScreenModel

/// How a line of a list is written: time, level, service, message.
package enum LineText {
    /// `14:03:29.101` from a time as the collector sends it; what cannot be read is shown as it came.
    package static func clock(_ time: [UInt8]) -> String {
        guard time.count >= 20, time[10] == 0x54, time[time.count - 1] == 0x5A else {
            if let moment = time.withUnsafeBytes({ Timestamp(parsing: $0) }) {
                return clock(Array(moment.description.utf8))
            }
            return String(decoding: time.prefix(12), as: UTF8.self)
        }
        var text = String(decoding: time[11..<19], as: UTF8.self) + "."
        for index in 20..<23 {
            let byte = index < time.count - 1 ? time[index] : 0x30
            text.unicodeScalars.append(Unicode.Scalar(byte))
        }
        return text
    }

    /// The letter of a level: meaning never hangs on colour.
    package static func letter(_ level: Level) -> String {
        switch level {
        case .unknown: "-"
        case .trace: "T"
        case .debug: "D"
        case .info: "I"
        case .warn: "W"
        case .error: "E"
        case .fatal: "F"
        }
    }

    /// The style of a level's letter.
    package static func style(_ level: Level) -> Style {
        switch level {
        case .error, .fatal: .fail
        case .warn: .warn
        case .trace, .debug: .dim
        default: .plain
        }
    }

    /// The first line of a message, and how many more it has.
    package static func firstLine(_ message: [UInt8]) -> (line: ArraySlice<UInt8>, more: Int) {
        guard let end = message.firstIndex(of: 0x0A) else { return (message[...], 0) }
        var rest = message[(end + 1)...]
        if rest.last == 0x0A { rest.removeLast() }
        let line = message[..<end].last == 0x0D ? message[..<(end - 1)] : message[..<end]
        return (line, rest.isEmpty ? 0 : rest.reduce(1) { $0 + ($1 == 0x0A ? 1 : 0) })
    }

    /// The detail pane's fields of a row: the time and the message first.
    package static func detail(_ row: LogRow) -> [DetailField] {
        let fields = row.fields.map { DetailField(name: $0.name, value: $0.value) }
        let first = Self.leading.compactMap { name in fields.first { $0.name == name } }
        return first + fields.filter { !Self.leading.contains($0.name) }.sorted { $0.name < $1.name }
    }

    private static let leading = ["ts", "_time", "level", "service", "msg", "_msg"]

    /// Columns of the service name.
    static func serviceColumns(width: Int) -> Int { width < 60 ? 10 : 15 }

    /// Draws a row of JSON as one line.
    static func draw(_ json: UnsafeRawBufferPointer, in grid: inout ScreenGrid, rect: Rect, skip: Int) {
        guard let row = LogRow(parsing: json, withFields: false) else {
            grid.put(
                json.bindMemory(to: UInt8.self), x: rect.x, y: rect.y, style: .dim, limit: rect.width, skip: skip,
                marksCut: true)
            return
        }
        let level = row.level
        let end = rect.x + rect.width
        var x = rect.x
        grid.put(clock(row.time), x: x, y: rect.y, style: .dim, limit: end - x)
        x += 13
        guard x < end else { return }
        grid.put(letter(level), x: x, y: rect.y, style: style(level), limit: end - x)
        x += 2
        guard x < end else { return }
        let service = serviceColumns(width: grid.width)
        row.service.withUnsafeBufferPointer {
            _ = grid.put($0, x: x, y: rect.y, style: .accent, limit: min(service, end - x), marksCut: true)
        }
        x += service + 1
        guard x < end else { return }
        let (line, more) = firstLine(row.message)
        let note = more > 0 ? " +\(more) line\(more == 1 ? "" : "s")" : ""
        let room = max(0, end - x - note.utf8.count)
        let used = line.withUnsafeBufferPointer {
            grid.put($0, x: x, y: rect.y, limit: room, skip: skip, marksCut: true)
        }
        if more > 0, used < end - x { grid.put(note, x: x + used, y: rect.y, style: .dim, limit: end - x - used) }
    }
}
