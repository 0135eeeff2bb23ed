package import LineFormats
package import LogModel

/// In which zone times without one are.
package enum TimeZoneRule: Sendable, Equatable {
    /// As the agent's settings say for all files.
    case usual
    /// The machine's, whatever they say: seconds east of UTC for what its clock shows, see ``LocalOffsets``.
    case local(@Sendable (Int64) -> Int)
    /// Seconds east of UTC, all the year.
    case fixed(seconds: Int)
    /// As a file of the zone database says.
    case zone(ZoneFile)

    /// `utc`, `+02:00`, `-0330`; nil when the text is none of these.
    package init?(_ text: String) {
        if text.lowercased() == "utc" {
            self = .fixed(seconds: 0)
            return
        }
        var copy = text
        guard text.utf8.count >= 5, let seconds = copy.withUTF8({ Timestamp.zoneOffset(UnsafeRawBufferPointer($0)) })
        else { return nil }
        self = .fixed(seconds: seconds)
    }
}

extension TimeZoneRule {
    /// A machine has one clock: both that are its are the same.
    package static func == (one: TimeZoneRule, other: TimeZoneRule) -> Bool {
        switch (one, other) {
        case (.usual, .usual), (.local, .local): true
        case (.fixed(let one), .fixed(let other)): one == other
        case (.zone(let one), .zone(let other)): one == other
        default: false
        }
    }
}

/// Where an event's time stands, and how it is written.
package struct EventTimeRule: Sendable {
    /// Names of fields; the first one that an event has and that can be read counts.
    package var fields: [String]
    /// How the time is written; nil for RFC 3339, epoch numbers and the usual forms of lines.
    package var format: TimeFormat?
    /// What zone times without one are in.
    package var zone: TimeZoneRule

    /// The usual names.
    package static let usualFields = ["ts", "time", "@timestamp", "timestamp", FieldName.time]

    /// Makes a rule.
    package init(
        fields: [String] = EventTimeRule.usualFields, format: TimeFormat? = nil, zone: TimeZoneRule = .usual
    ) {
        self.fields = fields
        self.format = format
        self.zone = zone
    }
}

/// Where an event's level stands, and what its words mean.
package struct EventLevelRule: Sendable {
    /// Names of fields; the first one that an event has counts.
    package var fields: [String]
    /// What words mean that are not known by themselves, in lower case.
    package var meanings: [(word: [UInt8], level: Level)]

    /// The usual names.
    package static let usualFields = ["level", "severity", "lvl", "loglevel", "log.level"]

    /// Makes a rule.
    package init(
        fields: [String] = EventLevelRule.usualFields, meanings: [(word: String, level: Level)] = []
    ) {
        self.fields = fields
        self.meanings = meanings.map { (Array($0.word.lowercased().utf8), $0.level) }
    }

    /// The level that a word means.
    func level(of word: UnsafeRawBufferPointer) -> Level {
        for meaning in meanings where meaning.word.count == word.count {
            if zip(meaning.word, word).allSatisfy({ known, byte in known == lowered(byte) }) { return meaning.level }
        }
        return Level(parsing: word)
    }
}

/// An ASCII letter in lower case, any other byte as it is.
@inline(__always)
func lowered(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

/// Reads the values of time fields. One owner, one thread at a time.
struct EventTimeReader {
    private var format: TimeFormatReader?
    private var guess: TimeGuess

    init(_ rule: EventTimeRule, usual: LocalOffsets) {
        let offsets = rule.offsets(usual: usual)
        format = rule.format.map { TimeFormatReader($0, offsets: offsets) }
        guess = TimeGuess(offsets: offsets)
    }

    /// The time that a field's value is or begins with, and whether it says nothing else, such as the name of a zone.
    mutating func read(_ value: UnsafeRawBufferPointer, now: Timestamp) -> (time: Timestamp, isWhole: Bool)? {
        if format != nil { return format?.readWhole(value, now: now).map { ($0, true) } }
        if let time = Timestamp(parsing: value, needsZone: true) { return (time, true) }
        return guess.read(value, now: now)
    }

    /// The time that a line begins with, if its form is configured.
    mutating func readStart(_ line: UnsafeRawBufferPointer, now: Timestamp) -> Timestamp? {
        format?.read(line, now: now)?.time
    }
}

extension EventTimeRule {
    /// What zone times without one are in.
    func offsets(usual: LocalOffsets) -> LocalOffsets {
        switch zone {
        case .usual: usual
        case .local(let offset): LocalOffsets(offset)
        case .fixed(let seconds): LocalOffsets { _ in seconds }
        case .zone(let zone): LocalOffsets { zone.offset(atLocal: $0) }
        }
    }
}
