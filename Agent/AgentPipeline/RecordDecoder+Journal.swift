import LineFormats
import LogModel

/// What an entry of a journal tells of its event besides the fields and labels, which are in the batch's builder.
private struct JournalEntry {
    var time: Timestamp?
    var level = Level.unknown
    /// Whether the program wrote it to its standard output, all of which is of the level INFO to systemd.
    var isFromOutput = false
    var message = 0..<0
}

/// Fields of a journal's entry with a meaning of their own; see systemd.journal-fields(7).
private enum JournalField: CaseIterable {
    case message, priority, realtime, sourceTime, host, unit, userUnit, identifier, command, container, process
    case givenProcess, facility, transport

    var name: StaticString {
        switch self {
        case .message: "MESSAGE"
        case .priority: "PRIORITY"
        case .realtime: "__REALTIME_TIMESTAMP"
        case .sourceTime: "_SOURCE_REALTIME_TIMESTAMP"
        case .host: "_HOSTNAME"
        case .unit: "_SYSTEMD_UNIT"
        case .userUnit: "_SYSTEMD_USER_UNIT"
        case .identifier: "SYSLOG_IDENTIFIER"
        case .command: "_COMM"
        case .container: "CONTAINER_NAME"
        case .process: "_PID"
        case .givenProcess: "SYSLOG_PID"
        case .facility: "SYSLOG_FACILITY"
        case .transport: "_TRANSPORT"
        }
    }

    static func named(_ bytes: UnsafeRawBufferPointer) -> JournalField? {
        allCases.first { equal(bytes, $0.name) }
    }
}

extension RecordDecoder {
    /// Reads an entry of a journal, and its message as an object if it may be one.
    ///
    /// - Returns: nil when it is no entry; or when its message only begins like an object: ``canReadLess`` tells so, and
    ///   the next call leaves it as it is.
    func decodeEntry(
        _ line: UnsafeRawBufferPointer, into builder: inout EventBatchBuilder, now: Timestamp
    ) -> DraftEvent? {
        let leavesMessage = canReadLess
        canReadLess = false
        guard let entry = addEntry(line, into: &builder) else { return nil }
        let message = slice(line, entry.message)
        var event = DraftEvent(time: entry.time, level: entry.level)
        if !leavesMessage, profile.readsJSONMessages, message.first == 0x7B {
            guard let object = decodeJSON(message, into: &builder, now: now) else {
                canReadLess = true
                return nil
            }
            event.message = object.message
            event.time = object.time ?? entry.time
            if object.level != .unknown {
                event.level = object.level
                event.hasLevelField = true
            }
            return event
        }
        if entry.level == .unknown || (entry.isFromOutput && entry.level == .info) {
            let guessed = guessedLevel(message, now: now)
            if guessed != .unknown { event.level = guessed }
        }
        event.message = builder.store(message)
        return event
    }

    private func addEntry(_ line: UnsafeRawBufferPointer, into builder: inout EventBatchBuilder) -> JournalEntry? {
        var entry = JournalEntry()
        var reader = JournalExportReader(line)
        var sourceTime: Timestamp?
        var host, unit, userUnit, identifier, command, container, process, givenProcess: Range<Int>?
        while true {
            let field: JournalExportReader.Field
            switch reader.next() {
            case .malformed: return nil
            case .field(let next): field = next
            case .end:
                guard entry.time != nil || !entry.message.isEmpty else { return nil }
                entry.time = sourceTime ?? entry.time
                add(host, .host, asLabel: true, line, &builder)
                add(process ?? givenProcess, .process, asLabel: false, line, &builder)
                add(userUnit ?? unit, .unit, asLabel: false, line, &builder)
                let service =
                    container ?? serviceUnit(userUnit, line) ?? serviceUnit(unit, line) ?? identifier ?? command
                if profile.service == nil { add(service, .service, asLabel: true, line, &builder) }
                if let identifier, service.map({ !equal(slice(line, $0), slice(line, identifier)) }) ?? true {
                    add(identifier, .identifier, asLabel: false, line, &builder)
                }
                return entry
            }
            let value = slice(line, field.value)
            let name = slice(line, field.name)
            switch JournalField.named(name) {
            case .message: entry.message = field.value
            case .priority:
                if value.count == 1, value[0] &- 0x30 < 8 {
                    entry.level = SyslogLine.level(severity: Int(value[0]) - 0x30)
                }
            case .realtime: entry.time = microseconds(value) ?? entry.time
            case .sourceTime: sourceTime = microseconds(value)
            case .host: host = field.value
            case .unit: unit = field.value
            case .userUnit: userUnit = field.value
            case .identifier: identifier = field.value
            case .command: command = field.value
            case .container: container = field.value
            case .process: process = field.value
            case .givenProcess: givenProcess = field.value
            case .transport:
                entry.isFromOutput = equal(value, "stdout")
                addOther(name, value, &builder)
            case .facility:
                if let number = decimal(value), let facility = SyslogLine.name(facility: Int(clamping: number)) {
                    let name = names.number(.facility, &builder)
                    facility.withUTF8Buffer { builder.add(field: name, value: UnsafeRawBufferPointer($0)) }
                }
            case nil: addOther(name, value, &builder)
            }
        }
    }

    /// All else is a field by its own name; what belongs to the journal and not to the entry begins with `__`.
    private func addOther(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ builder: inout EventBatchBuilder
    ) {
        if name.count > 1, name[0] == 0x5F, name[1] == 0x5F { return }
        guard name.count <= JSONEventDecoder.maximumNameBytes,
            let number = builder.name(name, limit: JSONEventDecoder.maximumNames)
        else { return }
        builder.add(field: number, value: value)
    }

    private func add(
        _ range: Range<Int>?, _ name: FormatNames.Name, asLabel: Bool, _ line: UnsafeRawBufferPointer,
        _ builder: inout EventBatchBuilder
    ) {
        guard let range, !range.isEmpty else { return }
        let number = names.number(name, &builder)
        if asLabel {
            builder.add(label: number, value: slice(line, range))
        } else {
            builder.add(field: number, value: slice(line, range))
        }
    }

    /// `nginx` of `nginx.service`; nil for units of other kinds, of which there are as many as sessions.
    private func serviceUnit(_ unit: Range<Int>?, _ line: UnsafeRawBufferPointer) -> Range<Int>? {
        let ending: StaticString = ".service"
        guard let unit, unit.count > ending.utf8CodeUnitCount else { return nil }
        let name = unit.lowerBound..<(unit.upperBound - ending.utf8CodeUnitCount)
        return equal(slice(line, name.upperBound..<unit.upperBound), ending) ? name : nil
    }
}

private func microseconds(_ text: UnsafeRawBufferPointer) -> Timestamp? {
    guard let number = decimal(text), number <= UInt64(Int64.max / 1_000) else { return nil }
    return Timestamp(nanoseconds: Int64(number) * 1_000)
}

private func decimal(_ text: UnsafeRawBufferPointer) -> UInt64? {
    guard !text.isEmpty, text.count <= 19 else { return nil }
    var number: UInt64 = 0
    for byte in text {
        guard byte &- 0x30 < 10 else { return nil }
        // Nineteen digits fit.
        number = number &* 10 &+ UInt64(byte &- 0x30)
    }
    return number
}

private func equal(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
    bytes.count == text.utf8CodeUnitCount
        && text.withUTF8Buffer { equal(bytes, UnsafeRawBufferPointer($0)) }
}

private func equal(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where left[index] != right[index] { return false }
    return true
}

@inline(__always)
private func slice(_ line: UnsafeRawBufferPointer, _ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: line[range])
}
