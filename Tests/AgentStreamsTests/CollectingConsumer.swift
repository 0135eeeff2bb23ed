import AgentPipeline
import AgentStreams
import Diagnostics
import LogModel
import Testing

/// An event as people see it.
struct SeenEvent: Equatable, CustomStringConvertible {
    var message: [UInt8]
    var level: Level
    var time: Timestamp
    var fields: [String: String] = [:]
    var labels: [String: String] = [:]

    var text: String { String(decoding: message, as: UTF8.self) }
    var description: String { "\(time) \(level) \(text) \(fields) \(labels)" }

    init(_ batch: EventBatch, _ row: Int) {
        message = batch.bytes(of: batch.messages[row])
        level = Level(rawValue: batch.levels[row]) ?? .unknown
        time = Timestamp(nanoseconds: batch.timestamps[row])
        for field in batch.fields[Int(batch.fieldStarts[row])..<Int(batch.fieldStarts[row + 1])] {
            fields[batch.fieldNames[Int(field.name)]] = String(decoding: batch.bytes(of: field.value), as: UTF8.self)
        }
        for label in batch.streams[Int(batch.streamIndexes[row])].labels {
            labels[label.name] = String(decoding: label.value, as: UTF8.self)
        }
    }
}

/// Does what the agent does with what streams bring, and keeps it.
final class CollectingConsumer: StreamConsumer {
    /// So many events are taken; more wait.
    var room = Int.max
    private(set) var events: [SeenEvent] = []
    private(set) var losses: [(path: String, loss: StreamLoss)] = []
    /// The last state of each stream that was told.
    private(set) var states: [String: SourceState] = [:]
    private let assembler: BatchAssembler
    private let batchEvents: Int

    init(batchEvents: Int = 100, maxLineBytes: Int = 1 << 20) {
        self.batchEvents = batchEvents
        assembler = BatchAssembler(
            host: "web1", cutter: LineCutter(maxLineBytes: maxLineBytes), limits: BatchLimits(events: batchEvents))
    }

    var messages: [String] { events.map(\.text) }

    func makeRoom() -> Bool {
        if assembler.isComplete { flush() }
        return events.count + assembler.count < room
    }

    func flush() {
        guard let batch = assembler.finish() else { return }
        for row in 0..<batch.events.count { events.append(SeenEvent(batch.events, row)) }
        for progress in batch.progress { states[progress.state.path] = progress.state }
    }

    func take(
        _ bytes: UnsafeRawBufferPointer, of state: inout SourceState, profile: SourceProfile, ending: ReadEnding,
        arrival: Timestamp, sharing shared: SharedField?
    ) -> Int {
        assembler.take(bytes, of: &state, profile: profile, ending: ending, arrival: arrival, sharing: shared)
    }

    func take(
        record: UnsafeRawBufferPointer, part: Int, of state: SourceState, profile: SourceProfile, arrival: Timestamp,
        sharing shared: SharedField?
    ) -> Bool {
        guard events.count + assembler.count < room else { return false }
        return assembler.take(
            record: record, part: part, of: state, profile: profile, arrival: arrival, sharing: shared)
    }

    func advanced(_ state: SourceState, from: Int) { assembler.note(state, from: from) }

    func lost(_ loss: StreamLoss, of path: String) { losses.append((path, loss)) }
}

/// A source that runs on its thread, and what has come of it.
final class SourceRun {
    let consumer: CollectingConsumer
    let running: RunningSource
    private let drain: StreamDrain

    init(
        _ source: any StreamSource, from states: [SourceState]? = nil, consumer: CollectingConsumer = .init(),
        inboxBytes: Int = 1 << 20
    ) throws {
        self.consumer = consumer
        let log = DiagnosticLog(program: "test", minimum: .error)
        running = try RunningSource(source, inboxBytes: inboxBytes, log: log) {}
        let states =
            states
            ?? running.streams.enumerated().map {
                SourceState(id: UInt64($0.offset + 1), path: $0.element.path, device: 0, inode: 0)
            }
        drain = StreamDrain(zip(zip(running.streams, running.inboxes), states).map { ($0.0.0, $0.0.1, $0.1) })
    }

    /// Takes what has come by now.
    @discardableResult
    func poll(at now: UInt64 = 0) -> StreamRound {
        let round = drain.poll(at: now, consumer)
        consumer.flush()
        return round
    }

    /// Tells the source to end and takes the rest.
    func finish() {
        running.raiseStop()
        while !poll().isFinished {}
        running.join()
    }

    func abandon() { drain.abandonRest(consumer) }
}
