import AgentPipeline
import CSocketShims
import Diagnostics
import Glibc
import ServerTLS
import SystemIO

/// Takes syslog over connections, with TLS or without. When there is no room, nothing is read: the kernel then holds the
/// senders back.
struct SyslogConnections: StreamSource {
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
            case .tcp(let host, let port), .tls(let host, let port): lodge_bind_address(host, port, 1, 0)
            case .udp, .unix: -EINVAL
            }
        }
        guard let inbox = inboxes.first, let listener = bound else { return }
        let serving = ConnectionServing(listener, options, inbox, log)
        while !stop.isRaised, serving.serve(stop.descriptor) {}
        serving.end()
    }
}

/// One listening socket and its connections, on its thread.
private final class ConnectionServing {
    private final class Connection {
        let descriptor: Int32
        let shared: SharedField?
        let tls: ServerTLSConnection?
        let openedAt: UInt64
        var framer: SyslogFramer
        var lastBytes: UInt64
        var awaits = Int16(POLLIN)
        /// Whether there are bytes in memory that the socket does not tell of.
        var hasMore = false

        init(
            _ descriptor: Int32, _ shared: SharedField?, _ tls: ServerTLSConnection?, _ maxMessageBytes: Int,
            at now: UInt64
        ) {
            self.descriptor = descriptor
            self.shared = shared
            self.tls = tls
            openedAt = now
            lastBytes = now
            framer = SyslogFramer(maxMessageBytes: maxMessageBytes)
        }

        deinit { close(descriptor) }
    }

    private enum Outcome {
        /// So many bytes are in the buffer.
        case bytes(Int)
        /// There is nothing at present.
        case nothing
        /// Nothing more will come.
        case ended
        /// Nobody takes messages any more; those that were read are counted as lost.
        case refused
    }

    private let listener: Int32
    private let options: SyslogOptions
    private let inbox: StreamInbox
    private let log: DiagnosticLog
    private var connections: [Connection] = []
    private var server: ServerTLS?
    private var fingerprint: [UInt64] = []
    private var checkedAt: UInt64?
    /// Why TLS cannot be offered, so that it is told once.
    private var problem: String?
    /// When connections are accepted again, after one could not be.
    private var acceptsFrom: UInt64 = 0
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    private var polled: [pollfd] = []

    /// A client that has not done its handshake by then is not waited for.
    private static let handshakeNanos: UInt64 = 30_000_000_000
    /// How long none is accepted after one could not be, for want of descriptors; those that are there are served.
    private static let acceptPause: UInt64 = 100_000_000
    /// How often the files of TLS are looked at.
    private static let checkInterval: UInt64 = 1_000_000_000
    /// How long what has come is still read at the end.
    private static let lastNanos: UInt64 = 2_000_000_000

    init(_ listener: Int32, _ options: SyslogOptions, _ inbox: StreamInbox, _ log: DiagnosticLog) {
        self.listener = listener
        self.options = options
        self.inbox = inbox
        self.log = log
        refresh(at: SystemClock.monotonicNanos())
    }

    deinit {
        close(listener)
        buffer.deallocate()
    }

    /// Waits for something, and deals with it.
    ///
    /// - Returns: false when nobody takes messages any more.
    func serve(_ stop: Int32) -> Bool {
        polled.removeAll(keepingCapacity: true)
        polled.append(pollfd(fd: stop, events: Int16(POLLIN), revents: 0))
        let before = SystemClock.monotonicNanos()
        // With as many as may be, a new one waits until another gives way.
        // What could not be served is left to the kernel, and to senders that try again.
        if options.tls != nil { refresh(at: before) }
        let accepts =
            before >= acceptsFrom && (options.tls == nil || server != nil)
            && (connections.count < options.connections || quietest(at: before) != nil)
        polled.append(pollfd(fd: accepts ? listener : -1, events: Int16(POLLIN), revents: 0))
        for connection in connections {
            polled.append(pollfd(fd: connection.descriptor, events: connection.awaits, revents: 0))
        }
        let wait: Int32 = connections.contains { $0.hasMore } ? 0 : before < acceptsFrom ? 100 : 1_000
        if poll(&polled, nfds_t(polled.count), wait) < 0 { return true }
        let now = SystemClock.monotonicNanos()
        var ended: [Int] = []
        for index in connections.indices {
            if polled[index + 2].revents == 0, !connections[index].hasMore {
                if isLate(connections[index], at: now) { ended.append(index) }
                continue
            }
            switch take(connections[index], at: now) {
            case .bytes, .nothing: break
            case .ended: ended.append(index)
            case .refused: return false
            }
        }
        for index in ended.reversed() {
            guard finish(connections.remove(at: index)) else { return false }
        }
        if polled[1].revents != 0 { accept(at: now) }
        return true
    }

    /// Takes what has come by now, and ends all connections. Senders take it for received: what nobody takes any more, or
    /// cannot be read in time, is counted as lost.
    func end() {
        while connections.count < options.connections, options.tls == nil, accept(at: SystemClock.monotonicNanos()) {}
        shutdown(listener, Int32(SHUT_RDWR))
        let start = SystemClock.monotonicNanos()
        var waiting = connections
        while !waiting.isEmpty, SystemClock.monotonicNanos() &- start < ConnectionServing.lastNanos {
            waiting = waiting.filter { connection in
                switch take(connection, at: start) {
                case .bytes, .refused: true
                case .nothing, .ended: false
                }
            }
        }
        for connection in connections { _ = finish(connection) }
        let unread = waiting.reduce(0) { $0 + Int(lodge_unread_bytes($1.descriptor)) }
        if unread > 0 { inbox.lost(StreamLoss(.stopped, events: 0, bytes: unread)) }
        connections.removeAll()
    }

    /// Takes what a connection has at once.
    private func take(_ connection: Connection, at now: UInt64) -> Outcome {
        let outcome = read(connection)
        guard case .bytes(let count) = outcome else { return outcome }
        connection.lastBytes = now
        var gathering = RecordGathering()
        gathering.shared = connection.shared
        connection.framer.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { gathering.add($0, part: $1) }
        return gathering.put(into: inbox) ? outcome : .refused
    }

    private func read(_ connection: Connection) -> Outcome {
        guard let tls = connection.tls else {
            let count = Glibc.read(connection.descriptor, buffer.baseAddress, buffer.count)
            if count < 0 { return errno == EAGAIN || errno == EINTR ? .nothing : .ended }
            return count == 0 ? .ended : .bytes(count)
        }
        connection.awaits = Int16(POLLIN)
        connection.hasMore = false
        switch tls.read(into: buffer) {
        case .bytes(let count):
            connection.hasMore = tls.hasMore
            return .bytes(count)
        case .wantsRead: return .nothing
        case .wantsWrite:
            connection.awaits = Int16(POLLOUT)
            return .nothing
        case .closed: return .ended
        case .failed(let error):
            log.warn(
                "a connection for syslog is refused", ("listen", options.address), ("sender", sender(connection)),
                ("reason", error))
            return .ended
        }
    }

    private func finish(_ connection: Connection) -> Bool {
        var gathering = RecordGathering()
        gathering.shared = connection.shared
        connection.framer.finish { gathering.add($0, part: $1) }
        return gathering.put(into: inbox)
    }

    private func isLate(_ connection: Connection, at now: UInt64) -> Bool {
        guard let tls = connection.tls, !tls.isEstablished else { return false }
        return now &- connection.openedAt >= ConnectionServing.handshakeNanos
    }

    /// The connection that has been quiet the longest, and for long enough.
    private func quietest(at now: UInt64) -> Int? {
        let index = connections.indices.min { connections[$0].lastBytes < connections[$1].lastBytes }
        return index.flatMap { now &- connections[$0].lastBytes >= options.idleNanos ? $0 : nil }
    }

    /// Takes up a connection, if one waits; whether it did.
    @discardableResult
    private func accept(at now: UInt64) -> Bool {
        if connections.count >= options.connections {
            guard let index = quietest(at: now) else { return false }
            log.warn(
                "there are as many connections as may be, the quietest is closed", ("listen", options.address),
                ("sender", sender(connections[index])), ("connections", connections.count))
            guard finish(connections.remove(at: index)) else { return false }
        }
        var text = [CChar](repeating: 0, count: Int(LODGE_SENDER_BYTES))
        let descriptor = lodge_accept(listener, &text)
        if descriptor < 0 {
            if descriptor != -EAGAIN, descriptor != -EINTR, descriptor != -ECONNABORTED {
                log.warn(
                    "a connection for syslog cannot be accepted", ("listen", options.address),
                    ("reason", options.address.reason(-descriptor)))
                // It goes on waiting to be accepted, and would be tried without a pause.
                acceptsFrom = now &+ ConnectionServing.acceptPause
            }
            return false
        }
        let address = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let shared = address.isEmpty ? nil : SharedField("sender", address)
        var tls: ServerTLSConnection?
        if options.tls != nil {
            refresh(at: now)
            guard let server, let made = try? ServerTLSConnection(server, descriptor: descriptor) else {
                close(descriptor)
                return false
            }
            tls = made
        }
        connections.append(Connection(descriptor, shared, tls, options.messageBytes, at: now))
        return true
    }

    /// Reads the files of TLS again when they have changed; with files that are no good the old ones go on counting.
    private func refresh(at now: UInt64) {
        guard let files = options.tls, checkedAt.map({ now &- $0 >= ConnectionServing.checkInterval }) ?? true else {
            return
        }
        checkedAt = now
        let found = files.fingerprint
        guard server == nil || found != fingerprint else { return }
        do throws(ServerTLSError) {
            let made = try ServerTLS(files)
            if server != nil { log.info("the certificate has changed", ("listen", options.address)) }
            server = made
            fingerprint = found
            problem = nil
        } catch {
            if problem == error.description { return }
            problem = error.description
            log.error("TLS cannot be offered with these files", ("listen", options.address), ("reason", error))
        }
    }

    private func sender(_ connection: Connection) -> String {
        String(decoding: connection.shared?.value ?? [], as: UTF8.self)
    }
}
