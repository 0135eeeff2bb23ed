import ChildPrograms
import Glibc
import SystemIO

/// A program that is run for what it says. It gets no input, and a process group of its own, so that what it starts ends
/// with it.
struct ChildProcess {
    /// How it ended.
    enum Ending: Equatable {
        /// With an exit code.
        case exited(Int32)
        /// By a signal.
        case signalled(Int32)
        /// It took too long, and was killed.
        case timeout

        init(_ ending: ChildProgram.Ending) {
            switch ending {
            case .exited(let code): self = .exited(code)
            case .signalled(let signal): self = .signalled(signal)
            }
        }
    }

    /// Bytes of output that are kept; the rest is read and dropped.
    static let maximumOutput = 64 << 10
    /// How often it is looked at whether it has ended while something that it started still holds its output.
    private static let step: Int32 = 20

    /// The path of the program and its arguments.
    let arguments: [String]

    /// Runs it to its end. Blocks.
    ///
    /// - Parameters:
    ///   - timeout: nanoseconds after which it is killed.
    ///   - shouldStop: asked again and again; true kills it.
    /// - Returns: how it ended, and what it wrote to standard output and standard error.
    /// - Throws: a sentence when it cannot be started.
    func run(timeout: UInt64, shouldStop: () -> Bool) throws(ChildProgramError) -> (ending: Ending, output: [UInt8]) {
        var pipe = try PipeEnds()
        let child = try ChildProgram(arguments, output: pipe.writeEnd, errors: pipe.writeEnd)
        pipe.closeWriteEnd()
        let deadline = SystemClock.monotonicNanos() &+ timeout
        var output: [UInt8] = []
        var ending: Ending?
        var isOpen = true
        var pause: Int32 = 1
        while ending == nil {
            if isOpen {
                isOpen = read(pipe.read, into: &output)
            } else {
                // Mostly it ends right behind its output; but it may as well go on without any.
                _ = poll(nil, 0, pause)
                pause = min(2 * pause, Self.step)
            }
            ending = child.ending(waits: false).map { Ending($0) }
            if ending == nil, SystemClock.monotonicNanos() >= deadline || shouldStop() {
                child.signal(SIGKILL)
                _ = child.ending(waits: true)
                return (.timeout, output)
            }
        }
        // What it started and left behind goes as well, and what it wrote last is still in the pipe.
        child.signal(SIGKILL)
        _ = read(pipe.read, into: &output)
        return (ending ?? .timeout, output)
    }

    /// Reads what there is within a step; false at the end.
    private func read(_ descriptor: Int32, into output: inout [UInt8]) -> Bool {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, Self.step) > 0 else { return true }
        let count = withUnsafeTemporaryAllocation(byteCount: 4_096, alignment: 1) { buffer in
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count > 0 { output.append(contentsOf: buffer[..<min(count, max(0, Self.maximumOutput - output.count))]) }
            return count
        }
        return count > 0 || (count < 0 && errno == EINTR)
    }
}
