/// A key as the screens see it; how a terminal spells it is the terminal layer's affair.
package enum Key: Sendable, Hashable {
    case character(Unicode.Scalar)
    /// Ctrl and a letter, lower case.
    case control(Character)
    case up
    case down
    case left
    case right
    case pageUp
    case pageDown
    case home
    case end
    case enter
    case escape
    case backspace
    case delete
    case tab
    case backTab
}
