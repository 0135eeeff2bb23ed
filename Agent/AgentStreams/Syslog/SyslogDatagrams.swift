import AgentPipeline
import CSocketShims
import Diagnostics
import Glibc
import LogModel
import SystemIO

/// Takes syslog as datagrams, each one event, by UDP or a socket in the file system.
///
/// When there is no room, reading stops. Senders to a socket in the file system then wait. UDP knows no waiting: the
/// kernel keeps what its own room holds and counts what it drops, and that count is reported as a loss.
struct SyslogDatagrams: StreamSource {
    let options: SyslogOptions

    init(_ options: SyslogOptions) {
        self.options = options
    }

    var streams: [StreamDescription] {
        [StreamDescription(path: options.address.path, profile: options.profile)]
    }

    func run(into inboxes: [StreamInbox], until stop: StopSignal, log: DiagnosticLog) {
        let bound = listenPatiently(options.address, until: stop, log) {
            switch options.address {
            case .udp(let host, let port): lodge_bind_address(host, port, 0, Int32(clamping: options.receiveBuffer))
            case .unix(let path): lodge_bind_path(path, options.mode)
            case .tcp, .tls: -EINVAL
            }
        }
        guard let inbox = inboxes.first, let descriptor = bound else { return }
        tellRoom(of: descriptor, log)
        defer {
            close(descriptor)
            if case .unix(let path) = options.address { unlink(path) }
        }
        let reading = DatagramReading(descriptor, options, inbox)
        while !stop.isRaised {
            stop.wait(for: descriptor, milliseconds: 1_000)
            do throws(IOError) {
                guard try reading.read() else { return }
            } catch {
                log.warn("datagrams cannot be read", ("listen", options.address), ("reason", error))
                stop.wait(milliseconds: 1_000)
            }
        }
        // What has come by now is still the agent's.
        _ = try? reading.read()
    }

    /// The kernel gives less than is asked for without a word.
    private func tellRoom(of descriptor: Int32, _ log: DiagnosticLog) {
        guard case .udp = options.address else { return }
        // It counts as much again for its own needs.
        let given = Int(lodge_receive_buffer(descriptor)) / 2
        if given >= options.receiveBuffer || given < 0 { return }
        log.warn(
            "the system gives less room for datagrams than `receive_buffer` asks for: raise net.core.rmem_max",
            ("listen", options.address), ("asked", options.receiveBuffer), ("given", given))
    }
}

/// Binds a socket, again and again until it works; nil when it is told to stop before.
func listenPatiently(
    _ address: SyslogAddress, until stop: StopSignal, _ log: DiagnosticLog, _ bind: () -> Int32
) -> Int32? {
    while !stop.isRaised {
        let descriptor = bind()
        if descriptor >= 0 {
            log.info("listening for syslog", ("listen", address))
            return descriptor
        }
        log.error(
            "cannot listen for syslog, trying again", ("listen", address), ("reason", address.reason(-descriptor))
        )
        stop.wait(milliseconds: 2_000)
    }
    return nil
}

/// One socket and what comes to it, on its thread.
private final class DatagramReading {
    private let descriptor: Int32
    private let path: String
    private let inbox: StreamInbox
    private let room: Int
    private let count: Int
    private let buffer: UnsafeMutableRawBufferPointer
    private var heads: [lodge_datagram]
    private var gathering = RecordGathering()
    /// The sender of what is being gathered.
    private var sender: [UInt8] = []
    private var dropped: UInt32 = 0
    private var droppedAt = SystemClock.wallNanos()

    /// How long what has come is still counted when nobody takes it.
    private static let lastNanos: UInt64 = 2_000_000_000

    init(_ descriptor: Int32, _ options: SyslogOptions, _ inbox: StreamInbox) {
        self.descriptor = descriptor
        path = options.address.path
        self.inbox = inbox
        // No datagram over IP is larger; of those that are read at once only what comes takes memory.
        if case .unix = options.address { (room, count) = (256 << 10, 8) } else { (room, count) = (64 << 10, 32) }
        buffer = .allocate(byteCount: room * count, alignment: 16)
        heads = [lodge_datagram](repeating: lodge_datagram(), count: count)
        dropped = figure() ?? 0
    }

    deinit { buffer.deallocate() }

    /// Reads what there is and looks for what was dropped.
    ///
    /// - Returns: false when nobody takes it any more; then all that had come is counted as lost.
    func read() throws(IOError) -> Bool {
        var refusedAt: UInt64?
        while true {
            let received = lodge_receive_datagrams(descriptor, buffer.baseAddress, room, &heads, Int32(count))
            if received < 0 { throw IOError(.read, path, -received) }
            var isTaken = true
            for index in 0..<Int(received) where !add(index) { isTaken = false }
            let isEmpty = received < count
            if isEmpty, !gathering.put(into: inbox) { isTaken = false }
            reportDrops()
            if let start = refusedAt {
                // Senders to a socket in the file system may go on for ever.
                guard isEmpty || SystemClock.monotonicNanos() &- start >= DatagramReading.lastNanos else { continue }
                _ = gathering.put(into: inbox)
                return false
            } else if !isTaken {
                // More may have come while somebody was waited for. What comes from now on the kernel drops and counts.
                refusedAt = SystemClock.monotonicNanos()
                lodge_shrink_receive_buffer(descriptor)
            } else if isEmpty {
                return true
            }
        }
    }

    /// Takes a datagram.
    ///
    /// - Returns: false when some were refused; those are counted as lost.
    private func add(_ index: Int) -> Bool {
        var isTaken = true
        let isSame = withUnsafeBytes(of: &heads[index].sender) { bytes in
            bytes[sender.count] == 0 && sender.elementsEqual(bytes[..<sender.count])
        }
        if !isSame {
            isTaken = gathering.put(into: inbox)
            sender = withUnsafeBytes(of: &heads[index].sender) { Array($0.prefix { $0 != 0 }) }
            gathering.shared = sender.isEmpty ? nil : SharedField("sender", sender)
        }
        let (length, whole) = (Int(heads[index].length), Int(heads[index].whole))
        var end = length
        let start = index * room
        while end > 0, SyslogFramer.isBehind(buffer[start + end - 1]) { end -= 1 }
        if end > 0 {
            gathering.add(UnsafeRawBufferPointer(rebasing: buffer[start..<(start + end)]), part: whole > length ? 1 : 0)
        }
        if whole > length { inbox.lost(StreamLoss(.truncated, events: 0, bytes: whole - length)) }
        if gathering.isFull, !gathering.put(into: inbox) { isTaken = false }
        return isTaken
    }

    /// What the kernel had no room for.
    private func reportDrops() {
        guard let now = figure() else { return }
        let time = SystemClock.wallNanos()
        defer {
            dropped = now
            droppedAt = time
        }
        // The kernel's number wraps around.
        let count = now &- dropped
        guard count > 0 else { return }
        let times = Timestamp(nanoseconds: min(droppedAt, time))...Timestamp(nanoseconds: time)
        inbox.lost(StreamLoss(.dropped, events: Int(count), times: times))
    }

    private func figure() -> UInt32? {
        let figure = lodge_dropped_datagrams(descriptor)
        return figure < 0 ? nil : UInt32(truncatingIfNeeded: figure)
    }
}
