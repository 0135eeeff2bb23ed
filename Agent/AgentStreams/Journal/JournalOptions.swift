package import AgentPipeline
import SystemdJournal

/// What is read of the journal.
package struct JournalOptions: Sendable {
    /// Where reading begins the first time.
    package enum Start: String, Sendable, CaseIterable {
        /// Behind what is there.
        case now
        /// With the last start of the machine.
        case boot
        /// With the oldest entry.
        case all
    }

    /// Units, such as `nginx.service`; none for all.
    package var units: [String] = []
    /// What programs call themselves; what is of one of the units or of these is read.
    package var identifiers: [String] = []
    /// The least important priority that is read, 0 to 7; nil for all, also for entries without any.
    package var priority: Int?
    /// A directory with files of a journal; nil for that of this machine.
    package var directory: String?
    /// Where reading begins the first time.
    package var since = Start.boot
    /// Names of fields that systemd adds (`_EXE`, `_BOOT_ID`) and that are read besides the usual ones.
    package var fields: [String] = []
    /// How events are made of entries.
    package var profile = SourceProfile(format: .journal)

    /// The journal of this machine since its start.
    package init() {}

    /// The names of priorities, from 0 on, as journalctl has them.
    package static let priorities = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"]

    /// What is asked of the library. As with journalctl, what systemd itself says of a unit counts as of the unit.
    var filter: SystemdJournal.Filter {
        var any: [[String]] = []
        for unit in units {
            any.append(["_SYSTEMD_UNIT=\(unit)"])
            any.append(["_PID=1", "UNIT=\(unit)"])
        }
        for identifier in identifiers { any.append(["SYSLOG_IDENTIFIER=\(identifier)"]) }
        return SystemdJournal.Filter(any: any, priorities: priority.map { Array(0...$0) } ?? [])
    }
}
