import CurlTransport

/// What is known of a batch that has been sent and is not acknowledged. Pure: time is an argument.
struct BatchAttempt: Sendable {
    /// A batch that one collector may have goes to no other for so long: they do not know of each other's batches.
    static let loyalty: UInt64 = 300_000_000_000

    /// The number of the batch in its lane.
    let position: UInt64
    /// Decides when the collector itself refuses the batch.
    var policy = DeliveryPolicy()
    /// When it was not taken last; nil when it was tried once at most.
    var failedAt: UInt64?
    /// Not before this time.
    var restsUntil: UInt64 = 0
    /// Whether a collector may have stored it.
    var mayBeStored: Bool
    /// Which collector may have it, and since when.
    private var place: (collector: Int, since: UInt64)?

    init(position: UInt64, mayBeStored: Bool) {
        self.position = position
        self.mayBeStored = mayBeStored
    }

    /// The only collector to send it to; nil for any.
    func only(now: UInt64) -> Int? {
        guard let place, now &- place.since < Self.loyalty else { return nil }
        return place.collector
    }

    /// Collectors have other places now; nil for those that are gone.
    mutating func move(_ places: [Int?]) {
        guard let known = place else { return }
        place = places.indices.contains(known.collector) ? places[known.collector].map { ($0, known.since) } : nil
    }

    /// Notes that nobody knows whether a collector has stored it.
    mutating func isUncertain(at collector: Int, now: UInt64) {
        mayBeStored = true
        if place?.collector != collector { place = (collector, now) }
    }
}

extension DeliveryOutcome {
    /// Whether the batch may be stored although nobody has said so. The collector's own refusals say that it is not;
    /// another's may come from a proxy whose collector has it.
    var isUncertain: Bool {
        switch self {
        case .accepted: false
        case .unreachable(let error):
            switch error.code {
            case .cannotResolve, .cannotConnect, .tls, .invalidRequest: false
            case .timeout, .cancelled, .tooLarge, .interrupted, .other: true
            }
        case .refused(let status, _, let isProblem, _): !isProblem && !(400...499).contains(status)
        }
    }

    /// Whether bytes of the batch have taken room on the line.
    var wasOnTheLine: Bool {
        if case .unreachable = self { isUncertain } else { true }
    }

    /// Whether the collector itself has said something.
    var isFromCollector: Bool {
        switch self {
        case .accepted: true
        case .refused(_, _, let isProblem, _): isProblem
        case .unreachable: false
        }
    }

    /// Whether it is the batch that the collector does not take, not the agent.
    var isAboutBatch: Bool {
        guard case .refused(let status, _, true, _) = self else { return false }
        return status == 400 || status == 413
    }
}
