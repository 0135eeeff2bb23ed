import ByteCoding
import LineFormats
import LogModel

/// Reads the events of one profile: fields and labels go into the batch's builder, the rest into a ``DraftEvent``.
///
/// One owner, one thread at a time. Nothing is allocated for an event.
final class RecordDecoder {
    let profile: SourceProfile
    private(set) var failure: StaticString?
    /// Whether ``decode(_:into:now:)`` would do better the second time: the message of a journal's entry began like an
    /// object and is none.
    var canReadLess = false
    private var plainReader: PlainLineReader
    private var json: JSONEventDecoder
    var times: EventTimeReader
    var syslog: SyslogReader
    var roles: FieldRoles
    var names: FormatNames
    /// The groups of the pattern that have names; their numbers are those of the batch.
    var groups: [PatternGroup]
    var bounds: [Int64] = []
    var scratch = ByteWriter(capacity: 64)
    /// Whether lines may be what a syslog daemon has written.
    let mayReadOwnLog: Bool
    private let keys: JSONEventDecoder.Keys
    private var timeSlots: [NameSlot] = []
    private var levelSlots: [NameSlot] = []
    private var batch = -1

    init(_ profile: SourceProfile, offsets: LocalOffsets) {
        self.profile = profile
        let zoned = profile.time.offsets(usual: offsets)
        plainReader = PlainLineReader(offsets: zoned)
        times = EventTimeReader(profile.time, usual: offsets)
        syslog = SyslogReader(offsets: zoned)
        roles = FieldRoles(profile)
        mayReadOwnLog = profile.container == nil && [.auto, .plain, .syslog].contains(profile.format)
        // A time that JSON's own reading cannot do is left a field at first.
        keys = RecordDecoder.keys(of: profile)
        json = JSONEventDecoder(keys: keys)
        timeSlots = profile.time.fields.map { NameSlot($0) }
        if !profile.level.meanings.isEmpty { levelSlots = profile.level.fields.map { NameSlot($0) } }
        groups = PatternGroup.all(of: profile)
        names = FormatNames()
    }

    private static func keys(of profile: SourceProfile) -> JSONEventDecoder.Keys {
        var keys = JSONEventDecoder.Keys(
            time: profile.time.format == nil ? profile.time.fields : [], message: FieldRoles.messages,
            level: profile.level.fields, labels: FieldName.defaultStreamLabels, rejectsUnreadableTime: false)
        keys.timeNeedsZone = true
        keys.flattens = profile.json.expandKeys
        return keys
    }

    /// Makes ready for a batch, if it is another one than the last.
    func begin(batch number: Int, _ builder: inout EventBatchBuilder) {
        guard batch != number else { return }
        batch = number
        json = JSONEventDecoder(keys: keys)
        roles.forget()
        names = FormatNames()
        for index in groups.indices { groups[index].number = nil }
        for index in timeSlots.indices { timeSlots[index].forget() }
        for index in levelSlots.indices { levelSlots[index].forget() }
    }

    /// Whether a line is looked at by ``decode(_:into:now:)``, for the format `auto`: only if it may be an object.
    func isCandidate(_ line: UnsafeRawBufferPointer) -> Bool {
        switch profile.format {
        case .plain: return false
        case .auto, .json:
            for byte in line {
                if byte == 0x7B { return true }
                if byte != 0x20 && byte != 0x09 { return false }
            }
            return false
        case .logfmt, .combined, .syslog, .regex, .journal: return true
        }
    }

    /// Reads a line in the profile's format.
    ///
    /// - Returns: nil when it is not of that format, and why not in ``failure``; then nothing of the event, also of what
    ///   was added before, is left in the builder.
    func decode(
        _ line: UnsafeRawBufferPointer, into builder: inout EventBatchBuilder, now: Timestamp
    ) -> DraftEvent? {
        var event: DraftEvent?
        switch profile.format {
        case .auto, .json: return decodeJSON(line, into: &builder, now: now)
        case .plain: return nil
        case .logfmt:
            event = decodeLogfmt(line, into: &builder, now: now)
            failure = "no line of pairs such as key=value"
        case .combined:
            event = decodeAccessLog(line, into: &builder, now: now)
            failure = "no line of an access log in the common or combined format"
        case .syslog:
            event = decodeSyslog(line, into: &builder, now: now)
            failure = "neither RFC 5424 nor RFC 3164"
        case .regex:
            event = decodePattern(line, into: &builder, now: now)
            failure = "the pattern does not match"
        case .journal:
            event = decodeEntry(line, into: &builder, now: now)
            failure = "no entry of a journal"
        }
        if event == nil { builder.abandonEvent() }
        return event
    }

    /// Reads what a plain line tells of itself.
    func plain(_ line: UnsafeRawBufferPointer, into builder: inout EventBatchBuilder, now: Timestamp) -> DraftEvent {
        let (guessed, level) = plainReader.read(line, now: now)
        let time = profile.time.format == nil ? guessed : times.readStart(line, now: now) ?? guessed
        return DraftEvent(time: time, level: level, message: builder.store(line))
    }

    /// The time that a line begins with.
    func guessedTime(_ line: UnsafeRawBufferPointer, now: Timestamp) -> Timestamp? {
        plainReader.read(line, now: now).time
    }

    /// The level that stands somewhere in a text.
    func guessedLevel(_ text: UnsafeRawBufferPointer, now: Timestamp) -> Level {
        plainReader.read(text, now: now).level
    }

    func decodeJSON(
        _ line: UnsafeRawBufferPointer, into builder: inout EventBatchBuilder, now: Timestamp
    ) -> DraftEvent? {
        var scanner = JSONScanner(line)
        let read: JSONEventDecoder.Decoded
        do throws(JSONError) {
            read = try json.read(&scanner, into: &builder, isWholeText: true)
        } catch {
            failure = "not wholly a JSON object"
            return nil
        }
        var event = DraftEvent(time: read.time, level: read.level, hasLevelField: true, message: read.message)
        if event.time == nil { findTime(&event, &builder, now) }
        if !levelSlots.isEmpty { findLevel(&event, builder) }
        return event
    }

    private func findTime(_ event: inout DraftEvent, _ builder: inout EventBatchBuilder, _ now: Timestamp) {
        for index in timeSlots.indices {
            guard let name = timeSlots[index].resolve(builder), let value = builder.unfinishedValue(of: name) else {
                continue
            }
            guard let found = builder.withBytes(of: value, { times.read($0, now: now) }) else { continue }
            event.time = found.time
            if found.isWhole { builder.removeUnfinishedFields(name) }
            return
        }
    }

    private func findLevel(_ event: inout DraftEvent, _ builder: borrowing EventBatchBuilder) {
        for index in levelSlots.indices {
            guard let name = levelSlots[index].resolve(builder), let value = builder.unfinishedValue(of: name) else {
                continue
            }
            let level = builder.withBytes(of: value) { profile.level.level(of: $0) }
            if level != .unknown { event.level = level }
            return
        }
    }

    /// Adds a value by what its name means; `hasMessage` tells whether the event has its message, and is kept up to date.
    func add(
        _ value: UnsafeRawBufferPointer, of name: UInt32, as role: FieldRole, to event: inout DraftEvent,
        hasMessage: inout Bool, _ builder: inout EventBatchBuilder, now: Timestamp
    ) {
        switch role {
        case .time where event.time == nil:
            let found = times.read(value, now: now)
            event.time = found?.time
            if found?.isWhole != true { builder.add(field: name, value: value) }
        case .message where !hasMessage:
            event.message = builder.store(value)
            hasMessage = true
        case .level:
            if event.level == .unknown { event.level = profile.level.level(of: value) }
            event.hasLevelField = true
            builder.add(field: name, value: value)
        case .label: builder.add(label: name, value: value)
        case .ignored: break
        default: builder.add(field: name, value: value)
        }
    }
}
