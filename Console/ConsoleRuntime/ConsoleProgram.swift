import ConsoleClient
import ConsoleModel
import Glibc
import LogModel
import ScreenModel
import SystemIO
import TerminalIO

/// The loop of the console: waits for keys, signals and the mailbox, feeds the model, and paints. It never waits for
/// the network.
enum ConsoleProgram {
    /// Lines a second above which frames are drawn less often.
    private static let busyRate = 200
    private static let second: Int64 = 1_000_000_000

    /// Opens the screen and runs until it is left. Returns the exit code.
    ///
    /// - Throws: ``TerminalError``, or what keeps threads from being started; the terminal is restored then.
    static func run(
        _ address: CollectorAddress, query: String, timeout: Duration, options: TerminalOptions
    ) throws -> Int32 {
        guard let mailbox = Mailbox() else {
            throw TerminalError("no file descriptor is left; raise `ulimit -n`")
        }
        var terminal = try Terminal(options)
        let size = terminal.size()
        var loop = Loop(
            state: ConsoleState(
                place: address.place, query: query, width: size.width, height: size.height, ascii: terminal.ascii),
            pacer: FramePacer(confirms: options.confirmsFrames))
        // The first frame waits for nothing.
        loop.paint(&terminal)
        let network: NetworkThreads
        do {
            network = try NetworkThreads(address, timeout: timeout, mailbox: mailbox)
        } catch {
            terminal.close(pendingReply: loop.pacer.awaitsReport)
            throw error
        }
        loop.perform(loop.state.start(), network, &terminal)
        while loop.exitCode == nil { loop.step(&terminal, mailbox, network) }
        terminal.close(pendingReply: loop.pacer.awaitsReport)
        mailbox.close()
        network.stop()
        return loop.exitCode ?? 0
    }

    /// Whether nobody reads the output any more; noticed without writing.
    static func isReaderGone(_ sink: ByteSink) -> Bool {
        if sink.isClosed { return true }
        var descriptor = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        return poll(&descriptor, 1, 0) > 0 && descriptor.revents & Int16(POLLERR) != 0
    }

    private struct Loop {
        var state: ConsoleState
        var pacer: FramePacer
        var exitCode: Int32?
        /// Something may look different from what is on the screen.
        var isDirty = true
        var isForKey = false
        var nextTick: Int64 = 0

        static func now() -> Moment {
            Moment(
                wall: Timestamp(nanoseconds: SystemClock.wallNanos()),
                steady: Int64(clamping: SystemClock.monotonicNanos()))
        }

        mutating func step(_ terminal: inout Terminal, _ mailbox: Mailbox, _ network: NetworkThreads) {
            var now = Self.now()
            var wakeAt = nextTick
            if isDirty {
                switch pacer.decide(now: now.steady, forKey: isForKey) {
                case .draw: wakeAt = now.steady
                case .wait(let until), .waitForReport(let until): wakeAt = min(wakeAt, until)
                }
            }
            let milliseconds = max(0, wakeAt - now.steady + 999_999) / 1_000_000
            let wake = terminal.wait(other: mailbox.descriptor, milliseconds: Int(milliseconds))
            now = Self.now()
            if wake.contains(.signal) { handleSignals(&terminal, network, now) }
            while let input = terminal.nextInput() {
                switch input {
                case .frameShown: pacer.reported()
                case .key(let key):
                    perform(state.handle(.key(key), now: now), network, &terminal)
                    isDirty = true
                    isForKey = true
                }
                if exitCode != nil { return }
            }
            if wake.contains(.hangUp) { exitCode = 129 }
            if wake.contains(.other) {
                for event in mailbox.take() {
                    perform(state.handle(event, now: now), network, &terminal)
                }
                isDirty = true
            }
            if now.steady >= nextTick {
                perform(state.handle(.tick, now: now), network, &terminal)
                pacer.tick(now: now.steady)
                // On the whole second of the wall clock, which is what the screen shows.
                let rest = ConsoleProgram.second - now.wall.nanoseconds % ConsoleProgram.second
                nextTick = now.steady + rest
                isDirty = true
            }
            pacer.isBusy = state.tail.rate.last.total > ConsoleProgram.busyRate
            if isDirty { paint(&terminal) }
        }

        mutating func paint(_ terminal: inout Terminal) {
            let now = Self.now()
            guard case .draw(let confirm) = pacer.decide(now: now.steady, forKey: isForKey) else { return }
            if terminal.show(state.draw(now: now), confirm: confirm) {
                pacer.frameSent(now: now.steady, confirm: confirm, forKey: isForKey)
                state.frameShown()
            }
            isDirty = false
            isForKey = false
        }

        private mutating func handleSignals(_ terminal: inout Terminal, _ network: NetworkThreads, _ now: Moment) {
            while let signal = terminal.nextSignal() {
                switch signal {
                case .hangUp: exitCode = 129
                case .terminate: exitCode = 143
                case .interrupt: perform(state.handle(.interrupted, now: now), network, &terminal)
                case .suspend: terminal.suspend()
                case .resume: terminal.repaint()
                case .resized:
                    let size = terminal.size()
                    perform(
                        state.handle(.resized(width: size.width, height: size.height), now: now), network, &terminal)
                    isForKey = true
                }
                isDirty = true
            }
        }

        mutating func perform(_ effects: [ConsoleEffect], _ network: NetworkThreads, _ terminal: inout Terminal) {
            for effect in effects {
                switch effect {
                case .startTail(let number, let query): network.startTail(number, query: query)
                case .search(let number, let request): network.search(number, request)
                case .count(let number, let request): network.count(number, request)
                case .cancelSearch: network.cancelRequests()
                case .retryNow: network.retryNow()
                case .suspend: terminal.suspend()
                case .repaint: terminal.repaint()
                case .quit: exitCode = 0
                }
            }
        }
    }
}
