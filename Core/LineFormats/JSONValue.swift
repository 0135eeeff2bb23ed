public import ByteCoding

/// A small JSON document as a tree: requests and answers of the APIs. Events never become one of these.
public enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// A number in the text it was written in, so that no digit is lost.
    case number(String)
    case string(String)
    case array([JSONValue])
    /// Members in their order. Of two with one key, look-up finds the later.
    case object([Member])

    /// A key and its value.
    public struct Member: Equatable, Sendable {
        /// The key.
        public var key: String
        /// The value.
        public var value: JSONValue

        /// Makes a member.
        public init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// Reads one document that fills all of `text`.
    ///
    /// - Throws: ``JSONError`` with the place; nesting deeper than ``JSONScanner/maximumDepth`` is refused.
    public init(parsing text: UnsafeRawBufferPointer) throws(JSONError) {
        var scanner = unsafe JSONScanner(text)
        unsafe try self.init(from: &scanner, depth: 0)
        unsafe try scanner.expectEnd()
    }

    /// Reads one document that fills all of `text`.
    public init(parsing text: [UInt8]) throws(JSONError) {
        self = unsafe try text.span.bytes.withUnsafeBytes { (bytes) throws(JSONError) in
            unsafe try JSONValue(parsing: bytes)
        }
    }

    /// Reads one document that fills all of `text`.
    public init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// Reads the value at the cursor.
    public init(from scanner: inout JSONScanner, depth: Int = 0) throws(JSONError) {
        let kind = unsafe try scanner.peek()
        guard unsafe depth < JSONScanner.maximumDepth else {
            throw unsafe JSONError(offset: scanner.offset, message: "nested too deeply")
        }
        switch kind {
        case .string:
            let token = unsafe try scanner.string()
            self = .string(unsafe try decodeJSONString(token))
        case .number:
            let text = unsafe try scanner.scalar()
            self = .number(unsafe String(decoding: text, as: UTF8.self))
        case .boolean:
            let text = unsafe try scanner.scalar()
            self = .bool(text.count == 4)
        case .null:
            unsafe _ = try scanner.scalar()
            self = .null
        case .array:
            var elements: [JSONValue] = []
            unsafe try scanner.beginArray()
            while unsafe try scanner.nextElement(isFirst: elements.isEmpty) {
                elements.append(unsafe try JSONValue(from: &scanner, depth: depth + 1))
            }
            self = .array(elements)
        case .object:
            var members: [Member] = []
            unsafe try scanner.beginObject()
            while let key = unsafe try scanner.nextKey(isFirst: members.isEmpty) {
                let name = unsafe try decodeJSONString(key)
                members.append(Member(name, unsafe try JSONValue(from: &scanner, depth: depth + 1)))
            }
            self = .object(members)
        }
    }

    /// The value of a member of an object; nil when there is none, or when this is no object.
    public subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    /// The text of a string, else nil.
    public var string: String? {
        if case .string(let text) = self { return text }
        return nil
    }

    /// The number as an integer, else nil.
    public var int: Int? {
        if case .number(let text) = self { return Int(text) ?? Double(text).flatMap { Int(exactly: $0) } }
        return nil
    }

    /// The number as a double, else nil.
    public var double: Double? {
        if case .number(let text) = self { return Double(text) }
        return nil
    }

    /// The boolean, else nil.
    public var bool: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }

    /// The elements of an array, else nil.
    public var array: [JSONValue]? {
        if case .array(let elements) = self { return elements }
        return nil
    }

    /// The members of an object, else nil.
    public var members: [Member]? {
        if case .object(let members) = self { return members }
        return nil
    }

    /// Appends the document without white space.
    public func write(to writer: inout ByteWriter) {
        switch self {
        case .null: writer.append(utf8: "null")
        case .bool(let value): writer.append(utf8: value ? "true" : "false")
        case .number(let text): writer.append(utf8: text)
        case .string(let text): writer.append(jsonString: text)
        case .array(let elements):
            writer.append(0x5B)
            for (index, element) in elements.enumerated() {
                if index > 0 { writer.append(0x2C) }
                element.write(to: &writer)
            }
            writer.append(0x5D)
        case .object(let members):
            writer.append(0x7B)
            for (index, member) in members.enumerated() {
                if index > 0 { writer.append(0x2C) }
                writer.append(jsonString: member.key)
                writer.append(0x3A)
                member.value.write(to: &writer)
            }
            writer.append(0x7D)
        }
    }

    /// The document as bytes, without white space.
    public var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 512)
        write(to: &writer)
        return writer.array()
    }

    /// A number from an integer.
    public static func integer(_ value: some BinaryInteger) -> JSONValue { .number("\(value)") }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An object, its members in the order written.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// A number.
    public init(integerLiteral value: Int) { self = .number("\(value)") }
    /// A boolean.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// Null.
    public init(nilLiteral: ()) { self = .null }
}

/// The text of a string token, its escapes resolved and invalid UTF-8 repaired.
func decodeJSONString(_ token: JSONScanner.StringToken) throws(JSONError) -> String {
    guard unsafe token.hasEscapes else { return unsafe String(decoding: token.raw, as: UTF8.self) }
    var writer = unsafe ByteWriter(capacity: token.raw.count)
    unsafe try unescapeJSON(token.raw, into: &writer)
    return unsafe writer.withBytes { unsafe String(decoding: $0, as: UTF8.self) }
}
