import AgentPipeline
import LineFormats
import LogModel
import Testing

/// Events of a text, as people see them.
struct SeenEvent: Equatable, CustomStringConvertible {
    var message: String
    var level: Level
    var time: Timestamp
    var fields: [String: String]
    var labels: [String: String]

    var description: String { "\(time) \(level) \(message) \(fields) \(labels)" }

    init(_ batch: EventBatch, _ row: Int) {
        message = batch.message(at: row)
        level = Level(rawValue: batch.levels[row]) ?? .unknown
        time = Timestamp(nanoseconds: batch.timestamps[row])
        fields = [:]
        for field in batch.fields[Int(batch.fieldStarts[row])..<Int(batch.fieldStarts[row + 1])] {
            fields[batch.fieldNames[Int(field.name)]] = String(decoding: batch.bytes(of: field.value), as: UTF8.self)
        }
        labels = [:]
        for label in batch.streams[Int(batch.streamIndexes[row])].labels {
            labels[label.name] = String(decoding: label.value, as: UTF8.self)
        }
    }

    static func all(_ batch: AssembledBatch?) -> [SeenEvent] {
        guard let events = batch?.events else { return [] }
        return (0..<events.count).map { SeenEvent(events, $0) }
    }
}

/// What becomes of a file that is read at once.
struct Pipeline {
    static let arrival = Timestamp(parsing: "2026-11-21T07:00:00Z") ?? .distantPast

    let assembler: BatchAssembler
    let profile: SourceProfile
    private var state = SourceState(id: 1, path: "/var/log/cart.log", device: 1, inode: 1)

    init(
        _ profile: SourceProfile = SourceProfile(), rules: [Rule] = [], maxLineBytes: Int = 1 << 20,
        offsets: LocalOffsets = .utc, ownLog: OwnLog? = nil
    ) {
        assembler = BatchAssembler(
            host: "web1", cutter: LineCutter(maxLineBytes: maxLineBytes),
            limits: BatchLimits(bytes: .max, events: .max), offsets: offsets,
            rules: RuleProgram(rules), ownLog: ownLog)
        assembler.rules.arrival = Pipeline.arrival
        self.profile = profile
    }

    /// The events of some text behind what was read before.
    mutating func read(_ text: String, ending: ReadEnding = .final) -> [SeenEvent] {
        read(Array(text.utf8), ending: ending)
    }

    mutating func read(_ text: [UInt8], ending: ReadEnding = .final) -> [SeenEvent] {
        let taken = text.withUnsafeBytes {
            assembler.take($0, of: &state, profile: profile, ending: ending, arrival: Pipeline.arrival)
        }
        if ending == .final { #expect(taken == text.count) }
        return SeenEvent.all(assembler.finish())
    }
}
