internal import LogModel
internal import SegmentCatalog
internal import StoreFormat

/// What the threads of a store share, behind one lock.
struct StoreState: Sendable {
    var segments: SegmentSet
    /// Events as they arrive, and events replayed from the journal at the start. They are kept apart because each
    /// segment must hold a run of journal positions without holes.
    var live = Head()
    var replayed = Head()
    var waiting: [Head] = []
    var isReplaying = true
    var lastPosition: UInt64 = 0
    var flushed: UInt64 = 0
    /// Streams seen since the start, and in the segments.
    var streams = DistinctCounter()
    /// Segments with so many streams that they are not merged.
    var wide: Set<String> = []
    var unreadable = UnreadableSegments()
    var counters = StoreCounters()
    /// Segments that were set aside since the start and whose events are in no other; bounded by ``lostLimit``, beyond
    /// which they are only counted.
    private(set) var lost: [StoreSnapshot.Missing] = []
    var flushFails = false
    var flushRequests = 0
    var isStopping = false
    var onFlushed: (@Sendable (UInt64) -> Void)?

    init(_ segments: SegmentSet) {
        self.segments = segments
        lastPosition = segments.live.map(\.record.positions.upperBound).max() ?? 0
    }

    private static let lostLimit = 1_000

    /// Notes that events are gone with a segment.
    mutating func lose(_ rows: Int, of record: SegmentRecord, because error: String) {
        counters.lostSegments += 1
        counters.lostRows += rows
        guard lost.count < Self.lostLimit else { return }
        lost.append(.init(record: record, reason: "\(rows) events are lost, their segment is damaged: \(error)"))
    }

    /// All events in memory, in the order in which they wait.
    var heads: [Head] { waiting + [replayed, live] }

    mutating func append(_ block: BatchBlock, position: UInt64, isReplay: Bool, headBytes: Int, now: UInt64) {
        lastPosition = max(lastPosition, position)
        for stream in block.streams { streams.insert(stream.id.low) }
        guard isReplay else {
            live.append(block, now: now)
            if live.byteCount >= headBytes { sealLive() }
            return
        }
        // A segment must not span positions that another one holds.
        if let last = replayed.positions?.upperBound, position > last + 1,
            segments.holdsAny(of: (last + 1)...(position - 1))
        {
            sealReplayed()
        }
        replayed.append(block, now: now)
        if replayed.byteCount >= headBytes { sealReplayed() }
    }

    /// How hard the store is pressed when so many heads may wait.
    func load(waitingHeads: Int) -> StoreLoad {
        if waiting.count >= waitingHeads || (flushFails && !waiting.isEmpty) { return .critical }
        return waiting.isEmpty ? .normal : .elevated
    }

    mutating func sealLive() { Self.seal(&live, &waiting) }

    mutating func sealReplayed() { Self.seal(&replayed, &waiting) }

    /// Gives what is to be called, outside of the lock, when the position has grown up to which segments hold all.
    mutating func updateFlushed() -> (() -> Void)? {
        guard !isReplaying else { return nil }
        let before = flushed
        let unflushed = heads.compactMap { $0.positions?.lowerBound }.min()
        flushed = unflushed.map { $0 - 1 } ?? lastPosition
        guard flushed > before, let body = onFlushed else { return nil }
        let position = flushed
        return { body(position) }
    }

    private static func seal(_ head: inout Head, _ waiting: inout [Head]) {
        guard !head.isEmpty else { return }
        waiting.append(head)
        head = Head()
    }
}
