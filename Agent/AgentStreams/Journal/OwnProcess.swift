import Glibc
import SystemIO

/// What the journal says of the entries of this very process: the agent does not follow its own log.
///
/// A number by itself tells nothing. The journal also has entries of earlier boots, and one that is read from a container
/// has those of the host, whose processes have the same numbers as the container's.
package struct OwnProcess: Sendable, Equatable {
    /// The process.
    package var pid: Int32
    /// The boot of the machine as the journal writes it, 32 digits; nil where the PID is none that a journal knows.
    package var boot: String?
    /// What systemd calls this start of the unit, 32 digits; nil when this is no unit's main process.
    package var invocation: String?

    /// Describes a process.
    package init(pid: Int32, boot: String? = nil, invocation: String? = nil) {
        self.pid = pid
        self.boot = boot
        self.invocation = invocation
    }

    /// This one.
    package static var current: OwnProcess {
        func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
        var process = OwnProcess(pid: getpid())
        // Others inherit the variables, which then name somebody else.
        if variable("SYSTEMD_EXEC_PID") == String(process.pid) {
            process.invocation = variable("INVOCATION_ID").flatMap(OwnProcess.identifier)
        }
        // The kernel gives the first namespace of PIDs this number, which is that of journald.
        if FileSystem.linkTarget("/proc/self/ns/pid")?.hasSuffix("pid:[4026531836]") ?? false {
            let text = (try? OpenFile("/proc/sys/kernel/random/boot_id", .read).bytes(at: 0, count: 64)) ?? []
            process.boot = OwnProcess.identifier(String(decoding: text, as: UTF8.self))
        }
        return process
    }

    /// An identifier of 128 bits as journald writes it; nil when it is none.
    private static func identifier(_ text: String) -> String? {
        let digits = text.lowercased().filter { $0 != "-" && $0 != "\n" }
        return digits.utf8.count == 32 && digits.allSatisfy(\.isHexDigit) ? digits : nil
    }

    /// Fields, `NAME=value`: an entry that has all of one of these lists is the process's own.
    package var entries: [[String]] {
        (invocation.map { [["_SYSTEMD_INVOCATION_ID=\($0)"]] } ?? [])
            + (boot.map { [["_PID=\(pid)", "_BOOT_ID=\($0)"]] } ?? [])
    }
}
