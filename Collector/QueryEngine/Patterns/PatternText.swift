internal import StoreFormat

/// A template as people read it. It depends on the template alone, so that a message has the same pattern wherever it is
/// kept: the values, which a block may not have, do not count.
enum PatternText {
    /// Runs of variables with nothing but these between them have names of their own.
    private static let shapes: [(separators: String, name: String)] = [
        ("----", "<uuid>"), ("...", "<ip>"), ("...:", "<ip>:<*>"), ("--", "<date>"), ("//", "<date>"),
        ("::", "<time>"), ("::.", "<time>"), ("--::", "<datetime>"), ("--::.", "<datetime>"),
    ]
    private static let names = Dictionary(
        uniqueKeysWithValues: shapes.map { (Array($0.separators.utf8), Array($0.name.utf8)) })
    private static let longestShape = 5
    private static let variable = Array("<*>".utf8)

    /// The pattern of a template: `<*>` in the place of a variable, and names of what several of them look like.
    static func of(_ template: [UInt8]) -> [UInt8] {
        let mark = ColumnData.templatePlaceholder
        var result: [UInt8] = []
        result.reserveCapacity(template.count + 32)
        var index = 0
        while index < template.count {
            guard template[index] == mark else {
                result.append(template[index])
                index += 1
                continue
            }
            var separators: [UInt8] = []
            index += 1
            while index + 1 < template.count, template[index + 1] == mark, isSeparator(template[index]) {
                separators.append(template[index])
                index += 2
            }
            if separators.count <= longestShape, let name = names[separators] {
                result += name
            } else {
                result += variable
                for separator in separators {
                    result.append(separator)
                    result += variable
                }
            }
        }
        return result
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        [0x2D, 0x2E, 0x2F, 0x3A].contains(byte)
    }
}
