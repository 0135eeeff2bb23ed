package import AgentPipeline
package import ChildPrograms

/// A program of whose output each line is an event.
package struct ProgramOptions: Sendable {
    /// When it is started.
    package enum Repetition: Sendable, Equatable {
        /// Each time so many nanoseconds have passed since the last start; above 0.
        case every(UInt64)
        /// It runs all the time: when it ends, it is started again, after a while that grows.
        case always
    }

    /// What it is called here.
    package var name: String
    /// The program and its arguments.
    package var command: [String]
    /// When it is started.
    package var repetition: Repetition
    /// Nanoseconds after which it is ended; nil for never.
    package var timeoutNanos: UInt64?
    /// How its lines are read.
    package var profile: SourceProfile

    /// Makes options.
    package init(
        name: String, command: [String], repetition: Repetition, timeoutNanos: UInt64? = nil,
        profile: SourceProfile = SourceProfile()
    ) {
        self.name = name
        self.command = command
        self.repetition = repetition
        self.timeoutNanos = timeoutNanos
        self.profile = profile
    }
}

/// How one run of a program ended.
package enum ProgramOutcome: Sendable, Equatable {
    /// By itself.
    case ended(ChildProgram.Ending)
    /// It took too long, and was ended.
    case timeout
    /// The agent was told to stop.
    case stopped
    /// It could not be started.
    case failed(String)
}
