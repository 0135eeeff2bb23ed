import Glibc
package import SystemIO

/// A directory of its own for a test, below `TMPDIR` or `/tmp`; it is removed, with all that is in it, when the value goes.
package final class TemporaryDirectory: Sendable {
    /// Without a `/` at the end.
    package let path: String

    /// Makes the directory, readable by its owner only.
    ///
    /// - Throws: ``IOError`` when the place for temporary files takes no directory.
    package init() throws(IOError) {
        let parent = environment("TMPDIR") ?? "/tmp"
        var template = Array("\(parent)/lodge-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw IOError(.create, parent, errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileSystem.removeTree(path) }
}
