import Glibc
import SystemIO

/// The service manager that has started the program, told how it is by the protocol of `sd_notify(3)`.
///
/// Nothing is linked for it: a message is one datagram of `KEY=value` lines to the socket that `NOTIFY_SOCKET` names.
/// Without that variable nobody listens, and each message is left out.
package struct ServiceManager: Sendable {
    /// Nanoseconds after which the manager takes the program for dead when it has not heard of it; nil when it does not
    /// watch.
    package let watchdogNanos: UInt64?
    private let address: String?

    /// Reads what the manager has put into the environment.
    ///
    /// - Parameters:
    ///   - environment: the value of a variable.
    ///   - process: the id of this process: a watchdog that is meant for another is not ours.
    package init(environment: (String) -> String?, process: Int32 = getpid()) {
        address = environment("NOTIFY_SOCKET").flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
        let isOurs = environment("WATCHDOG_PID").map { Int32($0) == process } ?? true
        let micros = environment("WATCHDOG_USEC").flatMap { UInt64($0) } ?? 0
        watchdogNanos = isOurs && micros > 0 ? micros.multipliedReportingOverflow(by: 1_000).partialValue : nil
    }

    /// It works.
    package func ready(_ status: String) { send("READY=1\nSTATUS=\(line(status))") }

    /// It reads its configuration again; ``ready(_:)`` follows.
    package func reloading() {
        send("RELOADING=1\nMONOTONIC_USEC=\(SystemClock.monotonicNanos() / 1_000)")
    }

    /// It ends.
    package func stopping() { send("STOPPING=1") }

    /// It is alive.
    package func alive() { send("WATCHDOG=1") }

    /// What `systemctl status` shows of it.
    package func status(_ text: String) { send("STATUS=\(line(text))") }

    private func line(_ text: String) -> String { String(text.map { $0.isNewline ? " " : $0 }) }

    private func send(_ message: String) {
        guard let address, let target = UnixAddress(address) else { return }
        let flags = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, flags, 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let bytes = Array(message.utf8)
        // A manager that does not listen any more is not our fault, and there is nobody else to tell.
        _ = target.withSockaddr { pointer, length in
            sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), pointer, length)
        }
    }
}

/// The address of a socket of the file system, or behind `@` of Linux' abstract names.
struct UnixAddress {
    private var address = sockaddr_un()
    private let length: socklen_t

    /// Makes it; nil when the path is too long for the kernel.
    init?(_ path: String) {
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard !bytes.isEmpty, bytes.count < room else { return nil }
        let isAbstract = bytes[0] == UInt8(ascii: "@")
        if isAbstract { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let head = MemoryLayout<sockaddr_un>.size - room
        // An abstract name ends where it is said to; a path with its NUL.
        length = socklen_t(head + bytes.count + (isAbstract ? 0 : 1))
    }

    func withSockaddr<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}
