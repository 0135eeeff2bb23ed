package import AgentPipeline
package import ServerTLS

/// One place where syslog is listened for.
package struct SyslogOptions: Sendable {
    /// Where.
    package var address: SyslogAddress
    /// How messages are read.
    package var profile = SourceProfile(format: .syslog)
    /// For `tls`.
    package var tls: ServerTLSFiles?
    /// The longest message over a connection that is one event.
    package var messageBytes = 64 << 10
    /// How many connections there are at most; more wait to be accepted.
    package var connections = 256
    /// When there are that many, nanoseconds after which one that is quiet gives way to another.
    package var idleNanos: UInt64 = 600_000_000_000
    /// What is asked of the kernel as room for datagrams; it gives what it may.
    package var receiveBuffer = 4 << 20
    /// The permissions of a socket in the file system.
    package var mode: UInt32 = 0o666

    /// The usual ones.
    package init(_ address: SyslogAddress) {
        self.address = address
    }

    /// The source that listens there.
    package var source: any StreamSource {
        switch address {
        case .udp, .unix: SyslogDatagrams(self)
        case .tcp, .tls: SyslogConnections(self)
        }
    }
}
