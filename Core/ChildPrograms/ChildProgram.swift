import CPosixShims
import Glibc

/// Why a program could not be started: a sentence without a full stop.
package struct ChildProgramError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What failed, on what, why.
    package var description: String
}

/// A program that runs beside this one, in a process group of its own, so that what it starts ends with it. It gets no
/// input and an environment of its own: that of this process may hold secrets.
package struct ChildProgram: Sendable, Equatable {
    /// How it ended.
    package enum Ending: Sendable, Equatable, CustomStringConvertible {
        /// With an exit code.
        case exited(Int32)
        /// By a signal.
        case signalled(Int32)

        /// What `waitpid` says.
        package init(status: Int32) {
            self = status & 0x7F == 0 ? .exited((status >> 8) & 0xFF) : .signalled(status & 0x7F)
        }

        /// For people.
        package var description: String {
            switch self {
            case .exited(let code): "exit code \(code)"
            case .signalled(let signal): "signal \(signal)"
            }
        }
    }

    /// Its number, and that of its group.
    package let id: Int32

    /// Starts a program. It is found as a shell finds it, in the usual directories.
    ///
    /// - Parameters:
    ///   - arguments: the program and its arguments; at least the first.
    ///   - output: its standard output; stays open here.
    ///   - errors: its standard error; stays open here.
    /// - Throws: ``ChildProgramError`` when it cannot be started.
    package init(_ arguments: [String], output: Int32, errors: Int32) throws(ChildProgramError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Our threads block all signals, and the process ignores SIGPIPE; a child would inherit both.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var usual = sigset_t()
        sigemptyset(&usual)
        sigaddset(&usual, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &usual)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"]
        var child: pid_t = 0
        let code = withCStrings(arguments) { argv in
            withCStrings(environment) { posix_spawnp(&child, arguments[0], &actions, &attributes, argv, $0) }
        }
        guard code == 0 else {
            throw ChildProgramError(description: "\(arguments[0]) cannot be started: \(errorText(code))")
        }
        id = child
    }

    /// Sends a signal to it and to what it has started.
    package func signal(_ number: Int32) { kill(-id, number) }

    /// How it ended; nil while it runs. Once it is told, the number may be another program's.
    ///
    /// - Parameter waits: whether to block until it has ended.
    /// - Returns: how it ended.
    package func ending(waits: Bool) -> Ending? {
        var status: Int32 = 0
        while true {
            let result = waitpid(id, &status, waits ? 0 : WNOHANG)
            if result == id { return Ending(status: status) }
            if result < 0, errno == EINTR { continue }
            // Somebody else has asked: how it ended is not known any more.
            return result < 0 ? .exited(-1) : nil
        }
    }
}

/// Two ends of a pipe, both closed on exec.
package struct PipeEnds: ~Copyable {
    /// What is written comes out here.
    package let read: Int32
    private var write: Int32

    /// Makes a pipe.
    ///
    /// - Throws: ``ChildProgramError`` when there are too many open files.
    package init() throws(ChildProgramError) {
        var ends: [Int32] = [-1, -1]
        let code = lodge_pipe(&ends)
        guard code == 0 else { throw ChildProgramError(description: "there is no pipe: \(errorText(-code))") }
        read = ends[0]
        write = ends[1]
    }

    deinit {
        close(read)
        if write >= 0 { close(write) }
    }

    /// The end to write to, for a child.
    package var writeEnd: Int32 { write }

    /// Leaves writing to the children that have the end: when they are gone, reading ends.
    package mutating func closeWriteEnd() {
        close(write)
        write = -1
    }
}

private func errorText(_ code: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    lodge_error_text(code, &buffer, buffer.count)
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

private func withCStrings<R>(
    _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R
) -> R {
    var pointers = texts.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return body(&pointers)
}
