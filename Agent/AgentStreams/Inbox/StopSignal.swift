import CPosixShims
import Glibc
import Synchronization

/// Tells a thread that waits in `poll` that it shall end.
package final class StopSignal: Sendable {
    private let raised = Atomic(false)
    private let ends: (read: Int32, write: Int32)

    /// Makes one that is not raised.
    package init() {
        var ends: [Int32] = [-1, -1]
        if lodge_pipe(&ends) == 0 {
            for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        }
        self.ends = (ends[0], ends[1])
    }

    deinit {
        if ends.read >= 0 { close(ends.read) }
        if ends.write >= 0 { close(ends.write) }
    }

    /// Can be read once the signal is raised.
    package var descriptor: Int32 { ends.read }

    /// Whether it is raised.
    package var isRaised: Bool { raised.load(ordering: .acquiring) }

    /// Raises it, for good.
    package func raise() {
        raised.store(true, ordering: .releasing)
        var one: UInt8 = 1
        if ends.write >= 0 { _ = write(ends.write, &one, 1) }
    }

    /// Waits until it is raised, a descriptor can be read, or the time is over.
    package func wait(for descriptor: Int32 = -1, milliseconds: Int) {
        var descriptors = [
            pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
        ]
        _ = poll(&descriptors, 2, Int32(clamping: milliseconds))
    }
}
