import Glibc
import SystemIO

/// The directory with everything a collector keeps, held by one process at a time.
package final class DataDirectory: Sendable {
    /// The path.
    package let path: String
    /// The lock lasts as long as this is open.
    private let lock: OpenFile

    /// Makes the directory when it is missing, and locks it.
    ///
    /// - Throws: ``StartError`` when another collector has it, or it cannot be written to.
    package init(_ path: String) throws(StartError) {
        self.path = path
        do throws(IOError) {
            try FileSystem.createDirectory(path)
            lock = try OpenFile(path, .directory)
            try lock.lockExclusively()
        } catch {
            if error.isBusy {
                throw StartError(
                    "another collector uses the data directory \(path): stop it or choose another with --data")
            }
            throw StartError("the data directory \(path) cannot be used: \(error)")
        }
        guard access(path, W_OK | X_OK) == 0 else {
            throw StartError(
                "the data directory \(path) cannot be written to: check its owner and mode, or choose another with --data"
            )
        }
    }

    // Explicitly: a child that is just being started has a copy of the descriptor, which keeps the lock.
    deinit { lock.unlock() }

    /// Where data goes when nobody says: /var/lib/lodge where it may be written, else the user's own data directory.
    package static func usual(environment: (String) -> String?) -> String {
        let system = "/var/lib/lodge"
        if geteuid() == 0 || access(system, W_OK | X_OK) == 0 { return system }
        if let data = environment("XDG_DATA_HOME"), data.hasPrefix("/") { return "\(data)/lodge" }
        if let home = environment("HOME"), home.hasPrefix("/") { return "\(home)/.local/share/lodge" }
        return system
    }
}

/// Why a collector does not start.
package struct StartError: Error, Sendable, CustomStringConvertible {
    /// A sentence without a full stop: what failed, on what, what to do.
    package var description: String

    /// Makes an error.
    package init(_ description: String) {
        self.description = description
    }
}
