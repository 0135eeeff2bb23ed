import LogModel
import TestSupport
import Testing

@testable import QueryLanguage

@Suite struct ValueMatcherTests {
    struct Case: CustomTestStringConvertible {
        var filter: String
        var yes: [String]
        var no: [String]
        var testDescription: String { filter }
    }

    @Test(arguments: [
        Case(
            filter: "error", yes: ["error", "an error happened", "error: cannot open file", "x-error.", "é error é"],
            no: ["", "ERROR", "multiple errors occurred", "terror", "_error", "error1", "erro", "éerror", "errorж"]),
        Case(
            filter: #""ssh: login fail""#,
            yes: ["ERROR: ssh: login fail for user \"foobar\"", "ssh: login fail!"],
            no: ["ssh login fail", "login fail: ssh error", "ssh: login failed", "SSH: login fail", "xssh: login fail"]),
        Case(filter: #"": login""#, yes: ["ssh: login", "ssh : login", ": login"], no: [": logins", ":login"]),
        Case(filter: #""(""#, yes: ["a(b", "("], no: ["", "a"]),
        Case(
            filter: "err*", yes: ["err: foobar", "cannot open file: error occurred", "err"],
            no: ["Error: foobar", "fooerror", "er"]),
        Case(
            filter: #""unexpected fail"*"#, yes: ["unexpected fail: IO error", "error:unexpected failure"],
            no: ["unexpectedly failed", "failed to open file: unexpected EOF"]),
        Case(
            filter: "i(error)", yes: ["unknown error happened", "ERROR: cannot read file", "An ErRoR occurred"],
            no: ["FooError", "too many Errors", ""]),
        Case(filter: "i(ERR*)", yes: ["errors", "an Error"], no: ["terror"]),
        Case(filter: "i(`a[{`)", yes: ["A[{"], no: ["a{[", "A{{", "a[["]),
        Case(filter: "i(ОШИБКА)", yes: ["ошибка", "эта Ошибка."], no: ["ошибками", "ошибк"]),
        Case(filter: "i(grüß*)", yes: ["GRÜßE", "ein grüß"], no: ["xgrüß", "gru"]),
        Case(
            filter: #"="Processing request"*"#, yes: ["Processing request foobar", "Processing requests"],
            no: ["processing request", "start: Processing request", ""]),
        Case(filter: #"="a b""#, yes: ["a b"], no: ["a b ", "A b", "a", ""]),
        Case(filter: #"="""#, yes: [""], no: ["a"]),
        Case(filter: #"=""*"#, yes: ["", "a"], no: []),
        Case(filter: #"in(a,"b c","")"#, yes: ["a", "b c", ""], no: ["b", "a ", "c"]),
        Case(filter: "in()", yes: [], no: ["", "a"]),
        Case(filter: "_msg:*", yes: ["a", " "], no: [""]),
        Case(filter: #""""#, yes: [""], no: ["a"]),
        Case(filter: "тест", yes: ["тест", "(тест)", "a тест b"], no: ["тесты", "атест", "тес"]),
    ])
    func valuesPassAsTheReferenceSays(_ test: Case) throws {
        guard case .field(_, let fieldTest) = try Filter(parsing: test.filter) else {
            Issue.record("not a test of a field")
            return
        }
        let matcher = ValueMatcher(fieldTest)
        for value in test.yes { #expect(matcher.matches(value), "\(value)") }
        for value in test.no { #expect(!matcher.matches(value), "\(value)") }
    }

    @Test func bytesThatAreNoUTF8SeparateWords() {
        let matcher = ValueMatcher(.phrase("foo", ignoringCase: false))
        for bytes: [UInt8] in [
            [0xFF, 0x66, 0x6F, 0x6F], [0x66, 0x6F, 0x6F, 0xC3], [0xE2, 0x82, 0x66, 0x6F, 0x6F, 0x80],
        ] {
            #expect(bytes.withUnsafeBytes { matcher.matches($0) })
        }
    }

    /// The same semantics, slow and simple.
    static func reference(_ test: FieldTest, _ value: [UInt8]) -> Bool {
        func isWord(_ index: Int) -> Bool {
            index >= 0 && index < value.count && WordRule.isWordByte(value[index])
        }
        func folded(_ byte: UInt8, _ ignoringCase: Bool) -> UInt8 {
            ignoringCase && byte >= 0x41 && byte <= 0x5A ? byte + 0x20 : byte
        }
        func contains(_ text: QueryText, _ ignoringCase: Bool, isPrefix: Bool) -> Bool {
            let needle = text.bytes
            guard needle.count <= value.count else { return false }
            return (0...value.count - needle.count).contains { start in
                for index in needle.indices
                where folded(needle[index], ignoringCase) != folded(value[start + index], ignoringCase) { return false }
                if WordRule.isWordByte(needle[0]), isWord(start - 1) { return false }
                return isPrefix || !(WordRule.isWordByte(needle[needle.count - 1]) && isWord(start + needle.count))
            }
        }
        switch test {
        case .any: return !value.isEmpty
        case .empty: return value.isEmpty
        case .phrase(let text, let ignoringCase): return contains(text, ignoringCase, isPrefix: false)
        case .prefix(let text, let ignoringCase): return contains(text, ignoringCase, isPrefix: true)
        case .exact(let text): return value == text.bytes
        case .exactPrefix(let text): return value.starts(with: text.bytes)
        case .oneOf(let texts): return texts.contains { $0.bytes == value }
        case .substring(let text):
            return text.isEmpty || value.indices.contains { value[$0...].starts(with: text.bytes) }
        case .containsAll(let texts): return texts.allSatisfy { contains($0, false, isPrefix: false) }
        case .containsAny(let texts): return texts.contains { contains($0, false, isPrefix: false) }
        default: preconditionFailure("not part of this test")
        }
    }

    @Test func matcherAgreesWithASimpleOneAndWithItsRequiredWords() {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        // Few letters, so that near misses are many; some bytes differ only in the bit that folding sets.
        let alphabet: [UInt8] = [0x61, 0x62, 0x41, 0x42, 0x20, 0x5F, 0x40, 0x60, 0x31, 0x00, 0x01]
        func bytes(_ range: ClosedRange<Int>) -> [UInt8] {
            let letters = Int.random(in: 1...alphabet.count, using: &random)
            return (0..<Int.random(in: range, using: &random)).map { _ in
                alphabet[Int.random(in: 0..<letters, using: &random)]
            }
        }
        var hits = 0
        for _ in 0..<20_000 {
            let text = QueryText(bytes: bytes(1...6))
            let ignoringCase = Bool.random(using: &random)
            let tests: [FieldTest] = [
                .phrase(text, ignoringCase: ignoringCase), .prefix(text, ignoringCase: ignoringCase), .exact(text),
                .exactPrefix(text), .oneOf([text, QueryText(bytes: bytes(0...3))]),
            ]
            let test = tests[Int.random(in: 0..<tests.count, using: &random)]
            let matcher = ValueMatcher(test)
            let value = bytes(0...40)
            let passes = value.withUnsafeBytes { matcher.matches($0) }
            #expect(passes == Self.reference(test, value), "\(test) \(value)")
            guard passes else { continue }
            hits += 1
            var words: Set<[UInt8]> = []
            value.withUnsafeBytes { WordRule.forEachWord(in: $0) { words.insert(Array($0)) } }
            #expect(matcher.requiredWordLists.contains { $0.allSatisfy { words.contains($0) } }, "\(test) \(value)")
        }
        #expect(hits > 500)
    }

    @Test func requiredWordsHoldForTextOfAllKinds() {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        let pieces: [[UInt8]] = [
            Array("é".utf8), Array("ж".utf8), [0x61], [0x20], [0xC3], [0xA9], [0xFF], Array("€".utf8), [0xE2, 0x82],
            Array("漢".utf8), [0x62], [0x80],
        ]
        func bytes(_ range: ClosedRange<Int>) -> [UInt8] {
            (0..<Int.random(in: range, using: &random)).flatMap { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &random)]
            }
        }
        var hits = 0
        for _ in 0..<20_000 {
            let value = bytes(0...12)
            var text = QueryText(bytes: bytes(1...3))
            if !value.isEmpty, Bool.random(using: &random) {
                let start = Int.random(in: 0..<value.count, using: &random)
                text.bytes = Array(value[start..<min(value.count, start + Int.random(in: 1...5, using: &random))])
            }
            for test in [
                FieldTest.phrase(text, ignoringCase: false), .prefix(text, ignoringCase: false),
                .phrase(text, ignoringCase: true), .exactPrefix(text), .exact(text),
            ] {
                let matcher = ValueMatcher(test)
                guard value.withUnsafeBytes({ matcher.matches($0) }) else { continue }
                hits += 1
                var words: Set<[UInt8]> = []
                value.withUnsafeBytes { WordRule.forEachWord(in: $0) { words.insert(Array($0)) } }
                #expect(matcher.requiredWords.allSatisfy { words.contains($0) }, "\(test) \(value)")
            }
        }
        #expect(hits > 500)
    }

    @Test func requiredWordsAreTheWholeWords() {
        func words(_ test: FieldTest) -> [String] {
            ValueMatcher(test).requiredWords.map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(words(.phrase("ssh: login-fail", ignoringCase: false)) == ["ssh", "login", "fail"])
        #expect(words(.prefix("unexpected fail", ignoringCase: false)) == ["unexpected"])
        #expect(words(.prefix("unexpected: ", ignoringCase: false)) == ["unexpected"])
        #expect(words(.phrase("Error 404 at", ignoringCase: true)) == ["404"])
        #expect(words(.exact("a b")) == ["a", "b"])
        #expect(words(.oneOf(["a b", "c"])) == [])
        #expect(ValueMatcher(.oneOf(["a b", "c"])).requiredWordLists.count == 2)
        #expect(words(.any) == [])
    }
}
