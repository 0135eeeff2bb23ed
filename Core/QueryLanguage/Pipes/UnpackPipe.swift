import LogModel

/// Takes a field's text apart into fields: `unpack_json from _msg fields (a, b*)`, `unpack_logfmt`, `unpack_syslog`.
package struct UnpackPipe: Hashable, Sendable {
    /// The form of the text.
    package enum Form: String, Hashable, Sendable, CaseIterable {
        /// An object in JSON; objects inside become names with dots.
        case json = "unpack_json"
        /// `name=value other="a value"`.
        case logfmt = "unpack_logfmt"
        /// RFC 3164 or RFC 5424.
        case syslog = "unpack_syslog"
    }

    /// The form of the text.
    package var form: Form
    /// The field whose text is taken apart.
    package var source: String
    /// Which fields are wanted; none is all.
    package var fields: [FieldPattern]
    /// What is put in front of the fields' names.
    package var prefix: String
    /// What happens to values that are there.
    package var rule: WriteRule
    /// For syslog without a time zone: how far east of UTC its times are, nanoseconds.
    package var offset: Int64
    /// Which rows are looked at; nil is all.
    package var condition: Filter?
}

extension UnpackPipe: PipeSyntax {
    static let names = Form.allCases.map(\.rawValue)

    init(parsing parser: inout Parser) throws(QueryError) {
        form = Form(rawValue: parser.previousWord) ?? .json
        condition = try parser.condition()
        let keywords = ["fields", "result_prefix", "keep_original_fields", "skip_empty_results", "offset"]
        source = "_msg"
        if parser.takeKeyword("from") || !(parser.atBoundary || keywords.contains(where: { parser.atKeyword($0) })) {
            source = try parser.fieldName()
        }
        fields = form == .syslog ? [] : try parser.fieldsList()
        offset = form == .syslog && parser.takeKeyword("offset") ? try parser.duration() : 0
        prefix = parser.takeKeyword("result_prefix") ? try parser.text("a prefix").description : ""
        rule = parser.writeRule(allowsSkip: form != .syslog)
    }

    var pipe: Pipe { .unpack(self) }

    /// The pipe in canonical form.
    package var description: String {
        form.rawValue + Filter.conditionText(condition) + " from " + Quoting.name(source)
            + (fields.isEmpty ? "" : " fields (" + FieldPattern.list(fields) + ")")
            + (offset == 0 ? "" : " offset " + Duration.nanoseconds(offset).logForm)
            + (prefix.isEmpty ? "" : " result_prefix " + Quoting.quoted(QueryText(prefix))) + rule.description
    }
}
