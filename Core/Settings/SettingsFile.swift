import Glibc

/// The largest configuration file that is read.
package let settingsFileLimit = 1 << 20

/// Reads a YAML configuration file and hands its top level to `body`, which asks for each key it knows.
///
/// Keys that `body` did not ask for are an error that names the nearest known one.
/// - Throws: `SettingsError` when the file cannot be read, is larger than ``settingsFileLimit``, is not YAML, or does
///   not say what `body` expects.
package func readSettings<T>(
    path: String, _ body: (inout SettingsMapping) throws(SettingsError) -> T
) throws(SettingsError) -> T {
    try readSettings(text: try fileContent(path), file: path, environment: processEnvironment, body)
}

/// Like ``readSettings(path:_:)`` for a text in memory.
package func readSettings<T>(
    text: [UInt8], file: String, environment: @escaping (String) -> String? = processEnvironment,
    _ body: (inout SettingsMapping) throws(SettingsError) -> T
) throws(SettingsError) -> T {
    if text.count > settingsFileLimit { throw tooLarge(file) }
    let root = try YAMLParser.parse(text, file: file, environment: environment)
    guard case .mapping(let entries) = root.content else {
        if root.isNull {
            var empty = SettingsMapping(file: file, position: root.position, path: "", entries: [])
            return try body(&empty)
        }
        throw SettingsError(
            file: file, position: root.position, message: "the file must hold keys (`name: value`), not \(root.kind)")
    }
    var mapping = SettingsMapping(file: file, position: root.position, path: "", entries: entries)
    let result = try body(&mapping)
    try mapping.finish()
    return result
}

/// The value of an environment variable of this process.
package func processEnvironment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
}

private func tooLarge(_ file: String) -> SettingsError {
    SettingsError(file: file, position: nil, message: "is larger than \(settingsFileLimit >> 20) MiB")
}

private func fileContent(_ path: String) throws(SettingsError) -> [UInt8] {
    func failed(_ what: String) -> SettingsError {
        SettingsError(file: path, position: nil, message: "\(what): \(String(cString: strerror(errno)))")
    }
    let fd = open(path, O_RDONLY | O_CLOEXEC)
    if fd < 0 { throw failed("cannot be opened") }
    defer { close(fd) }
    var content: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = read(fd, &chunk, chunk.count)
        if count < 0 {
            if errno == EINTR { continue }
            throw failed("cannot be read")
        }
        if count == 0 { return content }
        content.append(contentsOf: chunk[..<count])
        if content.count > settingsFileLimit { throw tooLarge(path) }
    }
}
