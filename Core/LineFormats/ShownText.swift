/// Text from outside as people may see it in a terminal: on one line, without control characters that it would obey.
///
/// - Parameter text: any text.
/// - Returns: line feeds, tabs and carriage returns as `\n`, `\t` and `\r`, other control characters as U+FFFD.
public func shownText(_ text: some StringProtocol) -> String {
    var shown = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\n": shown += "\\n"
        case "\t": shown += "\\t"
        case "\r": shown += "\\r"
        case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value): shown += "\u{FFFD}"
        default: shown.unicodeScalars.append(scalar)
        }
    }
    return shown
}
