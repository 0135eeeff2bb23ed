import LogModel

/// What the configuration says about the events of a group of files.
package struct SourceProfile: Sendable {
    /// How lines are read.
    package enum Format: String, Sendable, CaseIterable {
        /// A line that is a JSON object is read as one, any other is a plain line.
        case auto
        /// The same; lines that are no JSON objects are counted as malformed, and kept as plain lines.
        case json
        /// No line is looked into for JSON.
        case plain
    }

    /// How lines are read.
    package var format: Format
    /// The `service` label; nil for the file's name without its extension.
    package var service: String?
    /// Fields of each event; those named like a label of streams become labels.
    package var fields: [(name: String, value: String)]

    /// Makes a profile.
    package init(format: Format = .auto, service: String? = nil, fields: [(name: String, value: String)] = []) {
        self.format = format
        self.service = service
        self.fields = fields
    }

    /// The `service` label of a file's events: as configured, else the base name up to its first dot past the start.
    ///
    /// `app.log`, and after rotation `app.log.1`, are both `app`.
    package func serviceName(of path: String) -> String {
        if let service { return service }
        let base = path.utf8.split(separator: UInt8(ascii: "/")).last.map { Array($0) } ?? []
        let end = base.dropFirst().firstIndex(of: UInt8(ascii: ".")) ?? base.count
        return end == 0 ? "unknown" : String(decoding: base[..<end], as: UTF8.self)
    }
}
