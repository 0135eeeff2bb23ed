import SystemIO

/// A directory with files of systemd's journal, as journald writes them.
package final class JournalFiles {
    /// The program that makes them, of Debian's package systemd-journal-remote.
    private static let writer = "/lib/systemd/systemd-journal-remote"

    /// The directory.
    package let path: String
    /// Microseconds of the next entry.
    package var clock: UInt64 = 1_750_000_000_000_000
    /// Of which boot the next entries are.
    package var boot = "6c7c6013a26343b29e964691ff25d04c"
    private var monotonic: UInt64 = 1_000

    /// Makes the directory.
    package init(_ path: String) throws {
        self.path = path
        try FileSystem.createDirectory(path)
    }

    /// Appends entries to a file of the journal, each a list of fields.
    package func append(_ entries: [[(String, [UInt8])]], to file: String = "system.journal") throws {
        var input: [UInt8] = []
        for fields in entries {
            input += "__REALTIME_TIMESTAMP=\(clock)\n__MONOTONIC_TIMESTAMP=\(monotonic)\n_BOOT_ID=\(boot)\n".utf8
            clock += 1_000
            monotonic += 1_000
            for (name, value) in fields {
                input += name.utf8
                input.append(0x0A)
                withUnsafeBytes(of: UInt64(value.count).littleEndian) { input += $0 }
                input += value
                input.append(0x0A)
            }
            input.append(0x0A)
        }
        try runTool([Self.writer, "-o", "\(path)/\(file)", "-"], input: input)
    }

    /// Appends entries with a message, and fields that are the same in all.
    package func append(
        messages: [String], _ fields: [(String, String)] = [("PRIORITY", "6"), ("_SYSTEMD_UNIT", "shop.service")],
        to file: String = "system.journal"
    ) throws {
        let shared = fields.map { ($0.0, Array($0.1.utf8)) }
        try append(messages.map { [("MESSAGE", Array($0.utf8))] + shared }, to: file)
    }
}
