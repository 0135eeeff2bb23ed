package import AgentPipeline
package import LogModel

/// Takes what streams have brought, and decides whether more is wanted.
package protocol StreamConsumer: AnyObject {
    /// Is asked before something is offered.
    ///
    /// - Returns: whether events can be taken at present.
    func makeRoom() -> Bool

    /// Takes whole events from `bytes`, which begin at the state's offset.
    ///
    /// - Returns: how many bytes were dealt with; 0 when there is no whole event.
    func take(
        _ bytes: UnsafeRawBufferPointer, of state: inout SourceState, profile: SourceProfile, ending: ReadEnding,
        arrival: Timestamp, sharing shared: SharedField?
    ) -> Int

    /// Takes one whole event; false when there is no room for it.
    func take(
        record: UnsafeRawBufferPointer, part: Int, of state: SourceState, profile: SourceProfile, arrival: Timestamp,
        sharing shared: SharedField?
    ) -> Bool

    /// Hears how far a stream has got.
    func advanced(_ state: SourceState, from: Int)

    /// Events of a stream are gone.
    func lost(_ loss: StreamLoss, of path: String)
}

/// What one round over the streams gave.
package struct StreamRound: Sendable, Equatable {
    /// Bytes that were dealt with.
    package var bytes = 0
    /// Whether another round would find something at once.
    package var hasMore = false
    /// Whether the consumer had no room.
    package var isPaused = false
    /// Whether all streams have ended, and all they brought was taken.
    package var isFinished = false
}

/// Takes turns in handing over what streams have brought. Belongs to the reading thread.
package final class StreamDrain {
    /// What is handed over of a stream before others have their turn.
    private static let turnBytes = 256 << 10

    private struct Slot {
        let stream: StreamDescription
        let inbox: StreamInbox
        var state: SourceState
        /// What is being handed over, and its first record that was not.
        var run: StreamRun?
        var record = 0
        /// Lines that are not whole, or not wholly handed over, the newest last.
        var lines: [UInt8] = []
        var endsLines = false
        var arrival = Timestamp(nanoseconds: 0)
        var lastGrowth: UInt64 = 0
        var isFinished = false
    }

    private var slots: [Slot] = []

    /// Makes a drain.
    ///
    /// - Parameter streams: what to take from, and how far each had got.
    package init(_ streams: [(StreamDescription, StreamInbox, SourceState)] = []) { add(streams) }

    /// Takes from more streams.
    package func add(_ streams: [(StreamDescription, StreamInbox, SourceState)]) {
        slots += streams.map { Slot(stream: $0.0, inbox: $0.1, state: $0.2) }
    }

    /// How far each stream has got.
    package var states: [SourceState] { slots.map(\.state) }

    /// Hands over what there is, at most so much of each stream that others do not wait long.
    ///
    /// - Parameters:
    ///   - now: monotonic nanoseconds.
    ///   - consumer: gets it.
    /// - Returns: what it was, and what is left.
    package func poll(at now: UInt64, _ consumer: any StreamConsumer) -> StreamRound {
        var round = StreamRound()
        for index in slots.indices {
            for loss in slots[index].inbox.takeLosses() { consumer.lost(loss, of: slots[index].stream.path) }
            if round.isPaused { continue }
            // Asked for before the last look: what comes in between is looked at, and the end found the next time.
            let isFinished = slots[index].inbox.isFinished
            drain(index, at: now, consumer, &round)
            slots[index].isFinished = isFinished && slots[index].run == nil && slots[index].lines.isEmpty
        }
        round.isFinished = slots.allSatisfy(\.isFinished)
        return round
    }

    /// Reports what is left when there is no room for it and none can be waited for. The sources have ended.
    package func abandonRest(_ consumer: any StreamConsumer) {
        for index in slots.indices {
            let slot = slots[index]
            var rest = slot.run.map { [$0.loss(from: slot.record)] } ?? []
            while let run = slot.inbox.take() { rest.append(run.loss()) }
            if !slot.lines.isEmpty { rest.append(StreamLoss(.stopped, events: 0, bytes: slot.lines.count)) }
            slots[index].run = nil
            slots[index].lines = []
            for loss in slot.inbox.takeLosses() { consumer.lost(loss, of: slot.stream.path) }
            // The journal still has its entries.
            if rest.isEmpty || slot.stream.profile.format == .journal { continue }
            let sum = rest.reduce(into: StreamLoss(.stopped, events: 0)) {
                $0.events += $1.events
                $0.bytes += $1.bytes
            }
            if sum.bytes > 0 { consumer.lost(sum, of: slot.stream.path) }
        }
    }

    private func drain(_ index: Int, at now: UInt64, _ consumer: any StreamConsumer, _ round: inout StreamRound) {
        let limit = round.bytes + StreamDrain.turnBytes
        while round.bytes < limit {
            if slots[index].run == nil {
                if !handOverLines(index, at: now, consumer, &round) { return }
                guard let run = slots[index].inbox.take() else { return }
                slots[index].arrival = run.arrival
                if case .lines(let isLast) = run.content {
                    slots[index].lines += run.bytes
                    slots[index].endsLines = isLast
                    slots[index].lastGrowth = now
                    continue
                }
                slots[index].run = run
                slots[index].record = 0
            }
            if !handOverRecords(index, consumer, &round) { return }
        }
        round.hasMore = true
    }

    /// Hands over the run at hand; false when there is no room for all of it.
    private func handOverRecords(_ index: Int, _ consumer: any StreamConsumer, _ round: inout StreamRound) -> Bool {
        guard let run = slots[index].run, case .records(let records) = run.content else { return true }
        let (stream, shared) = (slots[index].stream, run.shared ?? slots[index].stream.shared)
        var next = slots[index].record
        while next < records.count {
            guard consumer.makeRoom() else {
                round.isPaused = true
                return false
            }
            let first = next
            let from = slots[index].state.offset
            let state = slots[index].state
            let start = first == 0 ? 0 : records[first - 1].end
            run.bytes.withUnsafeBytes { bytes in
                while next < records.count {
                    let begin = next == 0 ? 0 : records[next - 1].end
                    let record = UnsafeRawBufferPointer(rebasing: bytes[begin..<records[next].end])
                    guard
                        consumer.take(
                            record: record, part: records[next].part, of: state, profile: stream.profile,
                            arrival: run.arrival, sharing: shared)
                    else { break }
                    next += 1
                }
            }
            slots[index].record = next
            guard next > first else { continue }
            let taken = records[next - 1].end - start
            round.bytes += taken
            slots[index].state.offset &+= taken
            if stream.profile.format == .journal {
                slots[index].state.cursor = JournalRecord.cursor(
                    run.bytes[(next == 1 ? 0 : records[next - 2].end)..<records[next - 1].end])
            }
            if next == records.count, let cursor = run.cursor { slots[index].state.cursor = cursor }
            consumer.advanced(slots[index].state, from: from)
        }
        if records.isEmpty, let cursor = run.cursor {
            guard consumer.makeRoom() else {
                round.isPaused = true
                return false
            }
            slots[index].state.cursor = cursor
            consumer.advanced(slots[index].state, from: slots[index].state.offset)
        }
        slots[index].run = nil
        return true
    }

    /// Hands over whole events of the lines at hand; false when there is no room for them.
    private func handOverLines(
        _ index: Int, at now: UInt64, _ consumer: any StreamConsumer, _ round: inout StreamRound
    ) -> Bool {
        let stream = slots[index].stream
        var done = 0
        defer { slots[index].lines.removeFirst(done) }
        while done < slots[index].lines.count {
            guard consumer.makeRoom() else {
                round.isPaused = true
                return false
            }
            var ending = ReadEnding.open
            if slots[index].endsLines {
                ending = .final
            } else if let delay = stream.profile.quietDelay, now &- slots[index].lastGrowth >= delay {
                ending = .quiet
            }
            let from = slots[index].state.offset
            var state = slots[index].state
            let arrival = slots[index].arrival
            let taken = slots[index].lines.withUnsafeBytes { bytes in
                consumer.take(
                    UnsafeRawBufferPointer(rebasing: bytes[done...]), of: &state, profile: stream.profile,
                    ending: ending, arrival: arrival, sharing: stream.shared)
            }
            // There is no whole event.
            if taken == 0 { return true }
            state.offset &+= taken
            slots[index].state = state
            done += taken
            round.bytes += taken
            consumer.advanced(state, from: from)
        }
        return true
    }
}
