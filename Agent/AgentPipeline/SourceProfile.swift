import LineFormats
package import RegularExpressions

/// What the configuration says about the events of a group of files. Copies are one profile: what is compiled for it is
/// kept under its ``identity``.
package struct SourceProfile: Sendable {
    /// How lines are read.
    package enum Format: String, Sendable, CaseIterable {
        /// A line that is a JSON object is read as one, any other is a plain line.
        case auto
        /// The same; lines that are no JSON objects are counted as malformed, and kept as plain lines.
        case json
        /// No line is looked into but for its time and level.
        case plain
        /// Pairs such as `level=info took=5ms`.
        case logfmt
        /// The access logs of Apache and nginx.
        case combined
        /// RFC 3164, RFC 5424, and what daemons write into files.
        case syslog
        /// The named groups of a regular expression.
        case regex
        /// Entries of systemd's journal in the Journal Export Format: no lines, so that files cannot have it.
        case journal

        /// Those that lines can have.
        package static let ofLines = allCases.filter { $0 != .journal }
    }

    /// How JSON objects are read; the words of the ndjson parser of Filebeat.
    package struct JSONOptions: Sendable, Equatable {
        /// Whether what a line brings counts before what the configuration says of all its file's lines.
        package var overwriteKeys = true
        /// Whether nested objects become fields named with dots; otherwise each is one field with its JSON text.
        package var expandKeys = true

        /// The usual way.
        package init() {}
    }

    /// What the files hold around the lines of a program.
    package enum Container: String, Sendable, CaseIterable {
        /// Either of the two, as each line shows.
        case auto
        /// A JSON object with time, stream and text, as Docker writes it.
        case docker
        /// Time, stream and a mark of partial lines, as Kubernetes' runtimes write them.
        case cri
    }

    /// Tells one profile from another, whatever they say.
    package final class Identity: Sendable {
        /// Makes one that is like no other.
        package init() {}
    }

    /// The same for all copies of a profile.
    package let identity = Identity()
    /// How lines are read.
    package let format: Format
    /// The `service` label; nil for the program's name in syslog, else the file's name without its extension.
    package let service: String?
    /// Fields of each event; those named like a label of streams become labels.
    package let fields: [(name: String, value: String)]
    /// How JSON objects are read.
    package let json: JSONOptions
    /// What ``Format/regex`` looks for.
    package let pattern: RegularExpression?
    /// Where the time stands, and how it is written.
    package let time: EventTimeRule
    /// Where the level stands, and what it means.
    package let level: EventLevelRule
    /// What the files hold around the lines.
    package let container: Container?
    /// Which lines make one event; nil when each is one.
    package let multiline: Multiline?
    /// Whether a line that is not of the format gets `error.type` and `error.message`.
    package let addsErrorKey: Bool
    /// How text is written in the files.
    package let encoding: TextEncoding
    /// Whether the message of a journal's entry that is a JSON object gives fields.
    package let readsJSONMessages: Bool

    /// Makes a profile.
    package init(
        format: Format = .auto, service: String? = nil, fields: [(name: String, value: String)] = [],
        json: JSONOptions = JSONOptions(), pattern: RegularExpression? = nil, time: EventTimeRule = EventTimeRule(),
        level: EventLevelRule = EventLevelRule(), container: Container? = nil, multiline: Multiline? = nil,
        addsErrorKey: Bool = false, encoding: TextEncoding = .utf8, readsJSONMessages: Bool = true
    ) {
        self.format = format
        self.service = service
        self.fields = fields
        self.json = json
        self.pattern = pattern
        self.time = time
        self.level = level
        self.container = container
        self.multiline = multiline
        self.addsErrorKey = addsErrorKey
        self.encoding = encoding
        self.readsJSONMessages = readsJSONMessages
    }

    /// How long nothing must have come, in nanoseconds, before what has come is an event although more lines could
    /// belong to it; nil where a line says by itself that it is whole.
    package var quietDelay: UInt64? {
        if let multiline { return multiline.timeoutNanos }
        return container == nil ? nil : Multiline.usualTimeoutNanos
    }

    /// The `service` label of a file's events: as configured, else the base name up to its first dot past the start.
    ///
    /// `app.log`, and after rotation `app.log.1`, are both `app`. Of what is no file, such as `exec:backup`, it is the
    /// name of the program, or else the kind of source.
    package func serviceName(of path: String) -> String {
        if let service { return service }
        if !path.hasPrefix("/"), let colon = path.firstIndex(of: ":") {
            let kind = path[..<colon]
            let name = path[path.index(after: colon)...].prefix { $0 != ":" }
            return String(kind == "exec" && !name.isEmpty ? name : kind)
        }
        let base = path.utf8.split(separator: UInt8(ascii: "/")).last.map { Array($0) } ?? []
        let end = base.dropFirst().firstIndex(of: UInt8(ascii: ".")) ?? base.count
        return end == 0 ? "unknown" : String(decoding: base[..<end], as: UTF8.self)
    }
}
