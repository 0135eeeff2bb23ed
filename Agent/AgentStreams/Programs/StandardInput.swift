package import AgentPipeline
package import Diagnostics
import Glibc
import LogModel
import SystemIO

/// Reads lines from a descriptor, such as standard input, to its end.
package struct StandardInput: StreamSource {
    private let descriptor: Int32
    private let profile: SourceProfile

    /// Makes a source.
    ///
    /// - Parameters:
    ///   - profile: how its lines are read.
    ///   - descriptor: what is read; it stays open, and is shared with others as it is.
    package init(profile: SourceProfile, descriptor: Int32 = STDIN_FILENO) {
        self.profile = profile
        self.descriptor = descriptor
    }

    package var streams: [StreamDescription] { [StreamDescription(path: "stdin", profile: profile)] }

    package func run(into inboxes: [StreamInbox], until stop: StopSignal, log: DiagnosticLog) {
        guard let inbox = inboxes.first else { return }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while !stop.isRaised {
            stop.wait(for: descriptor, milliseconds: 1_000)
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            // Reading could block for ever: the descriptor is not ours to change.
            guard poll(&waiting, 1, 0) > 0 else { continue }
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            if count < 0 {
                log.error("standard input cannot be read", ("reason", IOError(.read, "standard input", errno)))
            }
            let arrival = Timestamp(nanoseconds: SystemClock.wallNanos())
            guard
                inbox.put(StreamRun(Array(buffer.prefix(max(0, count))), .lines(isLast: count <= 0), arrival: arrival))
            else { return }
            if count <= 0 {
                log.info("standard input has ended")
                return
            }
        }
        _ = inbox.put(StreamRun([], .lines(isLast: true), arrival: Timestamp(nanoseconds: SystemClock.wallNanos())))
    }
}
