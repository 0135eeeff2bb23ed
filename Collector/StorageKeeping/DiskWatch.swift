package import Diagnostics
package import StoragePolicy
internal import Synchronization
package import SystemIO

/// Watches the disk that holds the data: how full it is, what follows from it, and the headroom. Any thread may ask; one
/// thread calls ``look()``.
package final class DiskWatch: Sendable {
    /// What was found at the last look.
    package struct Findings: Equatable, Sendable {
        /// How full the disk is, with the headroom counted as used whether it is reserved or not.
        package var room = DiskRoom(used: 0, available: 1)
        /// What follows from it.
        package var stage = PressureStage.normal
        /// Bytes that should be freed to end the pressure.
        package var surplus: UInt64 = 0
        /// Bytes that should be freed for events to be taken again; 0 while they are taken.
        package var criticalSurplus: UInt64 = 0
        /// Bytes that work may write which gives back more in the end. While the headroom is reserved, not so many that
        /// it would have to be given up; else half of what there is, and the other half is for what is in memory.
        package var workRoom: UInt64 = 0
        /// Bytes of the headroom when it is reserved.
        package var headroomBytes = 0
        /// Whether all of the headroom is reserved.
        package var isHeadroomHeld = false
    }

    /// Free bytes below which the headroom is given up, if it has more.
    private static let leastFreeBytes = 16 << 20

    private struct State {
        var pressure: DiskPressure
        var findings = Findings()
        /// Whether the file system was found to be unable to reserve anything.
        var cannotReserve = false
    }

    private let path: String
    private let headroom: Headroom
    private let log: DiagnosticLog
    private let measure: @Sendable (String) throws(IOError) -> FreeSpace
    private let state: Mutex<State>

    /// Begins to watch, and looks once: a disk that is full gives up its headroom before anything else is opened.
    ///
    /// - Parameters:
    ///   - path: the data directory.
    ///   - limits: from when on the disk counts as full.
    ///   - headroomBytes: the headroom; nil for the usual share of the disk.
    ///   - log: is told of each change.
    ///   - measure: gives the room of a disk; the system's own by default.
    package init(
        _ path: String, limits: PressureLimits, headroomBytes: Int?, log: DiagnosticLog,
        measure: @escaping @Sendable (String) throws(IOError) -> FreeSpace = { (path) throws(IOError) in
            try FileSystem.freeSpace(path)
        }
    ) {
        self.path = path
        self.log = log
        self.measure = measure
        let usual = (try? measure(path)).map { Headroom.usual(on: $0) } ?? 0
        headroom = Headroom(directory: path, bytes: headroomBytes ?? usual)
        state = Mutex(State(pressure: DiskPressure(limits)))
        look()
    }

    /// Whether there should be a headroom.
    package var wantsHeadroom: Bool { headroom.bytes > 0 }

    /// What was found at the last look.
    package var findings: Findings { state.withLock { $0.findings } }

    /// Measures the disk, sees to the headroom, and logs a change of stage.
    package func look() {
        do throws(IOError) {
            var space = try measure(path)
            if headroom.isHeld {
                if space.available < min(headroom.bytes, Self.leastFreeBytes) { space = try give() }
            } else if headroom.bytes > 0 {
                space = take(space)
            }
            note(space)
        } catch {
            log.warn("the room of the disk cannot be measured", ("error", error))
        }
    }

    private func give() throws(IOError) -> FreeSpace {
        try headroom.give()
        log.warn("the disk is full: the headroom was given up to keep working", ("bytes", headroom.bytes))
        return try measure(path)
    }

    /// Reserves the headroom when there is twice the room that it takes.
    private func take(_ space: FreeSpace) -> FreeSpace {
        guard space.available >= 2 * headroom.bytes, !state.withLock({ $0.cannotReserve }) else { return space }
        do throws(IOError) {
            try headroom.take()
            return try measure(path)
        } catch {
            if !error.isOutOfSpace {
                state.withLock { $0.cannotReserve = true }
                log.warn("no headroom can be reserved; a full disk may need a hand to start on", ("error", error))
            }
            return space
        }
    }

    private func workRoom(_ space: FreeSpace, _ isHeld: Bool) -> UInt64 {
        let free = isHeld ? space.available - min(headroom.bytes, Self.leastFreeBytes) : space.available / 2
        return UInt64(clamping: free)
    }

    private func note(_ space: FreeSpace) {
        let isHeld = headroom.isHeld
        let (findings, change) = state.withLock { state in
            // What is to be reserved again is not free: else giving it up would end the pressure.
            let owed = isHeld || state.cannotReserve ? 0 : min(headroom.bytes, space.available)
            let room = DiskRoom(
                used: UInt64(clamping: space.used + owed), available: UInt64(clamping: space.available - owed))
            let change = state.pressure.observe(room)
            state.findings = Findings(
                room: room, stage: state.pressure.stage, surplus: state.pressure.surplus(room),
                criticalSurplus: state.pressure.surplus(room, ending: .critical), workRoom: workRoom(space, isHeld),
                headroomBytes: isHeld ? headroom.bytes : 0, isHeadroomHeld: isHeld)
            return (state.findings, change)
        }
        guard let stage = change else { return }
        let percent = Int(findings.room.percentUsed.rounded())
        switch stage {
        case .normal: log.info("the pressure on the disk has ended", ("used_percent", percent))
        case .early, .high:
            log.warn(
                "the disk fills up", ("used_percent", percent), ("stage", stage.word), ("measures", stage.measures))
        case .critical:
            log.error(
                "the disk is nearly full, events are refused", ("used_percent", percent),
                ("available_bytes", findings.room.available), ("measures", stage.measures))
        }
    }
}
