/// When a program is started again. Pure. Times are nanoseconds.
struct ProgramSchedule {
    private let repetition: ProgramOptions.Repetition
    /// How long to wait before the next start of one that should not have ended.
    private var pause = ProgramSchedule.shortest

    /// Waits of programs that should not have ended grow from here ...
    static let shortest: UInt64 = 1_000_000_000
    /// ... to here; one that has run for so long is one that works.
    static let longest: UInt64 = 60_000_000_000

    init(_ repetition: ProgramOptions.Repetition) {
        self.repetition = repetition
    }

    /// How long to wait before the next start, for one that was started and has ended.
    mutating func wait(started: UInt64, ended: UInt64) -> UInt64 {
        switch repetition {
        case .every(let interval):
            // Starts that were missed are not made up for.
            let spent = (ended &- started) % interval
            return interval - spent
        case .always:
            if ended &- started >= ProgramSchedule.longest { pause = ProgramSchedule.shortest }
            defer { pause = min(2 * pause, ProgramSchedule.longest) }
            return pause
        }
    }
}
