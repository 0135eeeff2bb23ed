import LogModel

/// A row by the names that queries use: an event, or what pipes have made of it.
struct PlainRow {
    /// An event as it came in.
    struct Origin {
        var time: Int64
        var id: UInt64
        var stream: StreamIdentity
    }

    /// Values that are not empty: an empty value and none are the same.
    private(set) var fields: [String: [UInt8]] = [:]
    /// Of events that have been through no pipe but filters and such as keep rows.
    var origin: Origin?

    init(_ fields: [String: [UInt8]] = [:], origin: Origin? = nil) {
        self.fields = fields.filter { !$0.value.isEmpty }
        self.origin = origin
    }

    /// The value of a field, empty where there is none.
    subscript(name: String) -> [UInt8] {
        get { fields[name] ?? [] }
        set { fields[name] = newValue.isEmpty ? nil : newValue }
    }

    var names: [String] { fields.keys.sorted() }
}

/// Rows on their way through pipes.
struct PlainTable {
    var rows: [PlainRow]
    /// Whether the query says in which order they come, so that it counts which of them are the first.
    var isOrdered = false
}

/// Why a query over these rows has more than one right answer.
struct Undefined: Error {
    var why: String

    init(_ why: String) { self.why = why }
}

extension String {
    var bytes: [UInt8] { Array(utf8) }
}

extension [UInt8] {
    var text: String { String(decoding: self, as: UTF8.self) }
}
