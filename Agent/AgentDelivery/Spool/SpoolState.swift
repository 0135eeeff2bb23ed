/// Which batches of a spool wait, which may be sent, and which are dropped when there is no room. Pure.
///
/// A batch that somebody has begun to send may be stored although no answer came, or none that the registry knows of: it
/// is never dropped, because what is counted as dropped must be missing. When all around it goes, it is *held*: kept apart
/// from its lane.
struct SpoolState: Sendable, Equatable {
    /// A batch that is kept apart.
    struct Held: Sendable, Equatable {
        var number: UInt64
        /// The size of its file.
        var bytes: Int
    }

    struct Lane: Sendable, Equatable {
        /// All up to this number is acknowledged or dropped, but for ``held``.
        var acknowledged: UInt64
        /// The last number that counts.
        var end: UInt64
        /// A batch that may be stored although nobody has said so: always the first that waits, or a held one.
        var attempted: UInt64?
        /// All up to this number that wait may be stored: an earlier run may have sent them.
        var uncertain: UInt64 = 0
        /// Batches below ``acknowledged`` that wait all the same, ascending.
        var held: [Held] = []
        /// All up to this number was dropped, but for what was held, and the ledger says so.
        var floor: UInt64 = 0
        /// While they are being dropped, all up to this number may not be sent any more.
        var dropping: UInt64?
        /// Numbers that are not sent: what they were used for never counted, or is counted as dropped. Ascending, all
        /// above ``acknowledged``.
        var voids: [ClosedRange<UInt64>] = []

        /// All up to this number is acknowledged or dropped.
        var done: UInt64 { held.first.map { $0.number - 1 } ?? acknowledged }

        /// The first number that waits in the lane; nil when none does.
        var first: UInt64? { acknowledged < end ? acknowledged + 1 : nil }

        /// The first number that may be dropped.
        var droppable: UInt64? {
            guard let first else { return nil }
            let certain = max(first, uncertain + 1)
            let next = attempted == certain ? certain + 1 : certain
            return next <= end ? next : nil
        }

        func mayBeStored(_ number: UInt64) -> Bool {
            attempted == number || number <= uncertain || isHeld(number)
        }

        func isHeld(_ number: UInt64) -> Bool { held.contains { $0.number == number } }

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

    /// Bytes of batches that are kept apart.
    var heldBytes: Int { lanes.reduce(0) { $0 + $1.held.reduce(0) { $0 + $1.bytes } } }

    /// The bytes of one of them; 0 when there is none of this number.
    func heldBytes(_ lane: Int, _ number: UInt64) -> Int {
        lanes[lane].held.first { $0.number == number }?.bytes ?? 0
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
        if let held = lanes[lane].held.first { return .held(held.number) }
        guard let first = lanes[lane].first, first > lanes[lane].dropping ?? 0 else { return nil }
        return .from(first)
    }

    /// Notes that a batch is about to be sent, and that all before it in its lane is done: it was passed over.
    ///
    /// - Returns: whether it may be stored by an attempt before; nil when it was dropped in the meantime, or is being
    ///   dropped, and must not be sent.
    mutating func begin(_ lane: Int, _ number: UInt64) -> Bool? {
        let mayBeStored = lanes[lane].mayBeStored(number)
        if !lanes[lane].isHeld(number) {
            guard lanes[lane].held.isEmpty, number > lanes[lane].acknowledged, number <= lanes[lane].end,
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
        if lanes[lane].isHeld(number) {
            lanes[lane].held.removeAll { $0.number == number }
        } else {
            lanes[lane].advance(to: number)
        }
    }

    /// Notes numbers of a lane that the ledger says are not to be sent.
    mutating func add(_ void: LedgerEntry.Void) {
        let index = void.priority.rawValue
        let first = max(void.numbers.lowerBound, lanes[index].acknowledged + 1)
        guard first <= void.numbers.upperBound else { return }
        lanes[index].voids.append(first...void.numbers.upperBound)
        lanes[index].voids.sort { $0.lowerBound < $1.lowerBound }
        lanes[index].advance(to: lanes[index].acknowledged)
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
        /// Batches that must be kept apart, because they may be stored.
        var keeps: ClosedRange<UInt64>?
    }

    /// Begins to drop the first file of a lane that has something to drop: from now on nothing of it is sent.
    ///
    /// - Parameters:
    ///   - priority: of which lane.
    ///   - bound: tells the first number of the file behind that of a number; nil when there is none.
    /// - Returns: what is to be dropped; nil when nothing may be.
    mutating func beginDrop(_ priority: Priority, bound: (UInt64) -> UInt64?) -> Drop? {
        let lane = lanes[priority.rawValue]
        guard lane.dropping == nil, let first = lane.first, let certain = lane.droppable else { return nil }
        let through = max(certain, bound(certain).map { min($0 - 1, lane.end) } ?? lane.end)
        lanes[priority.rawValue].dropping = through
        return Drop(
            priority: priority, numbers: certain...through, keeps: first < certain ? first...(certain - 1) : nil)
    }

    /// Takes back what ``beginDrop(_:bound:)`` did.
    mutating func cancelDrop(_ drop: Drop) { lanes[drop.priority.rawValue].dropping = nil }

    /// The part is dropped.
    ///
    /// - Parameters:
    ///   - drop: what ``beginDrop(_:bound:)`` gave.
    ///   - kept: the batches that were kept apart, ascending.
    /// - Returns: those of them that need not be: they were acknowledged in the meantime.
    mutating func finishDrop(_ drop: Drop, kept: [Held]) -> [Held] {
        let index = drop.priority.rawValue
        lanes[index].dropping = nil
        let acknowledged = lanes[index].acknowledged
        lanes[index].held += kept.filter { $0.number > acknowledged }
        lanes[index].floor = drop.numbers.upperBound
        lanes[index].advance(to: drop.numbers.upperBound)
        return kept.filter { $0.number <= acknowledged }
    }
}

/// Places of lanes in ``SpoolState/lanes``.
enum LaneIndex {
    static let old = Priority.allCases.count
}
