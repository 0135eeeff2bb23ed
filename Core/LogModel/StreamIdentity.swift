public import ByteCoding

/// What the events of one stream share: the tenant and a few labels such as service, host, environment and region.
///
/// Immutable. It is a class so that the many batches of a stream share one, and compare it by its address first.
public final class StreamIdentity: Hashable, Sendable {
    /// One label.
    public struct Label: Hashable, Sendable {
        /// The name, e.g. `service`.
        public var name: String
        /// The value's bytes; usually UTF-8, but whatever the sender wrote.
        public var value: [UInt8]

        /// Makes a label.
        public init(name: String, value: [UInt8]) {
            self.name = name
            self.value = value
        }

        /// Makes a label from text.
        public init(_ name: String, _ value: String) {
            self.init(name: name, value: Array(value.utf8))
        }
    }

    /// The tenant that events belong to while there are no tenants.
    public static let defaultTenant = "default"

    /// The team that owns the events.
    public let tenant: String
    /// Sorted by name, each name once, none with an empty value.
    public let labels: [Label]

    /// 128 bits that stand for the stream: the same on every machine and after every restart.
    public let id: (high: UInt64, low: UInt64)

    /// Makes an identity: labels are sorted, empty ones dropped, and of two with one name the later stays.
    public init(tenant: String = StreamIdentity.defaultTenant, labels: [Label]) {
        self.tenant = tenant
        // A stable sort by insertion: there are few labels, and a later one of the same name replaces the earlier.
        var sorted: [Label] = []
        sorted.reserveCapacity(labels.count)
        for label in labels {
            var place = sorted.count
            while place > 0, sorted[place - 1].name >= label.name { place -= 1 }
            if place < sorted.count, sorted[place].name == label.name { sorted.remove(at: place) }
            if !label.value.isEmpty { sorted.insert(label, at: place) }
        }
        self.labels = sorted
        var writer = ByteWriter()
        Self.write(tenant: tenant, labels: sorted, to: &writer)
        id = unsafe writer.withBytes { unsafe (hash64($0), hash64($0, seed: 0x10D6_E000)) }
    }

    /// Whether tenant and labels are the same.
    public static func == (left: StreamIdentity, right: StreamIdentity) -> Bool {
        left === right
            || left.id == right.id && left.tenant == right.tenant && left.labels == right.labels
    }

    /// Feeds the id, which depends on tenant and labels alone.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(id.low)
    }

    /// Roughly how many bytes of memory it takes.
    public var memoryBytes: Int { 128 + labels.reduce(0) { $0 + 80 + $1.value.count } }

    /// The value of a label, or nil.
    public func value(of name: String) -> [UInt8]? {
        labels.first { $0.name == name }?.value
    }

    /// `{environment="production",service="cart"}`: the `_stream` field of LogsQL. Quotes, backslashes and control
    /// characters in values are escaped with a backslash.
    public var text: String {
        var result = "{"
        for (index, label) in labels.enumerated() {
            if index > 0 { result += "," }
            result += label.name + "=\""
            for scalar in String(decoding: label.value, as: UTF8.self).unicodeScalars {
                switch scalar {
                case "\"": result += "\\\""
                case "\\": result += "\\\\"
                case "\n": result += "\\n"
                case "\r": result += "\\r"
                case "\t": result += "\\t"
                default: result.unicodeScalars.append(scalar)
                }
            }
            result += "\""
        }
        return result + "}"
    }

    /// Appends tenant and labels: lengths as varints, then bytes.
    public func write(to writer: inout ByteWriter) {
        Self.write(tenant: tenant, labels: labels, to: &writer)
    }

    private static func write(tenant: String, labels: [Label], to writer: inout ByteWriter) {
        writer.append(lengthPrefixed: tenant)
        writer.append(varint: UInt64(labels.count))
        for label in labels {
            writer.append(lengthPrefixed: label.name)
            writer.append(varint: UInt64(label.value.count))
            writer.append(contentsOf: label.value)
        }
    }

    /// Reads what ``write(to:)`` wrote. A stream of more than 64 labels is refused.
    public convenience init(from reader: inout ByteReader) throws(ByteCodingError) {
        let tenant = unsafe try reader.lengthPrefixedString()
        let count = unsafe try reader.count(limit: 64)
        var labels: [Label] = []
        labels.reserveCapacity(count)
        for _ in 0..<count {
            let name = unsafe try reader.lengthPrefixedString()
            let value = unsafe try reader.lengthPrefixed()
            labels.append(unsafe Label(name: name, value: Array(value)))
        }
        self.init(tenant: tenant, labels: labels)
    }
}
