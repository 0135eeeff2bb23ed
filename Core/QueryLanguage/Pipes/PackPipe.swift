/// Writes fields as one text: `pack_json fields (a, b*) as all`, `pack_logfmt`.
package struct PackPipe: Hashable, Sendable {
    /// The form of the text.
    package enum Form: String, Hashable, Sendable, CaseIterable {
        /// An object in JSON.
        case json = "pack_json"
        /// `name=value other="a value"`.
        case logfmt = "pack_logfmt"
    }

    /// The form of the text.
    package var form: Form
    /// Which fields; none is all.
    package var fields: [FieldPattern]
    /// The field that gets the text.
    package var result: String
}

extension PackPipe: PipeSyntax {
    static let names = Form.allCases.map(\.rawValue)

    init(parsing parser: inout Parser) throws(QueryError) {
        form = Form(rawValue: parser.previousWord) ?? .json
        fields = try parser.fieldsList()
        result = try parser.resultField() ?? "_msg"
    }

    var pipe: Pipe { .pack(self) }

    /// The pipe in canonical form.
    package var description: String {
        form.rawValue + (fields.isEmpty ? "" : " fields (" + FieldPattern.list(fields) + ")") + " as "
            + Quoting.name(result)
    }
}
