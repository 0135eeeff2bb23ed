public import ByteCoding

/// What the events of one stream share: the tenant and a few labels such as service, host, environment and region.
public struct StreamIdentity: Hashable, Sendable {
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

    /// Makes an identity: labels are sorted, empty ones dropped, and of two with one name the later stays.
    public init(tenant: String = StreamIdentity.defaultTenant, labels: [Label]) {
        self.tenant = tenant
        var byName: [String: [UInt8]] = [:]
        for label in labels { byName[label.name] = label.value }
        self.labels = byName.filter { !$0.value.isEmpty }.map { Label(name: $0.key, value: $0.value) }
            .sorted { $0.name < $1.name }
    }

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

    /// 128 bits that stand for the stream: the same on every machine and after every restart.
    public var id: (high: UInt64, low: UInt64) {
        var writer = ByteWriter()
        write(to: &writer)
        return unsafe writer.withBytes { unsafe (hash64($0), hash64($0, seed: 0x10D6_E000)) }
    }

    /// Appends tenant and labels: lengths as varints, then bytes.
    public func write(to writer: inout ByteWriter) {
        writer.append(lengthPrefixed: tenant)
        writer.append(varint: UInt64(labels.count))
        for label in labels {
            writer.append(lengthPrefixed: label.name)
            writer.append(varint: UInt64(label.value.count))
            writer.append(contentsOf: label.value)
        }
    }

    /// Reads what ``write(to:)`` wrote. A stream of more than 64 labels is refused.
    public init(from reader: inout ByteReader) throws(ByteCodingError) {
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
