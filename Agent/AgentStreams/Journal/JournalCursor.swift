import LogModel

/// What a cursor of the journal tells: `s=<id>;i=<number>;b=<boot>;m=<micros>;t=<micros>;x=<hash>`, numbers in base 16.
struct JournalCursor: Equatable {
    /// Which numbering the number belongs to.
    var numbering: Substring
    /// The number of the entry: each is one more than that of the entry before, whatever it is about.
    var number: UInt64
    /// When it was written.
    var time: Timestamp

    init?(_ text: String) {
        var numbering: Substring?
        var number, micros: UInt64?
        for part in text.split(separator: ";") {
            let value = part.dropFirst(2)
            switch part.prefix(2) {
            case "s=": numbering = value
            case "i=": number = UInt64(value, radix: 16)
            case "t=": micros = UInt64(value, radix: 16)
            default: break
            }
        }
        guard let numbering, let number, let micros, micros <= UInt64(Int64.max / 1_000) else { return nil }
        self.numbering = numbering
        self.number = number
        time = Timestamp(nanoseconds: Int64(micros) * 1_000)
    }

    /// How many entries were between this one and a later one; nil when their numbers tell nothing of that.
    func entries(before later: JournalCursor) -> Int? {
        guard numbering == later.numbering, later.number > number else { return nil }
        return Int(clamping: later.number - number - 1)
    }
}

/// The bytes of one entry on their way to the decoder: the Journal Export Format with the cursor first.
enum JournalRecord {
    static let cursorName: StaticString = "__CURSOR="

    /// The cursor at the start of a record; empty when there is none.
    static func cursor(_ record: ArraySlice<UInt8>) -> String {
        let length = cursorName.utf8CodeUnitCount
        let isThere = cursorName.withUTF8Buffer { record.starts(with: $0) }
        guard isThere else { return "" }
        return String(decoding: record.dropFirst(length).prefix { $0 != 0x0A }, as: UTF8.self)
    }
}
