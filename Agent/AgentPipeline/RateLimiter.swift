import ByteCoding
import LogModel

/// Lets so many events of a service pass in an interval; beyond that each message once, and counts its repetitions.
///
/// Messages that differ in digits only are one. Time is that of the events, so that a backlog is treated like what comes
/// as it is written; but no later than the wall clock, so that one event from the future does not hold back all others
/// until then. Bounded: ``slotCount`` services and messages at a time; what finds no place passes.
final class RateLimiter {
    static let slotCount = 4_096
    /// Different messages of one service that pass beyond its limit in an interval; others are counted together.
    static let distinctLimit = 1_000
    /// Bytes of a message that are kept for its summary.
    static let messageLimit = 1_024
    private static let probes = 16
    private static let foldedDigits: UInt8 = 0x30

    /// An event that stands for those that are held back.
    struct Summary {
        var message: [UInt8]
        var level: Level
        var labels: [StreamIdentity.Label]
        var time: Timestamp
        var count: Int
        /// Whether they are different messages of one service.
        var isMixed: Bool
    }

    private struct Slot {
        var key: UInt64 = 0
        var window: Int64 = 0
        var passed = 0
        var distinct = 0
        var held = 0
        var isService = false
        var lastArrival: Int64 = 0
        /// Where in `samples` the first held event is; -1 for none.
        var sample = -1
    }

    let events: Int
    let interval: Int64
    private var slots = [Slot](repeating: Slot(), count: RateLimiter.slotCount)
    private var samples: [Summary] = []
    private var free: [Int] = []
    /// Summaries of intervals that are over.
    private(set) var ready: [Summary] = []
    /// Whether any event is held back that no summary tells of yet.
    private var heldCount = 0

    init(events: Int, intervalNanos: Int64) {
        self.events = max(0, events)
        interval = max(1, intervalNanos)
    }

    /// Whether an event passes.
    func passes(
        _ event: DraftEvent, service: UInt64, _ builder: borrowing EventBatchBuilder, arrival: Timestamp
    ) -> Bool {
        let time = min(event.time?.nanoseconds ?? arrival.nanoseconds, arrival.nanoseconds)
        let window = floored(time)
        guard let own = slot(of: service | 1, window, arrival) else { return true }
        slots[own].isService = true
        if slots[own].passed < events {
            slots[own].passed += 1
            return true
        }
        let key = builder.withBytes(of: event.message) { RateLimiter.folded($0, seed: service) } & ~1
        guard let message = slot(of: key | 2, window, arrival) else { return true }
        if slots[message].passed == 0, slots[own].distinct < RateLimiter.distinctLimit {
            slots[own].distinct += 1
            slots[message].passed = 1
            return true
        }
        hold(slots[message].passed > 0 ? message : own, event, builder, time: time)
        return false
    }

    /// Closes intervals that are over by the clock and in which nothing has come for a while.
    func closeIdle(now: Timestamp, all: Bool) {
        if heldCount == 0 { return }
        // A backlog has times long past: its intervals last as long as it goes on.
        let quiet = min(interval, 5_000_000_000)
        for index in slots.indices where slots[index].held > 0 {
            let (window, lastArrival) = (slots[index].window, slots[index].lastArrival)
            // A clock that was set back says nothing of how long it has been quiet.
            let isAhead = window > now.nanoseconds || lastArrival > now.nanoseconds
            let isOver = now.nanoseconds &- window >= interval && now.nanoseconds &- lastArrival >= quiet
            if all || isAhead || isOver { close(index) }
        }
    }

    /// Takes the summaries that are ready.
    func takeReady() -> [Summary] {
        defer { ready.removeAll(keepingCapacity: true) }
        return ready
    }

    private func floored(_ time: Int64) -> Int64 {
        Timestamp(nanoseconds: time).floored(toMultipleOf: interval).nanoseconds
    }

    /// The slot of a key in an interval; nil when all places for it are taken.
    private func slot(of key: UInt64, _ window: Int64, _ arrival: Timestamp) -> Int? {
        let latest = floored(arrival.nanoseconds)
        let first = Int(truncatingIfNeeded: key >> 20)
        var vacant: Int?
        for probe in 0..<RateLimiter.probes {
            let index = (first &+ probe) & (RateLimiter.slotCount - 1)
            if slots[index].key == key {
                // An event that is late counts with those of the interval that has begun, unless the clock was set back.
                if slots[index].window < window || slots[index].window > latest { restart(index, window) }
                slots[index].lastArrival = arrival.nanoseconds
                return index
            }
            let isOver = slots[index].window < window || slots[index].window > latest
            let isStale = slots[index].key == 0 || slots[index].held == 0 && isOver
            if vacant == nil, isStale { vacant = index }
        }
        guard let vacant else { return nil }
        slots[vacant] = Slot(key: key, window: window, lastArrival: arrival.nanoseconds)
        return vacant
    }

    private func restart(_ index: Int, _ window: Int64) {
        if slots[index].held > 0 { close(index) }
        slots[index].window = window
        slots[index].passed = 0
        slots[index].distinct = 0
    }

    /// Moves what is known of held events to `ready`. The interval goes on: its message has been sent.
    private func close(_ index: Int) {
        let sample = slots[index].sample
        guard sample >= 0 else { return }
        samples[sample].count = slots[index].held
        samples[sample].isMixed = slots[index].isService
        ready.append(samples[sample])
        samples[sample].message = []
        samples[sample].labels = []
        free.append(sample)
        heldCount -= slots[index].held
        slots[index].held = 0
        slots[index].sample = -1
    }

    private func hold(_ index: Int, _ event: DraftEvent, _ builder: borrowing EventBatchBuilder, time: Int64) {
        slots[index].held += 1
        heldCount += 1
        if slots[index].sample < 0 {
            let length = min(Int(event.message.length), RateLimiter.messageLimit)
            let start = ByteRange(offset: Int(event.message.offset), length: length)
            let summary = Summary(
                message: builder.withBytes(of: start) { Array($0) }, level: event.level,
                labels: builder.unfinishedLabels(), time: Timestamp(nanoseconds: time), count: 0, isMixed: false)
            if let place = free.popLast() {
                samples[place] = summary
                slots[index].sample = place
            } else {
                slots[index].sample = samples.count
                samples.append(summary)
            }
        }
        let sample = slots[index].sample
        if samples[sample].time.nanoseconds < time { samples[sample].time = Timestamp(nanoseconds: time) }
    }

    /// A hash in which all runs of digits are alike.
    private static func folded(_ text: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        var state = seed ^ 0xCBF2_9CE4_8422_2325
        var wasDigit = false
        for byte in text {
            let isDigit = byte &- 0x30 < 10
            if isDigit, wasDigit { continue }
            wasDigit = isDigit
            state = (state ^ UInt64(isDigit ? foldedDigits : byte)) &* 0x0000_0100_0000_01B3
        }
        // The low bits of this hash are weak.
        return (state ^ state >> 32) &* 0x9E37_79B9_7F4A_7C15
    }
}
