/// How a column of variables is written. Numbers are written into files and never change their meaning.
enum VariableKind: UInt8 {
    /// All values are the same.
    case constant = 0
    /// The same values as an earlier position of the template.
    case copy = 1
    /// Distinct values, and an index of each row.
    case dictionary = 2
    /// Numbers in decimal, with no zeros in front, or all of one length.
    case decimal = 3
    /// Runs of up to 18 digits of any lengths, with any zeros in front.
    case digits = 4
    /// Hexadecimal of one case and one even length, `0x` in front or not.
    case hexadecimal = 5
    /// Fixed pieces with columns of digits between them.
    case parts = 6
    /// Lengths and bytes.
    case text = 7
    /// Of the variables of rare templates alone: text, so many values at a time.
    case pieces = 8
}
