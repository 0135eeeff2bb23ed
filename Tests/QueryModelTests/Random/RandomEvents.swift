import LogModel
import StoreFormat
import TestSupport

/// An event as it is given to the store.
struct RandomEvent {
    var time: Int64
    var labels: [(name: String, value: [UInt8])]
    var fields: [(name: String, value: [UInt8])]
    var message: [UInt8]
}

/// Events of every odd kind, a batch at a time: empty, long and damaged values, numbers of all forms, addresses,
/// durations, times, many streams, equal times, fields that are missing.
struct RandomEvents {
    static let start: Int64 = 1_750_000_000_000_000_000
    private var number = 0
    private var day: Int64 = 0

    static let words = [
        "error", "Error", "ERROR", "timeout", "error_code", "connect", "ssh", "a", "42", "été", "ÉTÉ", "привет", "user",
        "userX", "-", "warn", "login", "failed", "0xff", "日本",
    ]
    private static let numbers = [
        "0", "-0", "1", "7", "17", "42", "-3", "200", "404", "007", "10", "10.0", "1.5", "0.25", "-2.75", "1_000",
        "1e5",
        "1e-3", "0xff", "0b11", "inf", "-inf", "nan", ".5", "+5", "9223372036854775807", "18446744073709551615",
        "9007199254740993", "9007199254740992", "-9223372036854775808", "123456789012345678901", "1.", "--1", "1 2",
    ]
    private static let addresses = [
        "10.0.0.1", "10.0.0.255", "192.168.1.7", "255.255.255.255", "1.2.3", "256.1.1.1", "::1",
    ]
    private static let durations = ["1h30m", "5ms", "1.5s", "-2d", "1w", "12µs", "0s", "90s", "1y", "3ns", "5 m"]
    private static let sizes = ["10KB", "4KiB", "1.5MB", "1GiB", "2TB", "300", "10K", "1B"]
    private static let times = [
        "2025-06-15T12:00:00Z", "2025-06-15T12:00:00.5Z", "2025-06-15T14:00:00+02:00", "2025-06-15", "1750000000",
        "2025-02-30T00:00:00Z",
    ]
    private static let documents = [
        #"{"a":"1","b":{"c":2,"d":null},"e":[1,"x"]}"#, #"{"user":"u1","took":"5ms"}"#, #"{"a":""}"#, "{", "{}",
        #"["x","y",3]"#, "[]", #"[{"a":1},null]"#, "[1", #"user=u1 took="5 ms" flag"#, "a=b c", "=x", #"k="v"#,
        "<165>1 2023-06-03T17:42:32.123456789Z mymachine app 345 ID47 [x@1 k=\"v\"] text here",
        "<34>Jun  5 14:00:01 host su[12]: failed for lonvick", "<13>", "ip=10.0.0.1 port=80 done",
        "2025-06-15T12:00:00Z took 1.34s", "2edfed59-3e98-4073-bbb2-28d321ca71a7 - [2024/12/08 15:21:02]",
        "\u{1B}[31mred\u{1B}[0m plain", "a%20b+c", "aGVsbG8=", "6869", "line\nbreak\ttab \"quoted\" back\\slash",
    ]

    /// The next batch.
    mutating func batch(_ generator: inout SeededGenerator) -> [RandomEvent] {
        let size = generator.pick([1, 2, 7, 30, 65, 90])
        // Some batches overlap in time with others, or share one moment, or lie far off.
        day = max(0, day + Int64(generator.below(4)) - 1)
        var time = Self.start + day * 43_200_000_000_000 + Int64(generator.below(20)) * 1_000_000_000
        let step = generator.pick([0, 1, 250_000_000, 7_000_000_000])
        let style = generator.below(4)
        return (0..<size).map { _ in
            number += 1
            if generator.chance(60) { time += Int64(step) }
            return event(&generator, time, style)
        }
    }

    private func event(_ generator: inout SeededGenerator, _ time: Int64, _ style: Int) -> RandomEvent {
        var event = RandomEvent(
            time: time, labels: [], fields: [("seq", "\(number)".bytes)], message: message(&generator, style))
        if generator.chance(85) { event.labels.append(("service", generator.pick(["cart", "auth", "pay"]).bytes)) }
        // `host` and `region` are labels of some events and fields of others, or both.
        if generator.chance(50) { event.labels.append(("host", generator.pick(["h1", "h2", "h\"3\\"]).bytes)) }
        if generator.chance(10) { event.labels.append(("region", "eu".bytes)) }
        if style == 3, generator.chance(30) { event.labels.append(("pod", "p\(generator.below(40))".bytes)) }
        for name in Self.fieldNames where generator.chance(30) {
            event.fields.append((name, value(&generator, name)))
        }
        return event
    }

    static let fieldNames = [
        "level", "num", "dec", "any", "ip", "dur", "size", "when", "text", "doc", "host", "weird name", "http.path",
        "http.status", "odd",
    ]

    private func value(_ generator: inout SeededGenerator, _ name: String) -> [UInt8] {
        if generator.chance(4) { return [] }
        switch name {
        case "level": return generator.pick(["error", "info", "warn", "ERROR"]).bytes
        case "num", "http.status": return "\(generator.pick([0, 1, 5, 17, 200, 404, -3, 100_000]))".bytes
        case "dec": return generator.pick(["1.5", "0.25", "-2.75", "10", "3.125", "7.0", "0.5"]).bytes
        case "ip": return generator.pick(Self.addresses).bytes
        case "dur": return generator.pick(Self.durations).bytes
        case "size": return generator.pick(Self.sizes).bytes
        case "when": return generator.pick(Self.times).bytes
        case "doc": return generator.pick(Self.documents).bytes
        case "host": return generator.pick(["h1", "own"]).bytes
        case "http.path": return "/\(generator.pick(Self.words))/\(generator.below(30))".bytes
        case "odd": return odd(&generator)
        case "any":
            return generator.pick(
                Self.numbers + Self.addresses + Self.durations + Self.sizes + Self.times + Self.words + [
                    "node2", "node10",
                ]
            ).bytes
        default: return text(&generator)
        }
    }

    private func odd(_ generator: inout SeededGenerator) -> [UInt8] {
        switch generator.below(7) {
        case 0: return [0xFF, 0xC3, 0x28] + "error".bytes
        case 1: return [0x00]
        case 2: return "a".bytes + [0x00, 0x0D, 0x0A] + "b".bytes
        case 3: return Array(repeating: generator.pick("ab é".bytes), count: generator.pick([127, 128, 129, 5_000]))
        case 4: return "é".bytes.dropLast() + "x".bytes
        case 5: return generator.bytes(generator.below(20))
        default: return "\u{1A} \u{FFFD} ﬁ İ".bytes
        }
    }

    private func text(_ generator: inout SeededGenerator) -> [UInt8] {
        (0..<generator.below(6)).map { _ in generator.pick(Self.words) }
            .joined(separator: generator.pick([" ", "/", ": ", "="])).bytes
    }

    private func message(_ generator: inout SeededGenerator, _ style: Int) -> [UInt8] {
        switch generator.below(style == 0 ? 4 : 8) {
        case 0, 1, 2:
            return "user u\(generator.below(5)) from 10.0.0.\(generator.below(4)) took \(generator.below(900)) ms".bytes
        case 3: return "error \(number) in /srv/\(generator.pick(Self.words)): code=\(generator.below(3))".bytes
        case 4: return generator.pick(Self.documents).bytes
        case 5: return odd(&generator)
        case 6: return []
        default: return text(&generator)
        }
    }
}

extension [RandomEvent] {
    /// The events as the collector gets them.
    var batch: EventBatch {
        var builder = EventBatchBuilder()
        for event in self {
            for (name, value) in event.labels {
                let number = builder.name(name)
                value.withUnsafeBytes { builder.add(label: number, value: $0) }
            }
            for (name, value) in event.fields {
                let number = builder.name(name)
                value.withUnsafeBytes { builder.add(field: number, value: $0) }
            }
            event.message.withUnsafeBytes {
                builder.endEvent(time: Timestamp(nanoseconds: event.time), level: .info, message: $0)
            }
        }
        return builder.finish()
    }

    /// The events as queries see them.
    func rows(position: UInt64) -> [PlainRow] {
        enumerated().map { number, event in
            let stream = StreamIdentity(labels: event.labels.map { .init(name: $0.name, value: $0.value) })
            var row = PlainRow(
                origin: .init(time: event.time, id: RowID.make(position: position, row: number), stream: stream))
            for (name, value) in event.labels { row[name] = value }
            // A field of the event hides a label of its name, even without a value.
            for (name, value) in event.fields { row[name] = value }
            row["_time"] = Timestamp(nanoseconds: event.time).description.bytes
            row["_msg"] = event.message
            row["_stream"] = stream.text.bytes
            return row
        }
    }
}

extension StreamIdentity {
    /// The id as queries write it.
    var idText: [UInt8] {
        [id.high, id.low].map { part in
            let digits = String(part, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined().bytes
    }
}
