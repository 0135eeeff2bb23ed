import SystemIO
import TestSupport

extension TemporaryDirectory {
    /// The content of a file in it.
    func text(_ name: String) throws -> String {
        String(decoding: try FileSystem.contents("\(path)/\(name)", limit: 64 << 20), as: UTF8.self)
    }
}
