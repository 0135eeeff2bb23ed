import Glibc
import TerminalIO

/// Bytes on their way to a descriptor, in large writes. A reader that went away is not an error: it had enough.
package final class ByteSink {
    /// The reader is gone; writing on is no use.
    package private(set) var isClosed = false
    /// Writing failed for another reason, such as a full disk; its errno.
    package private(set) var failure: Int32 = 0
    private let descriptor: Int32
    private var pending: [UInt8] = []

    /// A sink that keeps what is written, for tests, when the descriptor is negative.
    package init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// What was written to a sink without a descriptor.
    package var kept: [UInt8] { pending }

    /// Whether the descriptor is a terminal.
    package var isTerminal: Bool { descriptor >= 0 && TerminalFacts.isTerminal(descriptor) }

    /// Adds bytes; they are sent at 64 KiB or with ``flush()``.
    package func write(_ bytes: some Collection<UInt8>) {
        guard !isClosed else { return }
        pending.append(contentsOf: bytes)
        if pending.count >= 64 << 10 { flush() }
    }

    /// Adds text.
    package func write(_ text: String) {
        write(text.utf8)
    }

    /// Sends what is there.
    package func flush() {
        guard descriptor >= 0, !isClosed else { return }
        pending.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count {
                let written = Glibc.write(descriptor, bytes.baseAddress.map { $0 + start }, bytes.count - start)
                if written > 0 {
                    start += written
                    continue
                }
                if written < 0, errno == EINTR { continue }
                if written < 0, errno == EAGAIN {
                    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&waiting, 1, -1)
                    continue
                }
                isClosed = true
                if errno != EPIPE { failure = errno }
                return
            }
        }
        pending.removeAll(keepingCapacity: true)
    }
}
