/// Which batches of a spool wait, which may be sent, and which are dropped when there is no room. Pure.
///
/// A batch that somebody has begun to send may be stored although no answer came: it is never dropped, because what is
/// counted as dropped must be missing. When all around it goes, it is *held*: kept apart from its lane.
struct SpoolState: Sendable, Equatable {
    struct Lane: Sendable, Equatable {
        /// All up to this number is acknowledged or dropped, but for ``held``.
        var acknowledged: UInt64
        /// The last number that counts.
        var end: UInt64
        /// A batch that may be stored although nobody has said so: always the first that waits, or the held one.
        var attempted: UInt64?
        /// A batch below ``acknowledged`` that waits all the same.
        var held: UInt64?
        /// While they are being dropped, all up to this number may not be sent any more.
        var dropping: UInt64?
        /// Numbers that never counted, ascending, all above ``acknowledged``.
        var voids: [ClosedRange<UInt64>] = []

        /// All up to this number is acknowledged or dropped.
        var done: UInt64 { held.map { $0 - 1 } ?? acknowledged }

        /// The first number that waits in the lane; nil when none does.
        var first: UInt64? { acknowledged < end ? acknowledged + 1 : nil }

        /// The first number that may be dropped.
        var droppable: UInt64? {
            guard let first else { return nil }
            let next = attempted == first ? first + 1 : first
            return next <= end ? next : nil
        }

        func isVoid(_ number: UInt64) -> Bool { voids.contains { $0.contains(number) } }

        mutating func advance(to number: UInt64) {
            acknowledged = max(acknowledged, min(number, end))
            // What never counted is done as soon as it is reached.
            while let void = voids.first, void.lowerBound <= acknowledged + 1 {
                acknowledged = max(acknowledged, void.upperBound)
                voids.removeFirst()
            }
        }
    }

    /// By ``Lane/index``.
    var lanes: [Lane]

    init(lanes: [Lane]) {
        self.lanes = lanes
        for index in lanes.indices { self.lanes[index].advance(to: lanes[index].acknowledged) }
    }

    /// The last numbers of the lanes of priorities.
    var ends: [UInt64] { lanes.prefix(Priority.allCases.count).map(\.end) }

    /// Whether all up to these numbers is done. What an earlier version has spooled comes before all.
    func covers(_ ends: [UInt64]) -> Bool {
        let old = lanes[LaneIndex.old]
        return old.first == nil && zip(lanes, ends).allSatisfy { $0.done >= $1 }
    }

    // MARK: Sending

    /// What a lane would send next.
    enum Head: Equatable {
        /// The batch with this number, which is kept apart.
        case held(UInt64)
        /// The first batch from this number on.
        case from(UInt64)
    }

    func head(_ lane: Int) -> Head? {
        if let held = lanes[lane].held { return .held(held) }
        guard let first = lanes[lane].first, first > lanes[lane].dropping ?? 0 else { return nil }
        return .from(first)
    }

    /// Notes that a batch is about to be sent, and that all before it in its lane is done: it was passed over.
    ///
    /// - Returns: whether it may be stored by an attempt before; nil when it was dropped in the meantime, or is being
    ///   dropped, and must not be sent.
    mutating func begin(_ lane: Int, _ number: UInt64) -> Bool? {
        let mayBeStored = lanes[lane].attempted == number
        if lanes[lane].held != number {
            guard lanes[lane].held == nil, number > lanes[lane].acknowledged, number <= lanes[lane].end,
                number > lanes[lane].dropping ?? 0
            else { return nil }
            lanes[lane].advance(to: number - 1)
        }
        lanes[lane].attempted = number
        return mayBeStored
    }

    /// Notes that a batch is certain not to be stored after all.
    mutating func abandon(_ lane: Int, _ number: UInt64) {
        if lanes[lane].attempted == number { lanes[lane].attempted = nil }
    }

    /// Notes that a batch is acknowledged or counted.
    mutating func finish(_ lane: Int, _ number: UInt64) {
        if lanes[lane].attempted == number { lanes[lane].attempted = nil }
        if lanes[lane].held == number {
            lanes[lane].held = nil
        } else {
            lanes[lane].advance(to: number)
        }
    }

    // MARK: Dropping

    /// What goes when there is no room.
    enum Victim: Equatable {
        /// The oldest that waits of this priority.
        case waiting(Priority)
        /// What has just come of this priority.
        case incoming(Priority)
    }

    /// The oldest of the lowest priority goes first; nil when nothing may go.
    func victim(incoming: [Priority]) -> Victim? {
        for priority in Priority.allCases {
            if lanes[priority.rawValue].droppable != nil { return .waiting(priority) }
            if incoming.contains(priority) { return .incoming(priority) }
        }
        return nil
    }

    /// A part of a lane that is being dropped.
    struct Drop: Equatable {
        var priority: Priority
        var numbers: ClosedRange<UInt64>
        /// The batch that must be kept apart, because it may be stored.
        var keeps: UInt64?
    }

    /// Begins to drop the first file of a lane that has something to drop: from now on nothing of it is sent.
    ///
    /// - Parameters:
    ///   - priority: of which lane.
    ///   - bound: tells the first number of the file behind that of a number; nil when there is none.
    /// - Returns: what is to be dropped; nil when nothing may be.
    mutating func beginDrop(_ priority: Priority, bound: (UInt64) -> UInt64?) -> Drop? {
        let lane = lanes[priority.rawValue]
        guard lane.dropping == nil, let first = lane.droppable else { return nil }
        let through = bound(first).map { min($0 - 1, lane.end) } ?? lane.end
        // Of two that may be stored only one could be kept apart; the one that is waits for its answer first.
        let keeps = lane.attempted == lane.first ? lane.attempted : nil
        if keeps != nil, lane.held != nil { return nil }
        lanes[priority.rawValue].dropping = max(first, through)
        return Drop(priority: priority, numbers: first...max(first, through), keeps: keeps)
    }

    /// Takes back what ``beginDrop(_:bound:)`` did.
    mutating func cancelDrop(_ drop: Drop) { lanes[drop.priority.rawValue].dropping = nil }

    /// The part is dropped.
    ///
    /// - Returns: whether the batch to be kept apart still waits.
    mutating func finishDrop(_ drop: Drop) -> Bool {
        let index = drop.priority.rawValue
        lanes[index].dropping = nil
        let keeps = drop.keeps.map { lanes[index].acknowledged < $0 } ?? false
        if keeps { lanes[index].held = drop.keeps }
        lanes[index].advance(to: drop.numbers.upperBound)
        return keeps
    }
}

/// Places of lanes in ``SpoolState/lanes``.
enum LaneIndex {
    static let old = Priority.allCases.count
}
