import ByteCoding
package import Journal
import LogModel
import SystemIO
import Synchronization
import ZstdCodec

/// The way in: decodes a body, keeps what is good of it in the journal, and what is not in the dead letters.
///
/// A request is answered when its batch is durable. The decoded batch goes along with the record as its attachment, so
/// that the journal's subscribers need not decode again. All methods may be called from any thread.
package final class IngestGateway: Sendable {
    /// The bounds of a request.
    package let limits: IngestLimits
    /// What has been taken and refused.
    package let statistics = IngestStatistics()
    /// The bytes of requests in memory; whoever reads a body takes room for it here.
    package let inFlight: BytesInFlight
    /// Events that were not taken.
    package let deadLetters: DeadLetters
    private let journal: GroupCommitJournal
    private let pressure: @Sendable () -> IngestProblem?
    private let onRejected: @Sendable (RejectedEvents) -> Void
    private let scratches = ScratchPool()
    private let stopping = Atomic<Bool>(false)

    /// Makes the way into a journal.
    ///
    /// - Parameters:
    ///   - journal: keeps the batches; it recognises batches that are sent again.
    ///   - deadLetters: keeps the events that were not taken.
    ///   - limits: the bounds of a request.
    ///   - onRejected: hears of events that were not taken, when the others of their request are durable; quick.
    ///   - pressure: why the store behind the journal can take no more at present, nil when it can.
    package init(
        journal: GroupCommitJournal, deadLetters: DeadLetters, limits: IngestLimits = IngestLimits(),
        onRejected: @escaping @Sendable (RejectedEvents) -> Void = { _ in },
        pressure: @escaping @Sendable () -> IngestProblem? = { nil }
    ) {
        self.journal = journal
        self.deadLetters = deadLetters
        self.limits = limits
        self.onRejected = onRejected
        self.pressure = pressure
        inFlight = BytesInFlight(limit: limits.bytesInFlight)
    }

    /// Refuses all requests from now on.
    package func stop() {
        stopping.store(true, ordering: .relaxed)
    }

    /// Whether requests are refused because the collector is stopping.
    package var isStopping: Bool { stopping.load(ordering: .relaxed) }

    /// Tells before a body is read whether it would be refused anyway.
    ///
    /// - Throws: ``IngestProblem`` of the kinds `unavailable` or `overloaded`.
    package func checkOpen() throws(IngestProblem) {
        if isStopping {
            throw IngestProblem(.unavailable, "the collector is stopping: send it again in a moment")
        }
        if let failure = journal.failure { throw IngestProblem(failure) }
        if let refusal = pressure() { throw refusal }
    }

    /// Decodes a body and hands it to the journal. Blocks for decoding, not for the disk.
    ///
    /// - Parameters:
    ///   - request: what is known of the body.
    ///   - body: the bytes as they came. What is compressed goes into the journal as it is, without being copied.
    ///   - completion: gets the receipt when the batch is durable, or the refusal; on this thread or the journal's.
    package func accept(
        _ request: IngestRequest, body: consuming [UInt8],
        completion: @escaping @Sendable (Result<IngestReceipt, IngestProblem>) -> Void
    ) {
        let scratch = scratches.take()
        let arrival = Timestamp(nanoseconds: SystemClock.wallNanos())
        let prepared: Prepared
        var taken = 0
        do throws(IngestProblem) {
            prepared = try prepare(request, body, scratch, arrival, &taken)
        } catch {
            scratches.give(scratch)
            inFlight.give(taken)
            return completion(.failure(error))
        }
        scratches.give(scratch)
        let held = taken
        guard let content = prepared.content else {
            settle(prepared, request, arrival)
            inFlight.give(held)
            return completion(.success(prepared.receipt(to: request, isDuplicate: false)))
        }
        let record = JournalRecord(
            kind: content.kind, tenant: StreamIdentity.defaultTenant, ingestTime: arrival.nanoseconds,
            agent: request.sender?.agent ?? "", epoch: request.sender?.epoch ?? 0,
            sequence: request.sender?.sequence ?? 0, preamble: content.preamble, payload: content.payload,
            attachment: prepared.batch)
        journal.append(record) { result in
            self.inFlight.give(held)
            switch result {
            case .success(.stored):
                self.settle(prepared, request, arrival)
                completion(.success(prepared.receipt(to: request, isDuplicate: false)))
            case .success(.duplicate):
                self.statistics.duplicate()
                completion(.success(prepared.receipt(to: request, isDuplicate: true)))
            case .failure(let error):
                completion(.failure(IngestProblem(error)))
            }
        }
    }

    /// A request made ready for the journal.
    private struct Prepared: Sendable {
        var batch: EventBatch
        /// What the journal keeps; nil when there is nothing to store.
        var content: RecordContent?
        var rejections: Rejections
        var wireBytes: Int
        var contentBytes: Int

        func receipt(to request: IngestRequest, isDuplicate: Bool) -> IngestReceipt {
            // Asked for by nobody else, and found by looking at all times.
            let newest = request.sender == nil ? nil : batch.timeBounds?.upperBound
            // What was not taken is told again: who sends a batch again has not had the answer.
            return IngestReceipt(
                accepted: isDuplicate ? 0 : batch.count, failed: rejections.count, duplicate: isDuplicate,
                errors: rejections.first, newest: newest)
        }
    }

    private func prepare(
        _ request: IngestRequest, _ body: [UInt8], _ scratch: IngestScratch, _ arrival: Timestamp,
        _ taken: inout Int
    ) throws(IngestProblem) -> Prepared {
        var rejections = Rejections()
        let decoded: (batch: EventBatch, form: RecordForm)
        var contentBytes = body.count
        switch request.encoding {
        case .identity:
            guard body.count <= limits.contentBytes else {
                throw IngestProblem(
                    .tooLarge, "the body has more than \(limits.contentBytes) bytes: send it in parts",
                    limit: limits.contentBytes)
            }
            try hold(contentBytes, &taken)
            decoded = try body.span.bytes.withUnsafeBytes { (content) throws(IngestProblem) in
                try decode(request, content, scratch, &rejections, arrival)
            }
        case .zstd:
            // What the frame says it holds, else a guess; for the content and for the batch made of it.
            let expected = body.withUnsafeBytes { zstdContentSize($0) } ?? 8 * body.count
            try hold(2 * min(expected, limits.contentBytes), &taken)
            try body.span.bytes.withUnsafeBytes { (frame) throws(IngestProblem) in
                try scratch.decompress(frame, limit: limits.contentBytes)
            }
            contentBytes = scratch.content.count
            try hold(2 * contentBytes, &taken)
            decoded = try scratch.content.withBytes { (content) throws(IngestProblem) in
                try decode(request, content, scratch, &rejections, arrival)
            }
        }
        // A numbered batch is recorded even without an event, so that sending it again is a duplicate.
        let isStored = decoded.batch.count > 0 || request.sender != nil
        let content =
            isStored
            ? try RecordContent(decoded.batch, decoded.form, body, contentBytes: contentBytes, scratch) : nil
        // The batch lives until it is durable. Names and streams may make it larger than its content, but never so large
        // that a request that was let in would be refused now for ever.
        try hold(max(contentBytes, min(2 * contentBytes, decoded.batch.memoryBytes)), &taken)
        return Prepared(
            batch: decoded.batch, content: content, rejections: rejections, wireBytes: body.count,
            contentBytes: contentBytes)
    }

    /// Makes the bytes that are taken for a request as many as it needs now.
    private func hold(_ bytes: Int, _ taken: inout Int) throws(IngestProblem) {
        if bytes > taken { try inFlight.take(bytes - taken) } else { inFlight.give(taken - bytes) }
        taken = bytes
    }

    /// - Returns: the batch, and how the journal keeps it.
    private func decode(
        _ request: IngestRequest, _ content: UnsafeRawBufferPointer, _ scratch: IngestScratch,
        _ rejections: inout Rejections, _ arrival: Timestamp
    ) throws(IngestProblem) -> (batch: EventBatch, form: RecordForm) {
        let json: JSONBody
        switch request.format {
        case .json: json = JSONBody(layout: .document, keys: JSONBody.documentKeys, limits: limits)
        case .jsonLines(let keys): json = JSONBody(layout: .lines, keys: keys, limits: limits)
        case .wire:
            let (batch, isAsSent) = try decodeWireBatch(content, limits: limits, rejections: &rejections)
            return (batch, isAsSent && request.encoding == .zstd ? .frame : .encoded)
        }
        let batch = try json.decode(content, arrival: arrival, with: &scratch.builder, rejections: &rejections)
        return (batch, request.encoding == .zstd && batch.count > 0 ? .body(json) : .encoded)
    }

    /// Counts what was taken, and sends what was not to the dead letters: once the batch is durable, so that one sent
    /// again after a failure is not dead-lettered twice.
    private func settle(_ prepared: Prepared, _ request: IngestRequest, _ arrival: Timestamp) {
        if prepared.batch.count > 0 {
            statistics.stored(
                events: prepared.batch.count, packedFields: prepared.rejections.packedFields,
                wireBytes: prepared.wireBytes, contentBytes: prepared.contentBytes)
        }
        let rejections = prepared.rejections
        guard rejections.count > 0 else { return }
        statistics.rejected(rejections)
        let letters = rejections.kept.map { kept in
            DeadLetters.Letter(
                time: arrival, reason: kept.reason.rawValue, detail: kept.detail, source: request.source,
                agent: request.sender?.agent, event: kept.bytes)
        }
        deadLetters.add(letters, alsoDropped: rejections.unkept)
        let times = prepared.batch.timeBounds ?? arrival...arrival
        for (place, reason) in RejectionReason.allCases.enumerated() where rejections.counts[place] > 0 {
            onRejected(
                RejectedEvents(
                    agent: request.sender?.agent, source: request.source, reason: reason,
                    count: rejections.counts[place], bytes: rejections.bytes[place], times: times))
        }
    }
}

extension IngestProblem {
    /// What a refusal of the journal means for a request.
    package init(_ error: JournalError) {
        switch error {
        case .full:
            self.init(.diskFull, "there is no space left for the events: free some on the collector's disk (\(error))")
        case .overloaded:
            self.init(.overloaded, "events come faster than the disk takes them: send it again in a moment")
        case .tooLarge(_, _, let limit):
            self.init(.tooLarge, "the batch is too large to be stored: send it in parts (\(error))", limit: limit)
        case .stopped:
            self.init(.unavailable, "the collector is stopping: send it again in a moment")
        case .failed, .io, .inUse, .unsupportedVersion, .exhausted, .badCursorName:
            self.init(.unavailable, "the events cannot be made durable: \(error)")
        }
    }
}
