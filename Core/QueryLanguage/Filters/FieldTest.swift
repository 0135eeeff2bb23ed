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
    /// Matches a regular expression, anywhere: `field:~"a|b"`.
    case expression(QueryText)
    /// Contains this, be it in the middle of words: `field:*a*`.
    case substring(QueryText)
    /// Contains these phrases one after the other: `field:seq("a", "b")`.
    case sequence([QueryText])
    /// Contains all of these words and phrases: `field:contains_all(a, "b c")`.
    case containsAll([QueryText])
    /// Contains at least one of these words and phrases: `field:contains_any(a, "b c")`.
    case containsAny([QueryText])
    /// Is a number in a range: `field:range[1, 10KB)`, `field:>5m`.
    case numbers(NumberRange)
    /// Is an IPv4 address in a range: `field:ipv4_range(10.0.0.0/8)`.
    case addresses(ClosedRange<UInt32>)
    /// Is at least the first and below the second, byte by byte: `field:string_range(a, c)`; nil has no upper end.
    case strings(from: QueryText, below: QueryText?)
    /// Has so many characters: `field:len_range(5, 10)`.
    case lengths(ClosedRange<UInt64>)

    /// Is there, and storage keeps it in this way: `field:value_type(numbers)`.
    case stored(ValueType)

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
        case .oneOf(let values): FieldTest.call("in", values)
        case .expression(let text): "~" + Quoting.quoted(text)
        case .substring(let text): "*" + Quoting.quoted(text) + "*"
        case .sequence(let phrases): FieldTest.call("seq", phrases)
        case .containsAll(let phrases): FieldTest.call("contains_all", phrases)
        case .containsAny(let phrases): FieldTest.call("contains_any", phrases)
        case .numbers(let range): range.description
        case .addresses(let range):
            "ipv4_range(" + NumberWriting.ipv4(range.lowerBound) + "," + NumberWriting.ipv4(range.upperBound) + ")"
        case .strings(let low, let high?): FieldTest.call("string_range", [low, high])
        case .strings(let low, nil): ">=" + Quoting.quoted(low)
        case .lengths(let range):
            "len_range(\(range.lowerBound)," + (range.upperBound == .max ? "inf" : "\(range.upperBound)") + ")"
        case .stored(let type): "value_type(\(type.rawValue))"
        }
    }

    private static func call(_ name: String, _ values: [QueryText]) -> String {
        name + "(" + values.map { Quoting.value($0) }.joined(separator: ",") + ")"
    }
}
