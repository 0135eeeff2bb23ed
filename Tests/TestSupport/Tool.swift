import Glibc
import SystemIO

/// A program of the system that could not be run, or said that it failed.
package struct ToolFailure: Error, CustomStringConvertible {
    package let description: String
}

/// Runs a program of the system to its end.
///
/// - Parameters:
///   - words: its path, and its arguments.
///   - input: what it reads from standard input.
/// - Throws: ``ToolFailure`` when it cannot be started or ends with another code than 0; then with what it wrote.
package func runTool(_ words: [String], input: [UInt8] = []) throws {
    let directory = try TemporaryDirectory()
    try FileSystem.writeAtomically("\(directory.path)/in", input)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "\(directory.path)/in", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "\(directory.path)/out", O_WRONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var id: pid_t = 0
    let code = posix_spawn(&id, words[0], &actions, nil, &arguments, environ)
    guard code == 0 else { throw ToolFailure(description: "\(words[0]) cannot be started (errno \(code))") }
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else {
        let output = try FileSystem.contents("\(directory.path)/out", limit: 1 << 20)
        throw ToolFailure(
            description: "\(words.joined(separator: " ")): status \(status): \(String(decoding: output, as: UTF8.self))"
        )
    }
}
