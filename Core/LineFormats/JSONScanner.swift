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

    /// Reads a string.
    @inlinable
    public mutating func string() throws(JSONError) -> StringToken {
        unsafe skipWhitespace()
        guard unsafe index < count, unsafe base[index] == 0x22 else {
            throw unsafe JSONError(offset: index, message: "string expected")
        }
        let start = unsafe index + 1
        var cursor = start
        var escapes = false
        while true {
            // Eight bytes a step: stop at a quote, a backslash or a control byte. SAFETY: eight bytes remain.
            while unsafe cursor + 8 <= count {
                let word = unsafe UnsafeRawPointer(base + cursor).loadUnaligned(as: UInt64.self)
                let hit = stopBytes(in: UInt64(littleEndian: word))
                if hit != 0 {
                    cursor += hit.trailingZeroBitCount >> 3
                    break
                }
                cursor += 8
            }
            while unsafe cursor < count, case let byte = unsafe base[cursor], byte != 0x22, byte != 0x5C, byte >= 0x20 {
                cursor += 1
            }
            guard unsafe cursor < count else {
                throw unsafe JSONError(offset: index, message: "string is not closed")
            }
            let byte = unsafe base[cursor]
            if byte == 0x22 { break }
            guard byte == 0x5C else {
                throw JSONError(offset: cursor, message: "control character in a string")
            }
            escapes = true
            cursor += 2
        }
        let raw = unsafe UnsafeRawBufferPointer(start: base + start, count: cursor - start)
        unsafe index = cursor + 1
        return unsafe StringToken(raw: raw, hasEscapes: escapes)
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

/// The high bit of each byte of `word` that is a quote, a backslash or below 0x20; bits above the first hit may lie.
@inlinable
func stopBytes(in word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    let quotes = word ^ (ones &* 0x22)
    let slashes = word ^ (ones &* 0x5C)
    let isQuote = (quotes &- ones) & ~quotes
    let isSlash = (slashes &- ones) & ~slashes
    let isControl = (word &- (ones &* 0x20)) & ~word
    return (isQuote | isSlash | isControl) & highs
}

/// Whether text is a JSON number, `true`, `false` or `null`.
@usableFromInline
func isScalar(_ text: UnsafeRawBufferPointer) -> Bool {
    guard let first = unsafe text.first else { return false }
    switch first {
    case 0x74: return unsafe text.elementsEqual("true".utf8)
    case 0x66: return unsafe text.elementsEqual("false".utf8)
    case 0x6E: return unsafe text.elementsEqual("null".utf8)
    default: break
    }
    var index = first == 0x2D ? 1 : 0
    func digits() -> Int {
        let start = index
        while index < text.count, case let byte = unsafe text[index], byte >= 0x30, byte <= 0x39 { index += 1 }
        return index - start
    }
    let leadingZero = unsafe index < text.count && text[index] == 0x30
    let whole = digits()
    guard whole > 0, !(leadingZero && whole > 1) else { return false }
    if index < text.count, unsafe text[index] == 0x2E {
        index += 1
        guard digits() > 0 else { return false }
    }
    if index < text.count, unsafe text[index] | 0x20 == 0x65 {
        index += 1
        if index < text.count, unsafe text[index] == 0x2B || text[index] == 0x2D { index += 1 }
        guard digits() > 0 else { return false }
    }
    return index == text.count
}
