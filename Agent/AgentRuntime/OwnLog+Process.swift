import AgentPipeline
import Glibc
import Settings

extension OwnLog {
    /// What this process logs, if that goes to systemd's journal: from there a syslog daemon may write it into files.
    static var ofThisProcess: OwnLog? {
        processEnvironment("JOURNAL_STREAM") == nil ? nil : OwnLog(program: "lodge-agent", process: Int(getpid()))
    }
}
