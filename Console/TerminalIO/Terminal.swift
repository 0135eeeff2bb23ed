import CNcurses
package import ScreenModel

/// Why the screen could not be opened: a sentence with what to do.
package struct TerminalError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// What the environment says about how to draw.
package struct TerminalOptions: Sendable {
    /// Uses colours where the terminal has them.
    package var colour: Bool
    /// Draws with ASCII only, whatever the locale says.
    package var ascii: Bool
    /// Asks the terminal to confirm each frame.
    package var confirmsFrames: Bool
    /// Frames are bracketed so that the terminal shows them whole.
    package var synchronises: Bool

    /// Decides from `TERM` and `NO_COLOR` (https://no-color.org: any value that is not empty).
    package init(term: String, noColor: String?, ascii: Bool = false) {
        let plain = term.isEmpty || term.hasPrefix("dumb") || term.hasPrefix("vt1") || term.hasPrefix("vt2")
        colour = !plain && (noColor ?? "").isEmpty
        self.ascii = ascii
        confirmsFrames = !plain
        // A console of the kernel prints what it does not know of private sequences on some versions.
        synchronises = !plain && term != "linux"
    }
}

/// Something that came from the terminal or the system.
package enum TerminalInput: Sendable, Equatable {
    case key(Key)
    /// The terminal has drawn the frame that was sent before.
    case frameShown
}

/// A signal that the event loop handles.
package enum TerminalSignal: Sendable, Equatable {
    case hangUp
    case interrupt
    case terminate
    case suspend
    case resume
    case resized
}

/// The open screen. There is one in a process; whoever owns it draws from one thread.
///
/// However the process ends, the terminal is given back as it was: on ``close()``, at the end of its life, at `exit`,
/// and when the process crashes.
package struct Terminal: ~Copyable {
    /// Becomes readable when a signal came; read it with ``nextSignal()``.
    package let signals: Int32
    /// Draws with ASCII only.
    package let ascii: Bool
    /// Colours in use, 0 for attributes alone.
    package let colours: Int
    private let theme: Theme
    private let options: TerminalOptions
    private var shown: ScreenGrid?
    private var line: [lodge_cell] = []

    /// Opens the screen on standard input and output.
    ///
    /// - Throws: ``TerminalError`` when the terminal is unknown or cannot place its cursor.
    package init(_ options: TerminalOptions) throws(TerminalError) {
        let isUTF8 = lodge_locale_open() != 0
        signals = lodge_signals_open()
        guard signals >= 0 else {
            throw TerminalError("no file descriptor is left for signals; raise `ulimit -n`")
        }
        var found: Int32 = 0
        guard lodge_curses_open(options.colour ? 1 : 0, &found) == 0 else {
            throw TerminalError(
                "this terminal is unknown or cannot place its cursor; "
                    + "set TERM (for example xterm-256color), or use `lodge query` and `lodge tail`")
        }
        self.options = options
        ascii = options.ascii || !isUTF8
        colours = Int(found)
        theme = Theme(colours: Int(found))
        theme.install()
    }

    /// Takes the terminal's size again.
    package mutating func size() -> (width: Int, height: Int) {
        var rows: Int32 = 0
        var columns: Int32 = 0
        lodge_curses_size(&rows, &columns)
        return (max(1, Int(columns)), max(1, Int(rows)))
    }

    /// Shows `grid`, sending only what differs from the frame before; nothing at all when nothing differs.
    ///
    /// - Parameters:
    ///   - grid: the whole screen, of the terminal's size.
    ///   - confirm: asks the terminal to answer with ``TerminalInput/frameShown`` once it got there.
    /// - Returns: whether anything was sent.
    package mutating func show(_ grid: ScreenGrid, confirm: Bool) -> Bool {
        if let shown, shown == grid { return false }
        let previous = shown.flatMap { $0.width == grid.width && $0.height == grid.height ? $0 : nil }
        for y in 0..<grid.height {
            let range = y * grid.width..<(y + 1) * grid.width
            if let previous, previous.cells[range] == grid.cells[range] { continue }
            line.removeAll(keepingCapacity: true)
            for cell in grid.cells[range] {
                let look = theme.look(of: cell.style)
                line.append(
                    lodge_cell(
                        scalar: cell.scalar, mark: cell.mark, second_mark: cell.secondMark, columns: cell.columns,
                        colour: look.pair, attributes: look.attributes))
            }
            line.withUnsafeBufferPointer { lodge_curses_row(Int32(y), $0.baseAddress, Int32($0.count)) }
        }
        lodge_curses_cursor(Int32(grid.cursor?.y ?? 0), Int32(grid.cursor?.x ?? -1))
        if options.synchronises { write("\u{1B}[?2026h") }
        lodge_curses_flush()
        if options.synchronises { write("\u{1B}[?2026l") }
        if confirm, options.confirmsFrames { write("\u{1B}[5n") }
        shown = grid
        return true
    }

    /// Draws everything anew with the next frame, as Ctrl-L asks.
    package mutating func repaint() {
        shown = nil
        lodge_curses_repaint()
    }

    /// The next key or answer that has arrived; nil when there is none. Never waits.
    package mutating func nextInput() -> TerminalInput? {
        var value: UInt32 = 0
        while true {
            switch lodge_curses_input(&value) {
            case LODGE_INPUT_CHARACTER:
                guard let key = Keyboard.key(character: value) else { continue }
                return .key(key)
            case LODGE_INPUT_KEY:
                if value == UInt32(LODGE_KEY_STATUS_REPLY) { return .frameShown }
                guard let key = Keyboard.key(function: value) else { continue }
                return .key(key)
            default:
                return nil
            }
        }
    }

    /// Gives the terminal back, stops the process group as Ctrl-Z does, and takes the terminal again when it goes on.
    package mutating func suspend() {
        lodge_curses_suspend()
        shown = nil
    }

    /// Gives the terminal back. `pendingReply` says that an answer may still be under way, which would otherwise be
    /// typed into the shell.
    package consuming func close(pendingReply: Bool) {
        if pendingReply { discardReply() }
        lodge_curses_close()
    }

    deinit {
        lodge_curses_close()
    }

    private func write(_ sequence: StaticString) {
        sequence.withUTF8Buffer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { _ = lodge_terminal_write($0.baseAddress, Int32($0.count)) }
        }
    }
}
