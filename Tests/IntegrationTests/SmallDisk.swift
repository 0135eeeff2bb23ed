import Glibc
import SystemIO
import TestSupport
import Testing

/// A file system of a few megabytes in memory, mounted for a test. Needs the right to mount.
final class SmallDisk {
    private let directory: TemporaryDirectory
    var path: String { directory.path }

    /// Whether this machine lets the tests mount. Found out once, by trying.
    static let isAllowed: Bool = (try? SmallDisk(bytes: 1 << 20)) != nil

    init(bytes: Int) throws {
        directory = try TemporaryDirectory()
        guard Self.run(["/bin/mount", "-t", "tmpfs", "-o", "size=\(bytes)", "tmpfs", directory.path]) == 0 else {
            throw NotAllowed()
        }
    }

    struct NotAllowed: Error {}

    deinit { _ = Self.run(["/bin/umount", "-l", path]) }

    /// Writes a file of zeros until the disk has no more room.
    func fill() throws {
        let file = try OpenFile("\(path)/filler", .create)
        let zeros = [UInt8](repeating: 0, count: 4_096)
        var offset = try file.status().size
        do throws(IOError) {
            while true {
                try file.write(zeros, at: offset)
                offset += zeros.count
            }
        } catch {
            if !error.isOutOfSpace { throw error }
        }
    }

    func removeFiller() throws { try FileSystem.remove("\(path)/filler") }

    private static func run(_ words: [String]) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in [1, 2] as [Int32] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
        }
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var id: pid_t = 0
        guard posix_spawn(&id, words[0], &actions, nil, &arguments, environ) == 0 else { return -1 }
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        return status
    }
}
