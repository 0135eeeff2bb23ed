import LogModel
import Testing

@Suite struct WordRuleTests {
    static func words(_ bytes: [UInt8]) -> [String] {
        var result: [String] = []
        bytes.withUnsafeBytes { WordRule.forEachWord(in: $0) { result.append(String(decoding: $0, as: UTF8.self)) } }
        return result
    }

    @Test func wordsAreRunsOfLettersDigitsAndUnderscores() {
        #expect(Self.words(Array("foo: (bar,\"тест\")! a_1-2.3".utf8)) == ["foo", "bar", "тест", "a_1", "2", "3"])
        #expect(Self.words(Array("日本語 Ünï×é ½ ٣🎉x".utf8)) == ["日本語", "Ünï", "é", "٣", "x"])
        #expect(Self.words([]) == [])
        #expect(Self.words(Array(" - ".utf8)) == [])
    }

    @Test func bytesThatAreNoUTF8SeparateWords() {
        #expect(Self.words([0x61, 0xFF, 0x62]) == ["a", "b"])
        #expect(Self.words([0x61, 0xE2, 0x82]) == ["a"])
        #expect(Self.words([0xC3, 0x61, 0xC0, 0xAF, 0x62]) == ["a", "b"])
        #expect(Self.words([0x61, 0xED, 0xA0, 0x80, 0x62]) == ["a", "b"])
    }

    @Test func everyScalarIsDecodedAsTheStandardLibraryEncodesIt() {
        for value in stride(from: UInt32(0), through: 0x10_FFFF, by: 7) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let bytes = Array(String(scalar).utf8)
            bytes.withUnsafeBytes { buffer in
                #expect(WordRule.scalar(at: 0, in: buffer)?.scalar == scalar)
                #expect(WordRule.scalar(at: 0, in: buffer)?.length == bytes.count)
                #expect(WordRule.isWord(at: 0, in: buffer) == WordRule.isWordScalar(scalar))
                #expect(WordRule.isWord(before: bytes.count, in: buffer) == WordRule.isWordScalar(scalar))
            }
        }
    }

    @Test func wordScalarsAreLettersAndDecimalDigits() {
        let wanted: Set<Unicode.GeneralCategory> = [
            .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
        ]
        for value in UInt32(0x80)...0xFFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            #expect(WordRule.isWordScalar(scalar) == wanted.contains(scalar.properties.generalCategory), "\(value)")
        }
    }
}
