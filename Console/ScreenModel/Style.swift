/// What a piece of the screen means. The terminal layer decides how a meaning looks with the colours and attributes
/// it has; no meaning is carried by colour alone, so each role also has a letter, a word or a place on the screen.
package enum StyleRole: UInt8, Sendable, CaseIterable {
    case plain
    case dim
    case title
    case accent
    case fail
    case warn
    case ok
    case key
    case gap
    /// Control bytes and invisible characters made visible, `^[` or `<U+202E>`.
    case escape
    case rule
    /// A failure drawn as a filled bar, whose ink is the whole cell: never in reverse.
    case failBar

    /// The letter that stands for the role in golden screens.
    package var letter: Character {
        switch self {
        case .plain: "."
        case .dim: "d"
        case .title: "T"
        case .accent: "a"
        case .fail: "F"
        case .warn: "W"
        case .ok: "o"
        case .key: "k"
        case .gap: "g"
        case .escape: "e"
        case .rule: "r"
        case .failBar: "B"
        }
    }
}

/// Marks laid over a role: a selected row, a hit of the search, data that is no longer fresh.
package struct Emphasis: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let selected = Emphasis(rawValue: 1)
    package static let match = Emphasis(rawValue: 2)
    package static let stale = Emphasis(rawValue: 4)
}

/// The look of one cell: a role and the marks laid over it.
package struct Style: Sendable, Hashable {
    package var role: StyleRole
    package var emphasis: Emphasis

    package init(_ role: StyleRole, _ emphasis: Emphasis = []) {
        self.role = role
        self.emphasis = emphasis
    }

    package static let plain = Style(.plain)
    package static let dim = Style(.dim)
    package static let title = Style(.title)
    package static let accent = Style(.accent)
    package static let fail = Style(.fail)
    package static let warn = Style(.warn)
    package static let ok = Style(.ok)
    package static let key = Style(.key)
    package static let gap = Style(.gap)
    package static let rule = Style(.rule)

    /// The same role with more marks.
    package func adding(_ more: Emphasis) -> Style {
        Style(role, emphasis.union(more))
    }
}

/// The characters the screen itself draws, in the Unicode set or the ASCII one.
package struct Glyphs: Sendable {
    package let horizontal: Character
    package let vertical: Character
    package let axisTop: Character
    package let axisBottom: Character
    /// Eight steps of a bar, lowest first.
    package let bars: [Character]
    /// Full cells of a stacked bar: failures, warnings, the rest.
    package let fills: [Character]
    /// Put in the last column of a text that was cut.
    package let more: Character

    package static let unicode = Glyphs(
        horizontal: "─", vertical: "│", axisTop: "┤", axisBottom: "┼",
        bars: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"], fills: ["█", "▓", "░"], more: "…")
    package static let ascii = Glyphs(
        horizontal: "-", vertical: "|", axisTop: "+", axisBottom: "+",
        bars: ["_", "_", ".", ".", ":", "=", "+", "#"], fills: ["#", "=", ":"], more: ">")
}
