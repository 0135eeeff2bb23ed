package import AgentPipeline
package import LogModel

/// A source of events that is no file: the journal, a socket, the output of a program.
package struct StreamDescription: Sendable {
    /// What it is called, such as `journal` or `syslog:udp:0.0.0.0:514`: no path of a file.
    package let path: String
    /// How its events are read.
    package let profile: SourceProfile
    /// A field of all its events.
    package let shared: SharedField?

    /// Describes a stream.
    package init(path: String, profile: SourceProfile, shared: SharedField? = nil) {
        self.path = path
        self.profile = profile
        self.shared = shared
    }
}

/// Some bytes that a stream has brought at one time.
package struct StreamRun: Sendable {
    /// One event within the bytes.
    package struct Record: Sendable, Equatable {
        /// Where it ends; it begins where the one before ends.
        package var end: Int
        /// Its number, from 1, when it is a part of what is too long for one event; else 0.
        package var part: Int

        /// Makes it.
        package init(end: Int, part: Int = 0) {
            self.end = end
            self.part = part
        }
    }

    /// What the bytes are.
    package enum Content: Sendable, Equatable {
        /// Whole events, one behind the other, without anything between them.
        case records([Record])
        /// Lines, which begin and end anywhere. `isLast` tells that what follows begins a new one.
        case lines(isLast: Bool)
    }

    /// The bytes.
    package var bytes: [UInt8]
    /// What they are.
    package var content: Content
    /// When they came.
    package var arrival: Timestamp
    /// A field of all of them.
    package var shared: SharedField?
    /// Where the stream goes on behind them, for one that can; records of the journal tell that themselves.
    package var cursor: String?

    /// Makes a run.
    package init(
        _ bytes: [UInt8], _ content: Content, arrival: Timestamp, shared: SharedField? = nil, cursor: String? = nil
    ) {
        self.bytes = bytes
        self.content = content
        self.arrival = arrival
        self.shared = shared
        self.cursor = cursor
    }

    /// Bytes of memory, about.
    var cost: Int {
        guard case .records(let records) = content else { return bytes.count + 256 }
        return bytes.count + 256 + records.count * MemoryLayout<Record>.stride
    }

    /// What goes with it when it cannot be kept, from a record on.
    func loss(from record: Int = 0) -> StreamLoss {
        guard case .records(let records) = content, record <= records.count else {
            return StreamLoss(.stopped, events: 0, bytes: bytes.count)
        }
        let start = record == 0 ? 0 : records[record - 1].end
        return StreamLoss(.stopped, events: records.count - record, bytes: bytes.count - start)
    }
}

/// Events that are gone before they could be read.
package struct StreamLoss: Sendable, Equatable {
    /// What has become of them.
    package enum Reason: String, Sendable {
        /// The kernel dropped datagrams for which there was no room.
        case dropped = "syslog_dropped"
        /// The end of a datagram did not fit.
        case truncated = "syslog_truncated"
        /// journald removed entries before they were read.
        case vacuumed = "journal_vacuumed"
        /// The agent was stopped while there was no room in the spool.
        case stopped = "stopped_without_room"
    }

    /// What has become of them.
    package var reason: Reason
    /// How many, as far as known.
    package var events: Int
    /// How many bytes, as far as known.
    package var bytes: Int
    /// When they came at the earliest and the latest; nil for the present moment.
    package var times: ClosedRange<Timestamp>?

    /// Describes a loss.
    package init(_ reason: Reason, events: Int, bytes: Int = 0, times: ClosedRange<Timestamp>? = nil) {
        self.reason = reason
        self.events = events
        self.bytes = bytes
        self.times = times
    }
}
