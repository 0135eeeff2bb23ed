import Glibc
import SystemIO
import Testing

/// One of our programs, running as a process of its own. It is killed when the value goes away.
final class RunningProgram {
    let name: String
    private(set) var id: pid_t = 0
    private let logPath: String
    private var isReaped = false

    /// Starts a program of the build that the tests belong to.
    ///
    /// - Parameters:
    ///   - name: e.g. `lodge-agent`.
    ///   - arguments: without the program's own name.
    ///   - logPath: where standard output and standard error are appended.
    ///   - environment: variables beside those of the tests, as `NAME=value`.
    ///   - user: the number of another user that it runs as; needs root.
    /// - Throws: when the program is not built or cannot be started.
    convenience init(
        _ name: String, _ arguments: [String], logPath: String, environment: [String] = [], user: String? = nil
    ) throws {
        let path = try RunningProgram.path(of: name)
        try self.init(at: path, arguments, logPath: logPath, environment: environment, user: user)
    }

    /// Starts a program by its path.
    init(
        at program: String, _ arguments: [String], logPath: String, environment: [String] = [], user: String? = nil
    ) throws {
        name = program.split(separator: "/").last.map(String.init) ?? program
        self.logPath = logPath
        var path = program
        var arguments = arguments
        if let user {
            arguments = ["--reuid", user, "--regid", user, "--clear-groups", path] + arguments
            path = "/usr/bin/setpriv"
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, logPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var own: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) }
        defer { for variable in own { free(variable) } }
        var inherited = environ
        while let variable = inherited.pointee {
            own.append(strdup(variable))
            inherited += 1
        }
        var variables = own + [nil]
        try #require(posix_spawn(&id, path, &actions, nil, &words, &variables) == 0, "cannot start \(path)")
    }

    deinit {
        if !isReaped { kill(SIGKILL) }
    }

    /// Sends a signal and waits for the end; returns the exit code, or minus the signal that ended it.
    @discardableResult
    func kill(_ signal: Int32) -> Int32 {
        _ = Glibc.kill(id, signal)
        return wait()
    }

    /// Waits for the end; returns the exit code, or minus the signal that ended it.
    @discardableResult
    func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        isReaped = true
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
    }

    /// What the program has printed so far.
    var log: String {
        (try? FileSystem.contents(logPath, limit: 16 << 20)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Where the programs of this build are: beside the tests' own.
    static func path(of name: String) throws -> String {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        try #require(count > 0, "cannot read /proc/self/exe")
        let own = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let path = FileSystem.parent(of: own) + "/" + name
        try #require(FileSystem.exists(path), "\(path) is not built")
        return path
    }
}
