/// One thing that the agent looks at again and again, so that somebody learns when it fails.
package struct Check: Sendable, Equatable {
    /// What is looked at.
    package enum Probe: Sendable, Equatable {
        /// An address answers over HTTP.
        case http(HTTPExpectation)
        /// Somebody accepts connections.
        case tcp(host: String, port: Int)
        /// A systemd unit is active.
        case unit(String)
        /// So many processes of a name run.
        case process(name: String, atLeast: Int)
        /// The file system that holds a path has room.
        case disk(path: String, DiskBounds)
        /// A program says so by its exit code, as plugins of Nagios do; its path and its arguments.
        case command([String])

        /// The word of the configuration for it.
        package var kind: String {
            switch self {
            case .http: "http"
            case .tcp: "tcp"
            case .unit: "unit"
            case .process: "process"
            case .disk: "disk"
            case .command: "command"
            }
        }

        /// What it looks at, for people.
        package var target: String {
            switch self {
            case .http(let expectation): expectation.url
            case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            case .unit(let name), .process(let name, _): name
            case .disk(let path, _): path
            case .command(let arguments): arguments.joined(separator: " ")
            }
        }
    }

    /// What an HTTP answer must be.
    package struct HTTPExpectation: Sendable, Equatable {
        /// The address, http or https.
        package var url: String
        /// Status codes that are well.
        package var statuses: [ClosedRange<Int>] = [200...399]
        /// Text that must be within the first 64 KiB of the body; nil for any body.
        package var text: String?

        /// Any answer that is no error.
        package init(url: String) {
            self.url = url
        }
    }

    /// Shares of a file system in use, percent of bytes or of inodes, from which on it is not well.
    package struct DiskBounds: Sendable, Equatable {
        /// A warning from here on.
        package var warning = 80.0
        /// Unhealthy from here on.
        package var unhealthy = 90.0

        /// The defaults.
        package init() {}
    }

    /// The service whose health it is.
    package var service: String
    /// The namespace of the service; empty for none.
    package var namespace = ""
    /// The cluster of the service; empty for none.
    package var cluster = ""
    /// What is looked at.
    package var probe: Probe
    /// How often.
    package var interval = Duration.seconds(30)
    /// How long one look may take.
    package var timeout = Duration.seconds(5)
    /// A look that takes longer is a warning; nil for never.
    package var slowAfter: Duration?
    /// A look that takes longer counts as a failure; nil for never.
    package var tooSlowAfter: Duration?
    /// Failures in a row that make it unhealthy; before, they are warnings.
    package var failures = 1
    /// Services that this one needs; told with what is known of them here.
    package var dependencies: [String] = []

    /// A check every 30 s.
    package init(service: String, _ probe: Probe) {
        self.service = service
        self.probe = probe
    }
}
