import ByteCoding
import LineFormats
import LogModel

/// What a name that stands in a line means.
enum FieldRole: UInt8 {
    case field, time, level, message, label, ignored
}

/// The meanings of names, learned once for each batch and then known by their numbers.
struct FieldRoles: ~Copyable {
    /// Names of messages, in every format.
    static let messages = ["msg", "message", "log", FieldName.message]

    private let times: [String]
    private let levels: [String]
    /// By number; `unknown` where it was not asked for yet.
    private var known = ReusableBuffer<UInt8>()
    private static let unknown = UInt8.max

    init(_ profile: SourceProfile) {
        times = profile.time.fields
        levels = profile.level.fields
    }

    /// Begins a batch, whose names have numbers of their own.
    mutating func forget() { known.removeAll() }

    /// What a name means.
    func role(of name: String) -> FieldRole {
        if FieldName.defaultStreamLabels.contains(name) { return .label }
        if times.contains(name) { return .time }
        if FieldRoles.messages.contains(name) { return .message }
        if levels.contains(name) { return .level }
        return name == FieldName.stream || name == FieldName.streamID ? .ignored : .field
    }

    /// What the name of a number means.
    mutating func role(of number: UInt32, _ builder: borrowing EventBatchBuilder) -> FieldRole {
        let index = Int(number)
        while known.count <= index { known.append(FieldRoles.unknown) }
        if let role = FieldRole(rawValue: known[index]) { return role }
        let role = role(of: builder.text(ofName: number))
        known[index] = role.rawValue
        return role
    }
}
