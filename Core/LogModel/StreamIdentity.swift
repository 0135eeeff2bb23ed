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
    /// The labels as ``write(to:)`` writes them, without the tenant. One allocation for all: there may be many streams.
    private let encoded: [UInt8]

    /// Sorted by name, each name once, none with an empty value. Made anew each time.
    public var labels: [Label] {
        var labels: [Label] = []
        unsafe forEachLabel { name, value in
            labels.append(unsafe Label(name: String(decoding: name, as: UTF8.self), value: Array(value)))
            return true
        }
        return labels
    }

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
        var writer = ByteWriter()
        writer.append(lengthPrefixed: tenant)
        let start = writer.count
        writer.append(varint: UInt64(sorted.count))
        for label in sorted {
            writer.append(lengthPrefixed: label.name)
            writer.append(varint: UInt64(label.value.count))
            writer.append(contentsOf: label.value)
        }
        id = unsafe writer.withBytes { unsafe (hash64($0), hash64($0, seed: 0x10D6_E000)) }
        encoded = unsafe writer.withBytes { unsafe Array($0.dropFirst(start)) }
    }

    /// Whether tenant and labels are the same.
    public static func == (left: StreamIdentity, right: StreamIdentity) -> Bool {
        left === right
            || left.id == right.id && left.tenant == right.tenant && left.encoded == right.encoded
    }

    /// Feeds the id, which depends on tenant and labels alone.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(id.low)
    }

    /// Roughly how many bytes of memory it takes.
    public var memoryBytes: Int { 128 + encoded.count }

    /// The value of a label, or nil.
    public func value(of name: String) -> [UInt8]? {
        var found: [UInt8]?
        var name = name
        name.withUTF8 { wanted in
            unsafe forEachLabel { label, value in
                guard unsafe label.elementsEqual(wanted) else { return true }
                found = unsafe Array(value)
                return false
            }
        }
        return found
    }

    /// Gives the labels to `body` in their order, until it returns false.
    public func forEachLabel(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool) {
        unsafe encoded.withUnsafeBytes { bytes in
            var reader = unsafe ByteReader(bytes)
            // These bytes are our own: they cannot be cut off.
            guard let count = try? unsafe reader.varint() else { return }
            for _ in 0..<count {
                guard let name = unsafe try? reader.lengthPrefixed(), let value = unsafe try? reader.lengthPrefixed(),
                    unsafe body(name, value)
                else { return }
            }
        }
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
        writer.append(lengthPrefixed: tenant)
        writer.append(contentsOf: encoded)
    }

    /// The names of all labels of streams.
    public static func labelNames(of streams: some Sequence<StreamIdentity>) -> Set<String> {
        var names: Set<String> = []
        for stream in streams {
            unsafe stream.forEachLabel { name, _ in
                names.insert(unsafe String(decoding: name, as: UTF8.self))
                return true
            }
        }
        return names
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
