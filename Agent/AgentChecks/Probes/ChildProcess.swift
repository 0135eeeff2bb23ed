import CPosixShims
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
    func run(timeout: UInt64, shouldStop: () -> Bool) throws(ChildFailure) -> (ending: Ending, output: [UInt8]) {
        var pipes: [Int32] = [-1, -1]
        let code = lodge_pipe(&pipes)
        guard code == 0 else { throw ChildFailure("there is no pipe for it: \(text(-code))") }
        defer { close(pipes[0]) }
        let child = try spawn(writingTo: pipes[1])
        let deadline = SystemClock.monotonicNanos() &+ timeout
        var output: [UInt8] = []
        var ending: Ending?
        var status: Int32 = 0
        while ending == nil {
            let isOpen = read(pipes[0], into: &output)
            if waitpid(child, &status, isOpen ? WNOHANG : 0) == child { ending = Self.ending(status) }
            if ending == nil, SystemClock.monotonicNanos() >= deadline || shouldStop() {
                kill(-child, SIGKILL)
                while waitpid(child, &status, 0) == -1, errno == EINTR {}
                return (.timeout, output)
            }
        }
        // What it started and left behind goes as well, and what it wrote last is still in the pipe.
        kill(-child, SIGKILL)
        _ = read(pipes[0], into: &output)
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

    private func spawn(writingTo descriptor: Int32) throws(ChildFailure) -> pid_t {
        defer { close(descriptor) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, descriptor, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, descriptor, STDERR_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The agent's threads block all signals; a child would inherit that.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
        // The agent's own environment may hold the key of the collector.
        let environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"]
        var child: pid_t = 0
        let code = Self.withCStrings(arguments) { argv in
            Self.withCStrings(environment) { posix_spawnp(&child, arguments[0], &actions, &attributes, argv, $0) }
        }
        guard code == 0 else { throw ChildFailure("\(arguments[0]) cannot be started: \(text(code))") }
        return child
    }

    private func text(_ code: Int32) -> String { String(cString: strerror(code)) }

    private static func withCStrings<R>(
        _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R
    ) -> R {
        var pointers = texts.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return body(&pointers)
    }

    private static func ending(_ status: Int32) -> Ending {
        status & 0x7F == 0 ? .exited((status >> 8) & 0xFF) : .signalled(status & 0x7F)
    }
}

/// Why a program could not be started.
struct ChildFailure: Error, Equatable {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}
