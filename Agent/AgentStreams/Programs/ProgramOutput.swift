import AgentPipeline
import ChildPrograms
package import Diagnostics
import Glibc
import LogModel
import SystemIO

/// Runs a program and reads what it writes to standard output and standard error, line by line.
///
/// When there is no room, nothing is read: the program then waits when it writes, and that time does not count for its
/// timeout.
package struct ProgramOutput: StreamSource {
    private let options: ProgramOptions
    private let readsOnce: Bool
    private let ended: @Sendable (ProgramOutcome) -> Void

    /// How long a program has between SIGTERM and SIGKILL.
    private static let grace: UInt64 = 5_000_000_000

    /// Makes a source.
    ///
    /// - Parameters:
    ///   - options: what is run, and when.
    ///   - readsOnce: whether it is run once only.
    ///   - ended: hears of each end, on the source's thread.
    package init(
        _ options: ProgramOptions, readsOnce: Bool = false,
        ended: @escaping @Sendable (ProgramOutcome) -> Void = { _ in }
    ) {
        self.options = options
        self.readsOnce = readsOnce
        self.ended = ended
    }

    package var streams: [StreamDescription] {
        let path = "exec:\(options.name)"
        return [(path, "stdout"), ("\(path):stderr", "stderr")].map { path, name in
            StreamDescription(path: path, profile: options.profile, shared: SharedField("stream", Array(name.utf8)))
        }
    }

    package func run(into inboxes: [StreamInbox], until stop: StopSignal, log: DiagnosticLog) {
        var schedule = ProgramSchedule(options.repetition)
        while !stop.isRaised {
            let started = SystemClock.monotonicNanos()
            let outcome: ProgramOutcome
            do throws(ChildProgramError) {
                outcome = try runOnce(inboxes, stop)
            } catch { outcome = .failed(error.description) }
            tell(outcome, log)
            if readsOnce || stop.isRaised { return }
            let wait = schedule.wait(started: started, ended: SystemClock.monotonicNanos())
            let due = SystemClock.monotonicNanos() &+ wait
            while !stop.isRaised {
                let now = SystemClock.monotonicNanos()
                if now >= due { break }
                stop.wait(milliseconds: Int(clamping: (due - now) / 1_000_000) + 1)
            }
        }
    }

    private func tell(_ outcome: ProgramOutcome, _ log: DiagnosticLog) {
        ended(outcome)
        switch outcome {
        case .ended(.exited(0)) where options.repetition != .always: break
        case .ended(let ending): log.warn("a program has ended", ("program", options.name), ("how", ending))
        case .timeout: log.warn("a program took too long and was ended", ("program", options.name))
        case .stopped: break
        case .failed(let reason): log.error("a program cannot be run", ("program", options.name), ("reason", reason))
        }
    }

    private func runOnce(_ inboxes: [StreamInbox], _ stop: StopSignal) throws(ChildProgramError) -> ProgramOutcome {
        var output = try PipeEnds()
        var errors = try PipeEnds()
        let child = try ChildProgram(options.command, output: output.writeEnd, errors: errors.writeEnd)
        output.closeWriteEnd()
        errors.closeWriteEnd()
        for end in [output.read, errors.read] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        let reading = ProgramReading(child, [output.read, errors.read], inboxes)
        return reading.run(timeout: options.timeoutNanos, grace: ProgramOutput.grace, stop)
    }
}

/// One run of a program, on the source's thread.
private final class ProgramReading {
    private let child: ChildProgram
    /// Standard output and standard error; -1 for one that has ended.
    private var ends: [Int32]
    private let inboxes: [StreamInbox]
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)
    /// How long nobody had room for what it wrote.
    private var held: UInt64 = 0
    private var isRefused = false

    /// Milliseconds after which it is looked at whether it has taken too long.
    private static let step: Int32 = 100
    /// The same for whether it has ended while something that it started still has its output.
    private static let idleStep: Int32 = 1_000

    init(_ child: ChildProgram, _ ends: [Int32], _ inboxes: [StreamInbox]) {
        self.child = child
        self.ends = ends
        self.inboxes = inboxes
    }

    func run(timeout: UInt64?, grace: UInt64, _ stop: StopSignal) -> ProgramOutcome {
        let started = SystemClock.monotonicNanos()
        var outcome: ProgramOutcome?
        var killAt: UInt64?
        var ending: ChildProgram.Ending?
        while ending == nil {
            wait(stop, isStopping: outcome != nil, hasTimeout: timeout != nil)
            readAll(rounds: 1)
            ending = child.ending(waits: false)
            let now = SystemClock.monotonicNanos()
            if outcome == nil {
                if stop.isRaised || isRefused {
                    outcome = .stopped
                } else if let timeout, now &- started >= timeout &+ held {
                    outcome = .timeout
                }
                if outcome != nil, ending == nil {
                    child.signal(SIGTERM)
                    killAt = now &+ grace
                }
            } else if let at = killAt, now >= at {
                child.signal(SIGKILL)
                killAt = nil
            }
        }
        // What it started and left behind goes as well; what it wrote last is still in the pipe.
        child.signal(SIGKILL)
        readAll(rounds: 16)
        let arrival = Timestamp(nanoseconds: SystemClock.wallNanos())
        for inbox in inboxes { _ = inbox.put(StreamRun([], .lines(isLast: true), arrival: arrival)) }
        return outcome ?? ending.map { .ended($0) } ?? .stopped
    }

    private func wait(_ stop: StopSignal, isStopping: Bool, hasTimeout: Bool) {
        var polled = ends.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        polled.append(pollfd(fd: isStopping ? -1 : stop.descriptor, events: Int16(POLLIN), revents: 0))
        // Without output all that is left is its end, which is near.
        let step = ends == [-1, -1] ? 10 : isStopping || hasTimeout ? ProgramReading.step : ProgramReading.idleStep
        _ = poll(&polled, nfds_t(polled.count), step)
    }

    /// Reads what there is of both, each at most so many times.
    private func readAll(rounds: Int) {
        for index in ends.indices {
            var round = 0
            while round < rounds, ends[index] >= 0, !isRefused {
                round += 1
                let count = read(ends[index], &buffer, buffer.count)
                if count < 0, errno == EAGAIN || errno == EINTR { break }
                if count <= 0 {
                    ends[index] = -1
                    break
                }
                let now = SystemClock.monotonicNanos()
                let run = StreamRun(
                    Array(buffer.prefix(count)), .lines(isLast: false),
                    arrival: Timestamp(nanoseconds: SystemClock.wallNanos()))
                if !inboxes[index].put(run) { isRefused = true }
                held &+= SystemClock.monotonicNanos() &- now
            }
        }
    }
}
