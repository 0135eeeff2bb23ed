package import LineFormats

/// A value that is kept on disk as one JSON document.
package protocol SavedDocument: Sendable {
    /// What there is without a file.
    init()
    /// Reads what ``document`` made.
    ///
    /// - Throws: what is missing or wrong.
    init(saved document: JSONValue) throws
    /// The document.
    var document: JSONValue { get }
}
