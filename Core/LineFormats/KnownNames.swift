internal import ByteCoding
internal import LogModel

/// What a member of an event stands for.
enum MemberRole: UInt8, BitwiseCopyable {
    case field, time, message, level, label, ignored
}

extension JSONEventDecoder.Keys {
    /// What a member of this name stands for.
    func role(of name: String) -> MemberRole {
        if labels.contains(name) { return .label }
        if time.contains(name) { return .time }
        if message.contains(name) { return .message }
        if level.contains(name) { return .level }
        return name == FieldName.stream || name == FieldName.streamID ? .ignored : .field
    }
}

/// The names of a batch by their numbers: the role of each, and which key is to be foreseen behind it.
struct KnownNames: ~Copyable {
    struct Entry: BitwiseCopyable {
        var role: MemberRole?
        /// Where the key stands in `keys`; no bytes when it has not been seen as one.
        var keyOffset: UInt32 = 0
        var keyLength: UInt32 = 0
        /// The name that stood behind this one the last time.
        var next: UInt32 = KnownNames.none
    }

    private static let none = UInt32.max

    private var entries = ReusableBuffer<Entry>(capacity: 32)
    /// The keys as they stand in the text, with quotes and colons.
    private var keys = ByteWriter(capacity: 512)
    /// The name that stood first the last time.
    private var first = KnownNames.none

    /// The role of a name; nil when it is not known yet.
    func role(of name: UInt32) -> MemberRole? {
        Int(name) < entries.count ? entries[Int(name)].role : nil
    }

    mutating func add(_ name: UInt32, role: MemberRole) {
        while entries.count <= Int(name) { entries.append(Entry()) }
        entries[Int(name)].role = role
    }

    /// Notes that a member of a name that is known stood behind another, or first.
    mutating func foresee(_ name: UInt32, _ key: UnsafeRawBufferPointer, after previous: UInt32?) {
        if entries[Int(name)].keyLength == 0 {
            entries[Int(name)].keyOffset = UInt32(truncatingIfNeeded: keys.count)
            entries[Int(name)].keyLength = UInt32(truncatingIfNeeded: key.count + 3)
            keys.append(0x22)
            unsafe keys.append(contentsOf: key)
            keys.append(0x22)
            keys.append(0x3A)
        }
        if let previous { entries[Int(previous)].next = name } else { first = name }
    }

    /// Passes over the next member's key if it is the one that stood there the last time.
    ///
    /// - Parameters:
    ///   - previous: the name of the member before; nil at the first one.
    ///   - scanner: stands where the next member begins, its comma included; behind the colon if it is the one.
    ///   - isFirst: whether no member of the object has been read yet.
    /// - Returns: the name; nil when it is another, or the object ends.
    @inline(__always)
    mutating func foreseen(after previous: UInt32?, at scanner: inout JSONScanner, isFirst: Bool) -> UInt32? {
        let name = previous.map { entries[Int($0)].next } ?? first
        guard name != Self.none else { return nil }
        let entry = entries[Int(name)]
        let isThere = unsafe keys.withBytes { bytes in
            let key = unsafe UnsafeRawBufferPointer(
                rebasing: bytes[Int(entry.keyOffset)..<Int(entry.keyOffset + entry.keyLength)])
            return unsafe scanner.skipForeseenKey(key, isFirst: isFirst)
        }
        return isThere ? name : nil
    }
}
