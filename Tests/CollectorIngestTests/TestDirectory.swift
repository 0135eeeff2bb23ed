import Glibc
import SystemIO

/// A directory of its own for one test, removed at the end.
final class TestDirectory: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/lodge-test.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw IOError(.create, "/tmp", errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileSystem.removeTree(path) }

    func text(_ name: String) throws -> String {
        String(decoding: try FileSystem.contents("\(path)/\(name)", limit: 64 << 20), as: UTF8.self)
    }
}
