/// What the value of a field must be like. ``ValueMatcher`` does the test.
package enum FieldTest: Hashable, Sendable {
    /// Any value but the empty one: `field:*`.
    case any
    /// The empty value, and a missing field: `field:""`.
    case empty
    /// Contains a word or a phrase, with no word going on at its ends: `error`, `"ssh: login"`, `i(error)`.
    case phrase(QueryText, ignoringCase: Bool)
    /// Contains a phrase; a word may go on at its end: `err*`, `i("login fail"*)`.
    case prefix(QueryText, ignoringCase: Bool)
    /// Is this value: `field:="a"`.
    case exact(QueryText)
    /// Starts with this: `field:="a"*`.
    case exactPrefix(QueryText)
    /// Is one of these values: `field:in(a,b)`.
    case oneOf([QueryText])

    /// The test that a word or a phrase stands for.
    package static func containing(
        _ text: QueryText, isPrefix: Bool = false, ignoringCase: Bool = false
    ) -> FieldTest {
        if text.isEmpty { return isPrefix ? .any : .empty }
        return isPrefix ? .prefix(text, ignoringCase: ignoringCase) : .phrase(text, ignoringCase: ignoringCase)
    }

    /// The test in canonical form, as it stands after `field:`. For `_msg` nothing stands in front of it, where `*`
    /// would mean every event.
    func description(isMessage: Bool) -> String {
        switch self {
        case .any: isMessage ? "_msg:*" : "*"
        case .empty: "\"\""
        case .phrase(let text, ignoringCase: false): Quoting.value(text)
        case .phrase(let text, ignoringCase: true): "i(\(Quoting.value(text)))"
        case .prefix(let text, ignoringCase: false): Quoting.value(text) + "*"
        case .prefix(let text, ignoringCase: true): "i(\(Quoting.value(text))*)"
        case .exact(let text): "=" + Quoting.quoted(text)
        case .exactPrefix(let text): "=" + Quoting.quoted(text) + "*"
        case .oneOf(let values): "in(" + values.map { Quoting.value($0) }.joined(separator: ",") + ")"
        }
    }
}
