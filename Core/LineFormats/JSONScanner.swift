internal import ByteCoding
internal import CByteShims

/// Why text is not JSON, or not the JSON that was asked for. `offset` counts bytes from the start of the text.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of fault it is.
    public enum Kind: Sendable {
        /// The text breaks the grammar.
        case syntax
        /// The text is JSON, but not the value that is wanted here.
        case value
        /// The text is JSON, but more of it than is taken.
        case limit
    }

    /// Where it was noticed, in bytes.
    public var offset: Int
    /// What was expected or found, a sentence without a full stop.
    public var message: String
    /// What kind of fault it is.
    public var kind: Kind

    /// Makes an error.
    public init(offset: Int, message: String, kind: Kind = .syntax) {
        self.offset = offset
        self.message = message
        self.kind = kind
    }

    /// The message and the place.
    public var description: String { "\(message) at byte \(offset)" }
}

/// A cursor over JSON text (RFC 8259) that hands out runs of the text instead of building a tree: the hot path of
/// ingest. Nothing is allocated. Whoever calls drives the grammar: `beginObject`, `nextKey`, a value, ....
///
/// It must not outlive the text.
@unsafe
public struct JSONScanner {
    /// What kind of value starts at the cursor.
    public enum Kind: Sendable {
        case object, array, string, number, boolean, null
    }

    /// A string's bytes between its quotes, still escaped, and whether there is an escape in it.
    @unsafe
    public struct StringToken {
        /// The bytes between the quotes as they stand in the text.
        public var raw: UnsafeRawBufferPointer
        /// Whether ``raw`` must be unescaped.
        public var hasEscapes: Bool

        @usableFromInline
        init(raw: UnsafeRawBufferPointer, hasEscapes: Bool) {
            unsafe self.raw = raw
            unsafe self.hasEscapes = hasEscapes
        }
    }

    /// Objects and arrays within each other that are read at most.
    public static let maximumDepth = 64

    @usableFromInline let base: UnsafePointer<UInt8>
    @usableFromInline let count: Int
    @usableFromInline var index: Int

    /// Reads from the start of `text`.
    @inlinable
    public init(_ text: UnsafeRawBufferPointer) {
        unsafe base =
            text.baseAddress.map { unsafe $0.assumingMemoryBound(to: UInt8.self) } ?? StaticString("").utf8Start
        unsafe count = text.count
        unsafe index = 0
    }

    /// Bytes consumed so far.
    @inlinable public var offset: Int { unsafe index }

    @inlinable
    mutating func skipWhitespace() {
        while unsafe index < count {
            let byte = unsafe base[index]
            if byte > 0x20 { return }
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            unsafe index += 1
        }
    }

    /// What kind of value comes next.
    @inlinable
    public mutating func peek() throws(JSONError) -> Kind {
        unsafe skipWhitespace()
        guard unsafe index < count else { throw unsafe JSONError(offset: index, message: "value expected, text ends") }
        switch unsafe base[index] {
        case 0x22: return .string
        case 0x7B: return .object
        case 0x5B: return .array
        case 0x74, 0x66: return .boolean
        case 0x6E: return .null
        case 0x2D, 0x30...0x39: return .number
        default: throw unsafe JSONError(offset: index, message: "value expected")
        }
    }

    @inlinable
    mutating func expect(_ byte: UInt8, _ what: StaticString) throws(JSONError) {
        unsafe skipWhitespace()
        guard unsafe index < count, unsafe base[index] == byte else {
            throw unsafe JSONError(offset: index, message: "\(what) expected")
        }
        unsafe index += 1
    }

    /// Enters an object.
    @inlinable
    public mutating func beginObject() throws(JSONError) {
        unsafe try expect(0x7B, "{")
    }

    /// The key of the next member, its colon passed; nil at the end of the object, the brace passed.
    ///
    /// - Parameter isFirst: whether no member of this object has been read yet.
    /// - Returns: the key, or nil behind the last member.
    /// - Throws: ``JSONError`` where neither a member nor the end follows.
    @inlinable
    public mutating func nextKey(isFirst: Bool) throws(JSONError) -> StringToken? {
        unsafe skipWhitespace()
        guard unsafe index < count else { throw unsafe JSONError(offset: index, message: "object is not closed") }
        if unsafe base[index] == 0x7D {
            unsafe index += 1
            return nil
        }
        if !isFirst {
            unsafe try expect(0x2C, ", or }")
            unsafe skipWhitespace()
        }
        let key = unsafe try string()
        unsafe try expect(0x3A, ":")
        return unsafe key
    }

    /// Enters an array.
    @inlinable
    public mutating func beginArray() throws(JSONError) {
        unsafe try expect(0x5B, "[")
    }

    /// Whether another element follows; when not, the bracket is passed.
    @inlinable
    public mutating func nextElement(isFirst: Bool) throws(JSONError) -> Bool {
        unsafe skipWhitespace()
        guard unsafe index < count else { throw unsafe JSONError(offset: index, message: "array is not closed") }
        if unsafe base[index] == 0x5D {
            unsafe index += 1
            return false
        }
        if !isFirst { unsafe try expect(0x2C, ", or ]") }
        return true
    }

    /// Passes over the key of the next member and its colon, if the key is the one foreseen and its value no object.
    ///
    /// - Parameters:
    ///   - key: the key as it would stand in the text: quotes, no escapes, and the colon right behind.
    ///   - isFirst: whether no member of this object has been read yet.
    /// - Returns: whether it was so; if not, the scanner has not moved.
    @inline(__always)
    mutating func skipForeseenKey(_ key: UnsafeRawBufferPointer, isFirst: Bool) -> Bool {
        var next = unsafe self
        if !isFirst {
            guard unsafe next.index < count, unsafe base[next.index] == 0x2C else { return false }
            unsafe next.index += 1
        }
        unsafe next.skipWhitespace()
        guard let foreseen = key.baseAddress, unsafe count - next.index > key.count,
            unsafe areEqual(base + next.index, foreseen, count: key.count)
        else { return false }
        unsafe next.index += key.count
        unsafe next.skipWhitespace()
        guard unsafe next.index < count, unsafe base[next.index] != 0x7B else { return false }
        unsafe self = next
        return true
    }

    /// Reads a string.
    public mutating func string() throws(JSONError) -> StringToken {
        unsafe skipWhitespace()
        guard unsafe index < count, unsafe base[index] == 0x22 else {
            throw unsafe JSONError(offset: index, message: "string expected")
        }
        let start = unsafe index + 1
        var escapes = false
        var cursor = unsafe endOfPlainBytes(from: start)
        while true {
            guard unsafe cursor < count else {
                throw unsafe JSONError(offset: index, message: "string is not closed")
            }
            let byte = unsafe base[cursor]
            if byte == 0x22 { break }
            guard byte == 0x5C else {
                throw JSONError(offset: cursor, message: "control character in a string")
            }
            escapes = true
            cursor = unsafe endOfPlainBytes(from: cursor + 2)
        }
        let raw = unsafe UnsafeRawBufferPointer(start: base + start, count: cursor - start)
        unsafe index = cursor + 1
        return unsafe StringToken(raw: raw, hasEscapes: escapes)
    }

    /// The first quote, backslash or control character from `start` on; the end of the text, or behind it if `start` is.
    @inline(__always)
    private func endOfPlainBytes(from start: Int) -> Int {
        var cursor = start
        // SAFETY: sixteen bytes remain.
        while unsafe cursor + 16 <= count {
            let stops = unsafe lodge_json_stops(base + cursor)
            if stops != 0 { return cursor + stops.trailingZeroBitCount }
            cursor += 16
        }
        while unsafe cursor < count, case let byte = unsafe base[cursor], byte != 0x22, byte != 0x5C, byte >= 0x20 {
            cursor += 1
        }
        return cursor
    }

    /// Reads a number, `true`, `false` or `null` and returns its text.
    @inlinable
    public mutating func scalar() throws(JSONError) -> UnsafeRawBufferPointer {
        unsafe skipWhitespace()
        let start = unsafe index
        while unsafe index < count, case let byte = unsafe base[index], byte != 0x2C, byte != 0x7D, byte != 0x5D,
            byte > 0x20
        {
            unsafe index += 1
        }
        let text = unsafe UnsafeRawBufferPointer(start: base + start, count: index - start)
        guard unsafe isScalar(text) else {
            unsafe index = start
            throw JSONError(offset: start, message: "value expected")
        }
        return unsafe text
    }

    /// Passes over one value of any kind and returns its text as it stands.
    public mutating func skipValue(depth: Int = 0) throws(JSONError) -> UnsafeRawBufferPointer {
        let kind = unsafe try peek()
        let start = unsafe index
        switch kind {
        case .string: unsafe _ = try string()
        case .number, .boolean, .null: unsafe _ = try scalar()
        case .object:
            guard unsafe depth < JSONScanner.maximumDepth else {
                throw JSONError(offset: start, message: "nested too deeply")
            }
            unsafe try beginObject()
            var first = true
            while unsafe try nextKey(isFirst: first) != nil {
                first = false
                unsafe _ = try skipValue(depth: depth + 1)
            }
        case .array:
            guard unsafe depth < JSONScanner.maximumDepth else {
                throw JSONError(offset: start, message: "nested too deeply")
            }
            unsafe try beginArray()
            var first = true
            while unsafe try nextElement(isFirst: first) {
                first = false
                unsafe _ = try skipValue(depth: depth + 1)
            }
        }
        return unsafe UnsafeRawBufferPointer(start: base + start, count: index - start)
    }

    /// Checks that nothing but white space is left.
    public mutating func expectEnd() throws(JSONError) {
        unsafe skipWhitespace()
        if unsafe index < count { throw unsafe JSONError(offset: index, message: "end of text expected") }
    }
}
