import AgentPipeline
import LogModel
import SystemIO

/// Gathers messages of one sender into a run.
struct RecordGathering {
    private(set) var bytes: [UInt8] = []
    private(set) var records: [StreamRun.Record] = []
    /// Whose messages they are.
    var shared: SharedField?

    /// What is handed over at once, about.
    static let runBytes = 64 << 10

    var isEmpty: Bool { records.isEmpty }
    var isFull: Bool { bytes.count >= Self.runBytes }

    mutating func add(_ message: UnsafeRawBufferPointer, part: Int) {
        bytes.append(contentsOf: message)
        records.append(.init(end: bytes.count, part: part))
    }

    /// Hands over what there is, if anything; false when nobody takes it any more.
    mutating func put(into inbox: StreamInbox) -> Bool {
        if records.isEmpty { return true }
        let arrival = Timestamp(nanoseconds: SystemClock.wallNanos())
        let run = StreamRun(bytes, .records(records), arrival: arrival, shared: shared)
        bytes = []
        records = []
        return inbox.put(run)
    }
}
