/// How full the disk is, and what follows from it.
package enum PressureStage: Int, Comparable, Sendable, CaseIterable {
    /// Enough room.
    case normal
    /// Segments move to colder tiers before their time.
    case early
    /// Only the newest segments stay hot.
    case high
    /// Events are refused, segments lose what only makes searching faster, and what policy allows is deleted at once.
    case critical

    /// Less pressure comes first.
    package static func < (left: PressureStage, right: PressureStage) -> Bool { left.rawValue < right.rawValue }

    /// A word for metrics and answers.
    package var word: String {
        switch self {
        case .normal: "normal"
        case .early: "early"
        case .high: "high"
        case .critical: "critical"
        }
    }

    /// What is done about it, as a sentence without a full stop.
    package var measures: String {
        switch self {
        case .normal: "there is enough room"
        case .early: "segments move to colder tiers before their time"
        case .high: "only the newest segments stay hot, all others move to colder tiers"
        case .critical:
            "events are refused, expired segments are removed at once, the others lose what only makes searching faster, "
                + "and what the rules allow is deleted"
        }
    }
}

/// The room of the disk that holds the data.
package struct DiskRoom: Equatable, Sendable {
    /// Bytes in use, by anybody.
    package var used: UInt64
    /// Bytes that this program may still write.
    package var available: UInt64

    /// Describes a disk.
    package init(used: UInt64, available: UInt64) {
        self.used = used
        self.available = available
    }

    /// The share in use of what could be in use, 0 to 100: what `df` shows.
    package var percentUsed: Double {
        used + available == 0 ? 100 : Double(used) * 100 / Double(used + available)
    }
}

/// From when on the disk counts as full.
package struct PressureLimits: Equatable, Sendable {
    /// Percent of the disk in use from which ``PressureStage/early`` holds.
    package var early = 80.0
    /// Percent of the disk in use from which ``PressureStage/high`` holds.
    package var high = 90.0
    /// Percent of the disk in use from which ``PressureStage/critical`` holds.
    package var critical = 95.0
    /// Points that must be free again before a stage ends, so that it does not come and go.
    package var hysteresis = 2.0
    /// Free bytes with which there is no pressure, whatever the share: 5 % of a very large disk is a lot of room.
    package var enoughBytes: UInt64 = 100 << 30

    /// The defaults: 80, 90 and 95 %.
    package init() {}

    func threshold(_ stage: PressureStage) -> Double {
        switch stage {
        case .normal: 0
        case .early: early
        case .high: high
        case .critical: critical
        }
    }
}

/// The pressure on the disk as a state machine: it rises at once, and falls a little later.
package struct DiskPressure: Equatable, Sendable {
    /// The stage at the last observation.
    package private(set) var stage = PressureStage.normal
    /// The limits.
    package let limits: PressureLimits

    /// Begins without pressure.
    package init(_ limits: PressureLimits) { self.limits = limits }

    /// Looks at the disk.
    ///
    /// - Returns: the new stage when it has changed, else nil.
    package mutating func observe(_ room: DiskRoom) -> PressureStage? {
        let before = stage
        let percent = room.available >= limits.enoughBytes ? 0 : room.percentUsed
        let reached = PressureStage.allCases.last { percent >= limits.threshold($0) } ?? .normal
        if reached >= stage {
            stage = reached
        } else {
            // Falls to the highest stage that has not been left by enough.
            let held = PressureStage.allCases.last { percent >= limits.threshold($0) - limits.hysteresis } ?? .normal
            stage = min(stage, max(reached, held))
        }
        return stage == before ? nil : stage
    }

    /// How much has to be freed until a stage has safely ended.
    ///
    /// - Parameters:
    ///   - room: of the disk.
    ///   - ending: the stage; the first by default, with which all pressure ends.
    /// - Returns: bytes; 0 when the stage does not hold.
    package func surplus(_ room: DiskRoom, ending: PressureStage = .early) -> UInt64 {
        guard ending > .normal, stage >= ending else { return 0 }
        let whole = Double(room.used + room.available)
        let goal = whole * max(0, limits.threshold(ending) - limits.hysteresis) / 100
        // A stage has ended below its limit, not at it.
        return UInt64(max(0, (Double(room.used) - goal).rounded(.down))) + (ending == .early ? 0 : 1)
    }
}
