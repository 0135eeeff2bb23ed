/// What is wrong with a configuration file, and where.
package struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file as it was named.
    package var file: String
    /// Where in the file; nil when the file as a whole is meant (it cannot be read, or it is too large).
    package var position: Position?
    /// What is wrong, as a sentence without place and full stop.
    package var message: String

    /// Makes an error.
    package init(file: String, position: Position?, message: String) {
        self.file = file
        self.position = position
        self.message = message
    }

    /// `collector.yaml:3:1: unknown key ...`, the form editors and terminals can jump to.
    package var description: String {
        guard let position else { return "\(file): \(message)" }
        return "\(file):\(position.line):\(position.column): \(message)"
    }
}

/// A place in a text, counted from 1; columns are characters as libyaml counts them.
package struct Position: Sendable, Equatable {
    /// The line, from 1.
    package var line: Int
    /// The column, from 1.
    package var column: Int

    /// Makes a position.
    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}
