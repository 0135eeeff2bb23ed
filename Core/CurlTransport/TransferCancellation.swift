import CCurl
import Synchronization

/// Ends a client's running transfer from any thread.
package final class TransferCancellation: Sendable {
    private let requested = Atomic<Bool>(false)
    /// The address of the client's multi handle while the client lives; the lock keeps it alive during a wake-up.
    private let multiAddress = Mutex<UInt>(0)

    init() {}

    /// Ends the transfer that runs now, and each later one at once, until ``reset()``.
    package func cancel() {
        requested.store(true, ordering: .releasing)
        multiAddress.withLock { address in
            if let multi = UnsafeMutableRawPointer(bitPattern: address) { _ = curl_multi_wakeup(multi) }
        }
    }

    /// Allows transfers again.
    package func reset() {
        requested.store(false, ordering: .releasing)
    }

    /// Whether ``cancel()`` was called since the last ``reset()``.
    package var isCancelled: Bool { requested.load(ordering: .acquiring) }

    func attach(_ multi: UnsafeMutableRawPointer?) {
        multiAddress.withLock { $0 = UInt(bitPattern: multi) }
    }
}
