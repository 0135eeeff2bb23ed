import CNcurses
import ScreenModel

/// Terminal input to keys.
enum Keyboard {
    /// The key of a character; nil for one that no key sends.
    static func key(character: UInt32) -> Key? {
        switch character {
        case 0x0D, 0x0A: return .enter
        case 0x09: return .tab
        case 0x1B: return .escape
        case 0x7F, 0x08: return .backspace
        case 0x01...0x1A:
            return Unicode.Scalar(character + 0x60).map { .control(Character($0)) }
        case 0x20...: return Unicode.Scalar(character).map { .character($0) }
        default: return nil
        }
    }

    /// The key of a function key; nil for those that mean nothing here.
    static func key(function: UInt32) -> Key? {
        switch Int(function) {
        case LODGE_KEY_UP: .up
        case LODGE_KEY_DOWN: .down
        case LODGE_KEY_LEFT: .left
        case LODGE_KEY_RIGHT: .right
        case LODGE_KEY_PAGE_UP: .pageUp
        case LODGE_KEY_PAGE_DOWN: .pageDown
        case LODGE_KEY_HOME: .home
        case LODGE_KEY_END: .end
        case LODGE_KEY_ENTER: .enter
        case LODGE_KEY_BACKSPACE: .backspace
        case LODGE_KEY_DELETE: .delete
        case LODGE_KEY_BACK_TAB: .backTab
        default: nil
        }
    }
}
