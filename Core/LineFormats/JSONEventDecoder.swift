internal import ByteCoding
public import LogModel

/// Turns JSON objects into events of a batch: the hot path of ingest. Reuse one decoder for all events of a batch.
///
/// Members become fields by their names; nested objects are flattened with dots (`{"http":{"status":5}}` is the field
/// `http.status`), arrays keep their JSON text, numbers and booleans the text they were written in, `null` is left out.
/// The members named in ``Keys`` become time, message, level and labels of the stream instead; `_stream` and
/// `_stream_id` are left out, because they are made of the labels.
public struct JSONEventDecoder: ~Copyable {
    /// Which members have a meaning.
    public struct Keys: Sendable, Equatable {
        /// The time of the event: RFC 3339 or an epoch number. The first that is present counts.
        public var time: [String]
        /// The message. The first that is present counts; others stay fields.
        public var message: [String]
        /// Where the level is read from; the member stays a field too.
        public var level: [String]
        /// Members that make up the stream.
        public var labels: [String]
        /// Whether a time that cannot be read rejects the event; otherwise it stays a field and the arrival counts.
        public var rejectsUnreadableTime: Bool
        /// Whether a time without a zone is one that cannot be read; otherwise it is UTC.
        public var timeNeedsZone = false
        /// An object of the event, such as `meta`, whose members count as the event's own.
        public var unwrapped: [UInt8]?
        /// Whether nested objects become fields named with dots; otherwise each is one field with its JSON text.
        public var flattens = true

        /// Names the members with a meaning.
        public init(
            time: [String] = [FieldName.time], message: [String] = [FieldName.message],
            level: [String] = ["level", "severity", "lvl", "loglevel", "log.level"],
            labels: [String] = [], rejectsUnreadableTime: Bool = true, unwrapping unwrapped: String? = nil
        ) {
            self.time = time
            self.message = message
            self.level = level
            self.labels = labels
            self.rejectsUnreadableTime = rejectsUnreadableTime
            self.unwrapped = unwrapped.map { Array($0.utf8) }
        }
    }

    /// Different field names in one batch. Members with more names than that are packed into one field of their event,
    /// ``packedName``, as the text of a JSON object: they can still be searched, but not by their names.
    public static let maximumNames = 1 << 16
    /// The field of members that have no field of their own.
    public static let packedName = "_packed"
    /// Bytes of a field's name, the names of the objects around it included: deep nesting repeats them in each name.
    public static let maximumNameBytes = 512

    private let keys: Keys
    private var names = KnownNames()
    private var path = ByteWriter(capacity: 128)
    private var time: Timestamp?
    private var message: ByteRange?
    private var level = Level.unknown
    /// The members of the unfinished event that are packed: a JSON object without its end.
    private var packed = ByteWriter()
    /// Members packed so far, of all events.
    public private(set) var packedCount = 0

    /// Makes a decoder for one batch.
    public init(keys: Keys) {
        self.keys = keys
    }

    /// What an object tells of its event besides the fields and labels, which are in the builder.
    public struct Decoded {
        /// The time, if it brings one that can be read.
        public var time: Timestamp?
        /// The level, `.unknown` if it brings none.
        public var level: Level
        /// The message in the arena; empty if it brings none.
        public var message: ByteRange
    }

    /// Reads the object at the scanner's cursor as one event.
    ///
    /// - Parameters:
    ///   - scanner: stands at the object; afterwards behind it.
    ///   - builder: gets the event; after an error nothing of it remains there.
    ///   - arrival: the time of an event that brings none.
    ///   - isWholeText: whether anything but white space behind the object is an error.
    ///   - maximumBytes: the most bytes of text the object may have.
    /// - Throws: ``JSONError`` when it is no object, is malformed, or its time cannot be read.
    public mutating func decode(
        _ scanner: inout JSONScanner, into builder: inout EventBatchBuilder, arrival: Timestamp,
        isWholeText: Bool = false,
        maximumBytes: Int = .max
    ) throws(JSONError) {
        let event = unsafe try read(
            &scanner, into: &builder, isWholeText: isWholeText, maximumBytes: maximumBytes)
        builder.endEvent(time: event.time ?? arrival, level: event.level, message: event.message)
    }

    /// Like ``decode(_:into:arrival:isWholeText:maximumBytes:)``, but leaves the event unfinished.
    public mutating func read(
        _ scanner: inout JSONScanner, into builder: inout EventBatchBuilder, isWholeText: Bool = false,
        maximumBytes: Int = .max
    ) throws(JSONError) -> Decoded {
        let start = unsafe scanner.offset
        time = nil
        message = nil
        level = .unknown
        path.removeAll()
        packed.removeAll()
        do throws(JSONError) {
            unsafe try members(of: &scanner, into: &builder, depth: 0)
            if isWholeText { unsafe try scanner.expectEnd() }
            guard unsafe scanner.offset - start <= maximumBytes else {
                throw JSONError(offset: start, message: "event is over \(maximumBytes) bytes", kind: .limit)
            }
        } catch {
            builder.abandonEvent()
            throw error
        }
        finishPacked(&builder)
        return Decoded(time: time, level: level, message: message ?? ByteRange(offset: 0, length: 0))
    }

    private mutating func members(
        of scanner: inout JSONScanner, into builder: inout EventBatchBuilder, depth: Int
    ) throws(JSONError) {
        guard unsafe try scanner.peek() == .object else {
            throw unsafe JSONError(offset: scanner.offset, message: "object expected", kind: .value)
        }
        guard unsafe depth < JSONScanner.maximumDepth else {
            throw unsafe JSONError(offset: scanner.offset, message: "nested too deeply", kind: .limit)
        }
        unsafe try scanner.beginObject()
        var first = true
        var previous: UInt32?
        while true {
            // Mostly a line has the keys of the line before, in their order.
            if path.count == 0, let name = unsafe names.foreseen(after: previous, at: &scanner, isFirst: first) {
                unsafe try member(name, try scanner.peek(), &scanner, &builder)
                first = false
                previous = name
                continue
            }
            guard let key = unsafe try scanner.nextKey(isFirst: first) else { break }
            first = false
            if path.count == 0, unsafe !key.hasEscapes {
                let kind = unsafe try scanner.peek()
                if kind == .object, unsafe keys.flattens || isUnwrapped(key.raw) {
                    if depth == 0, unsafe isUnwrapped(key.raw) {
                        unsafe try members(of: &scanner, into: &builder, depth: 1)
                        continue
                    }
                } else {
                    guard unsafe key.raw.count <= Self.maximumNameBytes else {
                        throw unsafe nameTooLong(at: scanner.offset)
                    }
                    let found = unsafe builder.name(key.raw, limit: Self.maximumNames)
                    guard let name = unsafe learned(found, key.raw, &builder) else {
                        unsafe try pack(key.raw, isEscaped: true, kind, &scanner)
                        continue
                    }
                    unsafe names.foresee(name, key.raw, after: previous)
                    previous = name
                    unsafe try member(name, kind, &scanner, &builder)
                    continue
                }
            }
            let length = path.count
            if length > 0 { path.append(0x2E) }
            unsafe try unescapeJSON(key.raw, into: &path)
            guard path.count <= Self.maximumNameBytes else { throw unsafe nameTooLong(at: scanner.offset) }
            let kind = unsafe try scanner.peek()
            if kind == .object, keys.flattens {
                unsafe try members(of: &scanner, into: &builder, depth: depth + 1)
            } else {
                let found = unsafe path.withBytes { unsafe builder.name($0, limit: Self.maximumNames) }
                if let found, names.role(of: found) != nil {
                    unsafe try member(found, kind, &scanner, &builder)
                } else {
                    unsafe try newNested(found, kind, &scanner, &builder)
                }
            }
            path.truncate(to: length)
        }
    }

    private func isUnwrapped(_ key: UnsafeRawBufferPointer) -> Bool {
        guard let wanted = keys.unwrapped, wanted.count == key.count else { return false }
        return unsafe wanted.elementsEqual(key)
    }

    private func nameTooLong(at offset: Int) -> JSONError {
        JSONError(
            offset: offset, message: "a field's name is longer than \(Self.maximumNameBytes) bytes", kind: .limit)
    }

    /// The number of a name whose role is known from now on; nil when there are too many names for one more.
    private mutating func learned(
        _ found: UInt32?, _ text: UnsafeRawBufferPointer, _ builder: inout EventBatchBuilder
    ) -> UInt32? {
        if let found, names.role(of: found) != nil { return found }
        let role = unsafe keys.role(of: String(decoding: text, as: UTF8.self))
        // Names that mean something are few.
        guard let name = unsafe found ?? (role == .field ? nil : builder.name(text)) else { return nil }
        names.add(name, role: role)
        return name
    }

    /// A member of a nested object, or with escapes in its name, that is met for the first time.
    private mutating func newNested(
        _ found: UInt32?, _ kind: JSONScanner.Kind, _ scanner: inout JSONScanner, _ builder: inout EventBatchBuilder
    ) throws(JSONError) {
        let full = path.array()
        if let name = unsafe full.withUnsafeBytes({ unsafe learned(found, $0, &builder) }) {
            unsafe try member(name, kind, &scanner, &builder)
        } else {
            unsafe try full.span.bytes.withUnsafeBytes { (bytes) throws(JSONError) in
                unsafe try pack(bytes, isEscaped: false, kind, &scanner)
            }
        }
    }

    private mutating func pack(
        _ name: UnsafeRawBufferPointer, isEscaped: Bool, _ kind: JSONScanner.Kind, _ scanner: inout JSONScanner
    ) throws(JSONError) {
        guard kind != .null else {
            unsafe _ = try scanner.scalar()
            return
        }
        packed.append(packed.count == 0 ? 0x7B : 0x2C)
        if isEscaped {
            packed.append(0x22)
            unsafe packed.append(contentsOf: name)
            packed.append(0x22)
        } else {
            unsafe packed.append(jsonString: name)
        }
        packed.append(0x3A)
        unsafe packed.append(contentsOf: try scanner.skipValue())
        packedCount += 1
    }

    private mutating func finishPacked(_ builder: inout EventBatchBuilder) {
        guard packed.count > 0 else { return }
        packed.append(0x7D)
        let name = builder.name(Self.packedName)
        names.add(name, role: .field)
        unsafe packed.withBytes { unsafe builder.add(field: name, value: $0) }
    }

    private mutating func member(
        _ name: UInt32, _ kind: JSONScanner.Kind, _ scanner: inout JSONScanner, _ builder: inout EventBatchBuilder
    ) throws(JSONError) {
        let start = unsafe scanner.offset
        switch kind {
        case .string:
            let token = unsafe try scanner.string()
            if unsafe !token.hasEscapes {
                unsafe try value(token.raw, of: name, at: start, &builder)
            } else {
                unsafe try escapedValue(token.raw, of: name, at: start, &builder)
            }
        case .null:
            unsafe _ = try scanner.scalar()
        case .number, .boolean:
            let text = unsafe try scanner.scalar()
            unsafe try value(text, of: name, at: start, &builder)
        case .array, .object:
            let text = unsafe try scanner.skipValue()
            unsafe try value(text, of: name, at: start, &builder)
        }
    }

    /// Messages and fields are unescaped right into the arena; the few others by way of a buffer of their own.
    private mutating func escapedValue(
        _ raw: UnsafeRawBufferPointer, of name: UInt32, at offset: Int, _ builder: inout EventBatchBuilder
    ) throws(JSONError) {
        do {
            let role = names.role(of: name)
            if role == .message && message == nil || role == .field {
                let stored = unsafe try builder.store(room: raw.count) { (room) throws(JSONError) in
                    unsafe try unescapeJSON(raw, to: room)
                }
                if role == .message { message = stored } else { builder.add(field: name, stored: stored) }
                return
            }
        } catch {
            throw JSONError(offset: offset + 1 + error.offset, message: error.message)
        }
        var buffer = ByteWriter(capacity: raw.count)
        do {
            unsafe try unescapeJSON(raw, into: &buffer)
        } catch {
            throw JSONError(offset: offset + 1 + error.offset, message: error.message)
        }
        unsafe try buffer.withBytes { (bytes) throws(JSONError) in
            unsafe try value(bytes, of: name, at: offset, &builder)
        }
    }

    private mutating func value(
        _ bytes: UnsafeRawBufferPointer, of name: UInt32, at offset: Int, _ builder: inout EventBatchBuilder
    ) throws(JSONError) {
        switch names.role(of: name) {
        case .time where time == nil:
            if let parsed = unsafe Timestamp(parsing: bytes, needsZone: keys.timeNeedsZone) {
                time = parsed
                return
            }
            if keys.rejectsUnreadableTime {
                throw JSONError(
                    offset: offset,
                    message: "time is neither RFC 3339 nor seconds, milliseconds, microseconds or nanoseconds",
                    kind: .value)
            }
            unsafe builder.add(field: name, value: bytes)
        case .message where message == nil:
            message = unsafe builder.store(bytes)
        case .label:
            unsafe builder.add(label: name, value: bytes)
        case .level:
            if level == .unknown { level = unsafe Level(parsing: bytes) }
            unsafe builder.add(field: name, value: bytes)
        case .ignored: break
        default:
            unsafe builder.add(field: name, value: bytes)
        }
    }
}
