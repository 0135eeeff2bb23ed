/// The keys of one level of a configuration file, asked for by name and type.
///
/// Each getter returns nil when the key is absent (or empty, `~`, `null`) and throws when the value has the wrong type
/// or is out of range. Keys never asked for are reported at the end.
package struct SettingsMapping {
    /// The file, for messages.
    package let file: String
    /// Where this level begins.
    package let position: Position
    /// The keys that led here, joined by dots; empty at the top.
    let path: String
    private var entries: [SettingsNode.Entry]
    private var known: [String] = []

    init(file: String, position: Position, path: String, entries: [SettingsNode.Entry]) {
        self.file = file
        self.position = position
        self.path = path
        self.entries = entries
    }

    /// A text.
    package mutating func string(_ key: String) throws(SettingsError) -> String? {
        guard let node = take(key) else { return nil }
        return try scalar(node, key, "a text")
    }

    /// A text that must be there and not be empty.
    package mutating func requiredString(_ key: String) throws(SettingsError) -> String {
        if let text = try string(key), !text.isEmpty { return text }
        throw SettingsError(file: file, position: position, message: "the key `\(full(key))` is missing")
    }

    /// One of a few words.
    package mutating func choice(_ key: String, of words: [String]) throws(SettingsError) -> String? {
        guard let node = take(key) else { return nil }
        let word = try scalar(node, key, "a word")
        if words.contains(word) { return word }
        let list = words.map { "`\($0)`" }.joined(separator: ", ")
        throw error(node, "`\(full(key))` must be one of \(list), not `\(word)`")
    }

    /// A whole number in decimal; `_` may separate digits.
    package mutating func int(_ key: String, in range: ClosedRange<Int>) throws(SettingsError) -> Int? {
        guard let node = take(key) else { return nil }
        let text = try scalar(node, key, "a whole number")
        guard let number = Int(text.filter { $0 != "_" }) else {
            throw error(node, "`\(full(key))` must be a whole number, not `\(text)`")
        }
        if range.contains(number) { return number }
        throw error(
            node, "`\(full(key))` must be between \(range.lowerBound) and \(range.upperBound), not \(number)")
    }

    /// `true` or `false` (also `yes`, `no`, `on`, `off`).
    package mutating func bool(_ key: String) throws(SettingsError) -> Bool? {
        guard let node = take(key) else { return nil }
        let text = try scalar(node, key, "`true` or `false`")
        switch text.lowercased() {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        default: throw error(node, "`\(full(key))` must be `true` or `false`, not `\(text)`")
        }
    }

    /// A number of bytes: `4096`, `64KiB`, `1.5 GiB`, `10MB`.
    package mutating func bytes(_ key: String, in range: ClosedRange<Int>) throws(SettingsError) -> Int? {
        guard let node = take(key) else { return nil }
        let text = try scalar(node, key, "a size such as `64MiB`")
        guard let size = parseByteSize(text) else {
            throw error(node, "`\(full(key))` must be a size such as `64MiB`, not `\(text)`")
        }
        if range.contains(size) { return size }
        throw error(
            node,
            "`\(full(key))` must be between \(byteSizeText(range.lowerBound)) and "
                + "\(byteSizeText(range.upperBound)), not `\(text)`")
    }

    /// A span of time: `250ms`, `30s`, `1.5h`, `1h30m`, `7d`; a bare `0` is allowed.
    package mutating func duration(_ key: String, in range: ClosedRange<Duration>) throws(SettingsError) -> Duration? {
        guard let node = take(key) else { return nil }
        let text = try scalar(node, key, "a time such as `30s`")
        guard let time = parseDuration(text) else {
            throw error(node, "`\(full(key))` must be a time such as `30s`, not `\(text)`")
        }
        if range.contains(time) { return time }
        throw error(
            node,
            "`\(full(key))` must be between \(durationText(range.lowerBound)) and "
                + "\(durationText(range.upperBound)), not `\(text)`")
    }

    /// A list of texts; a single text counts as a list of one.
    package mutating func strings(_ key: String) throws(SettingsError) -> [String]? {
        guard let node = take(key) else { return nil }
        if case .scalar(let text, _) = node.content { return [text] }
        guard case .sequence(let items) = node.content else {
            throw error(node, "`\(full(key))` must be a list of texts, not \(node.kind)")
        }
        var texts: [String] = []
        for item in items { texts.append(try scalar(item, key, "a list of texts")) }
        return texts
    }

    /// Free names with texts, in the order of the file.
    package mutating func pairs(_ key: String) throws(SettingsError) -> [(name: String, value: String)]? {
        guard let node = take(key) else { return nil }
        guard case .mapping(let entries) = node.content else {
            throw error(node, "`\(full(key))` must be names with values, not \(node.kind)")
        }
        var result: [(name: String, value: String)] = []
        for entry in entries { result.append((entry.key, try scalar(entry.value, "\(key).\(entry.key)", "a text"))) }
        return result
    }

    /// Everything at this level: free names, each with names and texts, in the order of the file.
    package mutating func allPairs() throws(SettingsError) -> [(key: String, pairs: [(name: String, value: String)])] {
        var result: [(key: String, pairs: [(name: String, value: String)])] = []
        for entry in entries {
            var pairs: [(name: String, value: String)] = []
            if !entry.value.isNull {
                guard case .mapping(let inner) = entry.value.content else {
                    throw error(entry.value, "`\(full(entry.key))` must be names with values, not \(entry.value.kind)")
                }
                for item in inner { pairs.append((item.key, try scalar(item.value, entry.key, "a text"))) }
            }
            result.append((entry.key, pairs))
        }
        // None is left that nobody has asked for.
        entries = []
        return result
    }

    /// A nested group of keys; keys that `body` does not ask for are an error. Returns nil when the key is absent.
    package mutating func mapping<T>(
        _ key: String, _ body: (inout SettingsMapping) throws(SettingsError) -> T
    ) throws(SettingsError) -> T? {
        guard let node = take(key) else { return nil }
        return try nested(node, full(key), body)
    }

    /// A list of groups of keys.
    package mutating func mappings<T>(
        _ key: String, _ body: (inout SettingsMapping) throws(SettingsError) -> T
    ) throws(SettingsError) -> [T]? {
        guard let node = take(key) else { return nil }
        guard case .sequence(let items) = node.content else {
            throw error(node, "`\(full(key))` must be a list (`- ...`), not \(node.kind)")
        }
        var results: [T] = []
        for (index, item) in items.enumerated() {
            results.append(try nested(item, "\(full(key))[\(index)]", body))
        }
        return results
    }

    /// An error at the value of a key that was read well but makes no sense; the message should name the key.
    package func invalid(_ key: String, _ message: String) -> SettingsError {
        let place = entries.first { $0.key == key }?.value.position ?? position
        return SettingsError(file: file, position: place, message: message)
    }

    /// Throws when a key was given that nobody has asked for yet. It happens by itself at the end of a level; call it
    /// before complaining about a key that is missing, because it may be there under a wrong name.
    package func finish() throws(SettingsError) {
        guard let stranger = entries.first(where: { !known.contains($0.key) }) else { return }
        var message = "unknown key `\(full(stranger.key))`"
        if let near = nearest(to: stranger.key, among: known) {
            message += ", did you mean `\(near)`?"
        } else if !known.isEmpty {
            message += "; known here are \(known.map { "`\($0)`" }.joined(separator: ", "))"
        }
        throw SettingsError(file: file, position: stranger.position, message: message)
    }

    private func nested<T>(
        _ node: SettingsNode, _ path: String, _ body: (inout SettingsMapping) throws(SettingsError) -> T
    ) throws(SettingsError) -> T {
        guard case .mapping(let entries) = node.content else {
            throw error(node, "`\(path)` must be a group of keys, not \(node.kind)")
        }
        var inner = SettingsMapping(file: file, position: node.position, path: path, entries: entries)
        let result = try body(&inner)
        try inner.finish()
        return result
    }

    private mutating func take(_ key: String) -> SettingsNode? {
        if !known.contains(key) { known.append(key) }
        guard let node = entries.first(where: { $0.key == key })?.value, !node.isNull else { return nil }
        return node
    }

    private func scalar(_ node: SettingsNode, _ key: String, _ wanted: String) throws(SettingsError) -> String {
        if case .scalar(let text, _) = node.content { return text }
        throw error(node, "`\(full(key))` must be \(wanted), not \(node.kind)")
    }

    private func full(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private func error(_ node: SettingsNode, _ message: String) -> SettingsError {
        SettingsError(file: file, position: node.position, message: message)
    }
}
