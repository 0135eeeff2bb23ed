import CNcurses
import ScreenModel

/// How meanings look: attributes always, colours of the Okabe-Ito palette where there are any, so that no pair of
/// meanings differs by red and green.
struct Theme: Sendable {
    /// The attributes and the colour pair of one cell.
    struct Look {
        var attributes: UInt8
        var pair: UInt8
    }

    private let colours: Int

    init(colours: Int) {
        self.colours = colours
    }

    /// Tells ncurses the colours. Pairs: 1 vermilion, 2 orange, 3 blue, 4 sky blue, 5 grey.
    func install() {
        let foregrounds: [Int32]
        switch colours {
        case 256...: foregrounds = [202, 214, 32, 74, 245]
        case 16...: foregrounds = [9, 11, 12, 14, 8]
        case 8...: foregrounds = [1, 3, 4, 6, -1]
        default: return
        }
        for (index, foreground) in foregrounds.enumerated() { lodge_curses_pair(Int32(index + 1), foreground) }
    }

    /// The look of a style.
    func look(of style: Style) -> Look {
        var attributes: Int32
        var pair: UInt8 = 0
        switch style.role {
        case .plain: attributes = 0
        case .ok: attributes = LODGE_ATTRIBUTE_DIM
        case .dim, .rule: (attributes, pair) = (LODGE_ATTRIBUTE_DIM, 5)
        case .title: attributes = LODGE_ATTRIBUTE_BOLD
        case .key: (attributes, pair) = (LODGE_ATTRIBUTE_BOLD, 4)
        case .accent: (attributes, pair) = (0, 4)
        case .fail: (attributes, pair) = (LODGE_ATTRIBUTE_BOLD | LODGE_ATTRIBUTE_REVERSE, 1)
        case .failBar: (attributes, pair) = (LODGE_ATTRIBUTE_BOLD, 1)
        case .warn: (attributes, pair) = (LODGE_ATTRIBUTE_BOLD, 2)
        case .gap: (attributes, pair) = (LODGE_ATTRIBUTE_BOLD, 2)
        case .escape: (attributes, pair) = (LODGE_ATTRIBUTE_UNDERLINE, 3)
        }
        // Grey and dim together are close to invisible on many terminals: one of them is enough.
        if pair == 5, colours >= 16 { attributes &= ~LODGE_ATTRIBUTE_DIM }
        if colours == 0 { pair = 0 }
        if style.emphasis.contains(.stale) {
            attributes |= LODGE_ATTRIBUTE_DIM
            pair = 0
        }
        if style.emphasis.contains(.selected) { attributes ^= LODGE_ATTRIBUTE_REVERSE }
        if style.emphasis.contains(.match) {
            attributes |= LODGE_ATTRIBUTE_UNDERLINE | LODGE_ATTRIBUTE_BOLD
            attributes ^= LODGE_ATTRIBUTE_REVERSE
        }
        return Look(attributes: UInt8(truncatingIfNeeded: attributes), pair: pair)
    }
}
