import ByteCoding
import LineFormats
import LogModel
import RegularExpressions

/// A named group of a profile's pattern.
struct PatternGroup {
    /// Its number, from 1.
    let group: Int
    let name: String
    let role: FieldRole
    /// The number of the name in the batch.
    var number: UInt32?

    static func all(of profile: SourceProfile) -> [PatternGroup] {
        guard let pattern = profile.pattern else { return [] }
        let roles = FieldRoles(profile)
        var groups: [PatternGroup] = []
        for (index, name) in pattern.groupNames.enumerated() {
            guard let name else { continue }
            groups.append(PatternGroup(group: index + 1, name: name, role: roles.role(of: name)))
        }
        return groups
    }
}

/// The formats other than JSON. Each returns nil when the line has another form; the caller takes back what was added.
extension RecordDecoder {
    func decodeLogfmt(
        _ line: UnsafeRawBufferPointer, into builder: inout EventBatchBuilder, now: Timestamp
    ) -> DraftEvent? {
        var scanner = LogfmtScanner(line)
        var event = DraftEvent()
        var hasMessage = false
        var isFirst = true
        while true {
            let pair: LogfmtScanner.Pair
            switch scanner.next() {
            case .malformed: return nil
            case .end:
                if isFirst { return nil }
                if !hasMessage { event.message = builder.store(line) }
                return event
            case .pair(let next): pair = next
            }
            // Text that merely has a pair somewhere does not begin with one.
            guard pair.hasValue || !isFirst, pair.key.count <= JSONEventDecoder.maximumNameBytes,
                let name = builder.name(slice(line, pair.key), limit: JSONEventDecoder.maximumNames)
            else { return nil }
            isFirst = false
            let role = roles.role(of: name, builder)
            let value = slice(line, pair.value)
            if !pair.hasValue {
                addText("true", to: name, &builder)
            } else if !pair.hasEscapes {
                add(value, of: name, as: role, to: &event, hasMessage: &hasMessage, &builder, now: now)
            } else {
                let stored = builder.store(room: value.count) { LogfmtScanner.unescape(value, to: $0) }
                if role == .message, !hasMessage {
                    event.message = stored
                    hasMessage = true
                } else {
                    builder.add(field: name, stored: stored)
                }
            }
        }
    }

    func decodeAccessLog(
        _ line: UnsafeRawBufferPointer, into builder: inout EventBatchBuilder, now: Timestamp
    ) -> DraftEvent? {
        guard let found = AccessLogLine(line) else { return nil }
        var event = DraftEvent(time: times.read(slice(line, found.time), now: now)?.time, level: found.level)
        add(found.client, .client, line, &builder)
        add(found.user, .user, line, &builder)
        add(found.method, .method, line, &builder)
        add(found.path, .path, line, &builder)
        add(found.version, .version, line, &builder)
        add(found.request, .request, line, &builder)
        add(found.status, .status, line, &builder)
        add(found.bytes, .bytes, line, &builder)
        add(found.referrer, .referrer, line, &builder)
        add(found.userAgent, .userAgent, line, &builder)
        event.message = builder.store(line)
        return event
    }

    func decodeSyslog(
        _ line: UnsafeRawBufferPointer, into builder: inout EventBatchBuilder, now: Timestamp
    ) -> DraftEvent? {
        guard let found = syslog.read(line, now: now) else { return nil }
        var event = DraftEvent(time: found.time, level: found.level)
        if let host = found.host {
            let name = names.number(.host, &builder)
            builder.add(label: name, value: slice(line, host))
        }
        if profile.service == nil, let program = found.program {
            let name = names.number(.service, &builder)
            builder.add(label: name, value: slice(line, program))
        }
        add(found.process, .process, line, &builder)
        add(found.messageID, .messageID, line, &builder)
        if let facility = found.facility {
            let name = names.number(.facility, &builder)
            facility.withUTF8Buffer { builder.add(field: name, value: UnsafeRawBufferPointer($0)) }
        }
        if let data = found.structuredData { addParameters(data, line, &builder) }
        let message = UnsafeRawBufferPointer(rebasing: line[found.messageStart...])
        if event.level == .unknown { event.level = guessedLevel(message, now: now) }
        event.message = builder.store(message)
        return event
    }

    func decodePattern(
        _ line: UnsafeRawBufferPointer, into builder: inout EventBatchBuilder, now: Timestamp
    ) -> DraftEvent? {
        guard let pattern = profile.pattern, pattern.firstMatch(in: line, bounds: &bounds) else { return nil }
        var event = DraftEvent()
        var hasMessage = false
        for index in groups.indices {
            let start = bounds[2 * groups[index].group]
            guard start >= 0 else { continue }
            let value = slice(line, Int(start)..<Int(bounds[2 * groups[index].group + 1]))
            let name = groups[index].number ?? builder.name(groups[index].name)
            groups[index].number = name
            add(
                value, of: name, as: groups[index].role, to: &event, hasMessage: &hasMessage, &builder, now: now)
        }
        if event.time == nil || event.level == .unknown {
            let (time, level) = (guessedTime(line, now: now), guessedLevel(line, now: now))
            if event.time == nil { event.time = time }
            if event.level == .unknown, !event.hasLevelField { event.level = level }
        }
        if !hasMessage { event.message = builder.store(line) }
        return event
    }

    /// RFC 5424's `[id name="value"]` is the field `id.name`.
    private func addParameters(
        _ range: Range<Int>, _ line: UnsafeRawBufferPointer, _ builder: inout EventBatchBuilder
    ) {
        SyslogReader.parameters(of: line, in: range) { id, name, value, hasEscapes in
            guard id.count + name.count < JSONEventDecoder.maximumNameBytes else { return }
            scratch.removeAll()
            scratch.append(contentsOf: slice(line, id))
            scratch.append(0x2E)
            scratch.append(contentsOf: slice(line, name))
            let number = scratch.withBytes { builder.name($0, limit: JSONEventDecoder.maximumNames) }
            guard let number else { return }
            let raw = slice(line, value)
            if hasEscapes {
                let stored = builder.store(room: raw.count) { unescapeParameter(raw, to: $0) }
                builder.add(field: number, stored: stored)
            } else {
                builder.add(field: number, value: raw)
            }
        }
    }

    private func add(
        _ range: Range<Int>?, _ name: FormatNames.Name, _ line: UnsafeRawBufferPointer,
        _ builder: inout EventBatchBuilder
    ) {
        guard let range else { return }
        let number = names.number(name, &builder)
        builder.add(field: number, value: slice(line, range))
    }

    private func addText(_ text: StaticString, to name: UInt32, _ builder: inout EventBatchBuilder) {
        text.withUTF8Buffer { builder.add(field: name, value: UnsafeRawBufferPointer($0)) }
    }
}

/// RFC 5424, 6.3.3: a backslash before `"`, `\\` and `]` is taken away; others stay.
private func unescapeParameter(_ raw: UnsafeRawBufferPointer, to target: UnsafeMutableRawBufferPointer) -> Int {
    var count = 0
    var index = 0
    while index < raw.count {
        if raw[index] == 0x5C, index + 1 < raw.count,
            raw[index + 1] == 0x22 || raw[index + 1] == 0x5C || raw[index + 1] == 0x5D
        {
            index += 1
        }
        target[count] = raw[index]
        count += 1
        index += 1
    }
    return count
}

@inline(__always)
private func slice(_ line: UnsafeRawBufferPointer, _ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: line[range])
}
