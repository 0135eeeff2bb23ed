/// How a section of the kind ``SectionKind/typed`` holds the values of a field. Numbers are written into files and never
/// change their meaning.
enum FieldForm: UInt8 {
    /// Rows of the same stream have the same value, or none.
    case byStream = 1
    /// Rows of the same level have the same value, or none.
    case byLevel = 2
    /// Numbers, all spelled alike, with the same bytes before and behind them.
    case numbers = 3
    /// Moments, all spelled alike.
    case timestamps = 4
    /// Hexadecimal digits at the same places, the same bytes at all others.
    case hexadecimal = 5
    /// Templates and variables, as messages.
    case templates = 6
    /// As ``hexadecimal``, the digits of so many values at a time.
    case hexadecimalPieces = 7
}
