/// One node of a configuration file after `${...}` was put in.
struct SettingsNode: Sendable {
    var position: Position
    var content: Content

    indirect enum Content: Sendable {
        /// A text; `quoted` tells `"null"` from `null`.
        case scalar(String, quoted: Bool)
        case sequence([SettingsNode])
        case mapping([Entry])
    }

    struct Entry: Sendable {
        var key: String
        var position: Position
        var value: SettingsNode
    }

    /// `key:` with nothing behind it, `~` and `null` count as "not given".
    var isNull: Bool {
        guard case .scalar(let text, quoted: false) = content else { return false }
        return text.isEmpty || text == "~" || text == "null"
    }

    /// What it is, for messages.
    var kind: String {
        switch content {
        case .scalar: "a value"
        case .sequence: "a list"
        case .mapping: "a group of keys"
        }
    }
}
