/// The keys of each screen, for `?`.
enum HelpText {
    /// Key and meaning; an empty key is a heading.
    static func lines(for screen: ConsoleState.Screen) -> [(key: String, meaning: String)] {
        let own: [(String, String)] =
            switch screen {
            case .tail:
                [
                    ("", "LIVE TAIL"), ("Space", "freeze the view; again to follow"),
                    ("F  G  End", "follow the newest lines"),
                    ("Enter", "the whole event; on a gap: search what is missing"),
                ]
            case .search:
                [
                    ("", "SEARCH"), ("T", "next window: 5m 15m 1h 6h 1d 7d"), ("Enter", "the whole event"),
                    ("r", "search again"), ("Ctrl-C", "give up a running search"),
                ]
            }
        return own + [
            (": Ctrl-E", "edit the query (LogsQL); Up and Down: earlier ones"),
            ("/  n  N", "find in the lines, next below, next above"),
            ("e  E  w  W", "next error below, above; next warning below, above"),
            ("", "MOVING"), ("j k Down Up", "one line"), ("Ctrl-D Ctrl-U", "half a page"),
            ("PgDn PgUp b", "a page"), ("g  G", "oldest or first, newest or last"), ("h l Left Right", "sideways"),
            ("Tab", "between list and detail"),
            ("", "CONSOLE"), ("3  4", "live tail, search"), ("q  Esc", "back; q leaves the console"),
            ("r", "try a lost link now"), ("Ctrl-L", "draw the screen anew"), ("Ctrl-Z", "suspend"),
            ("Ctrl-C Ctrl-C", "leave at once"),
        ]
    }
}
