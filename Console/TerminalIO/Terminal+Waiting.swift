import CNcurses
import Glibc

/// What ended a wait.
package struct TerminalWake: OptionSet, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) {
        self.rawValue = rawValue
    }

    package static let input = TerminalWake(rawValue: 1)
    package static let signal = TerminalWake(rawValue: 2)
    package static let other = TerminalWake(rawValue: 4)
    /// Standard input is gone: nobody is left to press a key.
    package static let hangUp = TerminalWake(rawValue: 8)
}

extension Terminal {
    /// Waits for a key, a signal, readability of `other`, or the end of `milliseconds` (negative waits for ever).
    package func wait(other: Int32, milliseconds: Int) -> TerminalWake {
        var descriptors = [
            pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
            pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
            pollfd(fd: other, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&descriptors, 3, Int32(clamping: milliseconds)) > 0 else { return [] }
        var wake: TerminalWake = []
        if descriptors[0].revents & Int16(POLLIN) != 0 { wake.insert(.input) }
        if descriptors[0].revents & Int16(POLLHUP | POLLERR | POLLNVAL) != 0 { wake.insert(.hangUp) }
        if descriptors[1].revents != 0 { wake.insert(.signal) }
        if descriptors[2].revents != 0 { wake.insert(.other) }
        return wake
    }

    /// The next signal that came; nil when there is none.
    package func nextSignal() -> TerminalSignal? {
        var letter: UInt8 = 0
        while read(signals, &letter, 1) == 1 {
            switch letter {
            case 0x48: return .hangUp
            case 0x49: return .interrupt
            case 0x54: return .terminate
            case 0x5A: return .suspend
            case 0x43: return .resume
            case 0x57: return .resized
            default: continue
            }
        }
        return nil
    }

    /// Waits a moment for an answer that is still under way and throws it away.
    func discardReply() {
        var descriptor = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        _ = poll(&descriptor, 1, 200)
        lodge_terminal_discard_input()
    }
}

/// Facts about standard streams and the terminal, for programs that open no screen.
package enum TerminalFacts {
    /// Whether a descriptor is a terminal.
    package static func isTerminal(_ descriptor: Int32) -> Bool {
        isatty(descriptor) == 1
    }

    /// The size of the terminal on standard output; nil when it is none.
    package static func size() -> (width: Int, height: Int)? {
        var rows: Int32 = 0
        var columns: Int32 = 0
        guard lodge_terminal_size(STDOUT_FILENO, &rows, &columns) == 0 else { return nil }
        return (Int(columns), Int(rows))
    }

    /// Chooses the character set as the environment says, and tells whether it is UTF-8.
    package static func usesUTF8() -> Bool {
        lodge_locale_open() != 0
    }
}
