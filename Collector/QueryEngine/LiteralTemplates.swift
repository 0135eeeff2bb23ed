internal import ByteCoding
internal import LogModel
internal import QueryLanguage
internal import StoreFormat

/// Which templates of messages may stand for a message that contains a text, in the middle of words or not.
///
/// Variables are whole tokens: runs of word bytes between bytes that are in no word. So where the text has such a byte,
/// the token beside it is spelled in the template, or the template has a variable there.
struct LiteralTemplates: Sendable {
    /// Each template that may do contains at least one of these, or is a variable as a whole.
    private let parts: [ByteSearch]

    /// Nil when templates tell nothing of the text.
    init?(_ text: [UInt8]) {
        // Beyond ASCII, bytes may be in words or not. Control characters stand for variables.
        guard text.allSatisfy({ $0 >= 0x20 && $0 < 0x80 }),
            let start = text.firstIndex(where: { !WordRule.isWordByte($0) })
        else { return nil }
        let end = text[start...].firstIndex(where: { WordRule.isWordByte($0) }) ?? text.count
        let separators = Array(text[start..<end])
        let variable = [ColumnData.templatePlaceholder]
        if start > 0 {
            parts = [
                ByteSearch(Array(text[..<end]), ignoringCase: false),
                ByteSearch(variable + separators, ignoringCase: false),
            ]
        } else if end < text.count {
            let next = text[end...].firstIndex { !WordRule.isWordByte($0) } ?? text.count
            parts = [
                ByteSearch(Array(text[..<next]), ignoringCase: false),
                ByteSearch(separators + variable, ignoringCase: false),
            ]
        } else {
            parts = [ByteSearch(separators, ignoringCase: false)]
        }
    }

    /// The text that each message holds that passes a test; nil when there is none, or it says nothing.
    init?(_ test: FieldTest) {
        switch test {
        case .expression(let pattern):
            guard let text = RequiredLiteral.longest(in: pattern.bytes) else { return nil }
            self.init(text)
        case .substring(let text): self.init(text.bytes)
        default: return nil
        }
    }

    /// The rows among `candidates` whose messages may contain the text.
    func rows(of templates: ColumnData, among candidates: RowBitmap) -> RowBitmap {
        var left = candidates
        templates.arena.withUnsafeBytes { arena in
            func mayHave(_ range: ByteRange) -> Bool {
                if range.isAbsent { return true }
                let template = UnsafeRawBufferPointer(rebasing: arena[Int(range.offset)..<range.end])
                if template.count == 1, template[0] == ColumnData.templatePlaceholder { return true }
                return parts.contains { $0.contains(in: template) { _ in true } }
            }
            if let indexes = templates.indexes {
                left.keep(indexes, templates.ranges.map(mayHave))
            } else {
                left.filter { mayHave(templates.ranges[$0]) }
            }
        }
        return left
    }
}
