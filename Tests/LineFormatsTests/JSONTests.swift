import ByteCoding
import LineFormats
import LogModel
import Testing

@Suite struct JSONTests {
    struct Case: CustomTestStringConvertible {
        var text: String
        var offset: Int
        var testDescription: String { text }
    }

    @Test(arguments: [
        #"{"a":1,"b":[true,false,null],"c":{"d":"e\n\"\\ ü"}}"#, "[]", "{}", "-1.5e+10", "\"\"", "[[[1]],{\"a\":[]}]",
    ])
    func documentsComeBack(text: String) throws {
        let value = try JSONValue(parsing: text)
        #expect(try JSONValue(parsing: value.bytes) == value)
        #expect(String(decoding: value.bytes, as: UTF8.self) == text)
    }

    @Test(arguments: [
        Case(text: "", offset: 0), Case(text: "{", offset: 1), Case(text: "{\"a\"}", offset: 4),
        Case(text: "{\"a\":}", offset: 5), Case(text: "[1,]", offset: 3), Case(text: "[1 2]", offset: 3),
        Case(text: "01", offset: 0), Case(text: "1.", offset: 0), Case(text: "nul", offset: 0),
        Case(text: "\"a", offset: 0), Case(text: "\"\u{1}\"", offset: 1), Case(text: "{} x", offset: 3),
        Case(text: "{\"a\":1,}", offset: 7), Case(text: "'a'", offset: 0), Case(text: "{\"a\":1 \"b\":2}", offset: 7),
    ])
    func mistakesAreFoundWhereTheyAre(_ example: Case) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: example.text) }
        #expect(error?.offset == example.offset, "\(error?.message ?? "")")
    }

    @Test func deepNestingIsRefusedAndNeverOverflowsTheStack() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: JSONError.self) { try JSONValue(parsing: deep) }
        let objects = String(repeating: "{\"a\":", count: 100_000)
        #expect(throws: JSONError.self) { try JSONValue(parsing: objects) }
    }

    @Test func escapesOfEveryKind() throws {
        #expect(try JSONValue(parsing: #""\u0041\u00fc\ud83d\ude00\/\b\f\n\r\t""#).string == "Aü😀/\u{8}\u{c}\n\r\t")
        #expect(try JSONValue(parsing: #""\ud83d x""#).string == "\u{FFFD} x")
        #expect(throws: JSONError.self) { try JSONValue(parsing: #""\u12""#) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: #""\q""#) }
        var writer = ByteWriter()
        [0x61, 0xFF, 0xC3, 0x28, 0x00, 0xED, 0xA0, 0x80].withUnsafeBytes { (raw: UnsafeRawBufferPointer) in
            let bytes = raw.enumerated().filter { $0.offset % 8 == 0 }.map(\.element)
            bytes.withUnsafeBytes { writer.append(jsonString: $0) }
        }
        let text = writer.withBytes { String(decoding: $0, as: UTF8.self) }
        #expect(text == "\"a\u{FFFD}\u{FFFD}(\\u0000\u{FFFD}\u{FFFD}\u{FFFD}\"")
    }
}

@Suite struct JSONEventDecoderTests {
    private func decode(
        _ lines: [String], keys: JSONEventDecoder.Keys
    ) throws -> EventBatch {
        var builder = EventBatchBuilder()
        var decoder = JSONEventDecoder(keys: keys)
        for line in lines {
            let bytes = Array(line.utf8)
            try bytes.withUnsafeBytes { raw in
                var scanner = JSONScanner(raw)
                try decoder.decode(&scanner, into: &builder, arrival: Timestamp(nanoseconds: 42))
            }
        }
        return builder.finish()
    }

    @Test func membersBecomeTimeMessageLabelsAndFields() throws {
        let batch = try decode(
            [
                #"{"ts":"2025-06-15T14:00:00Z","level":"ERROR","service":"cart","msg":"a\tb","n":1.50,"ok":true,"x":null}"#,
                #"{"http":{"status":500,"deep":{"er":"v"}},"list":[1, "2"],"msg":7,"k\u0065y":"escaped"}"#,
            ],
            keys: .init(time: ["ts"], message: ["msg"], labels: ["service"]))
        #expect(batch.timestamps == [1_749_996_000_000_000_000, 42])
        #expect(batch.levels == [Level.error.rawValue, 0])
        #expect(batch.message(at: 0) == "a\tb")
        #expect(batch.streams.map(\.text) == [#"{service="cart"}"#, "{}"])
        #expect(batch.value(of: "n", at: 0) == Array("1.50".utf8))
        #expect(batch.value(of: "level", at: 0) == Array("ERROR".utf8))
        #expect(batch.value(of: "x", at: 0) == nil)
        #expect(batch.value(of: "http.status", at: 1) == Array("500".utf8))
        #expect(batch.value(of: "http.deep.er", at: 1) == Array("v".utf8))
        #expect(batch.value(of: "list", at: 1) == Array(#"[1, "2"]"#.utf8))
        #expect(batch.message(at: 1) == "7")
        #expect(batch.value(of: "key", at: 1) == Array("escaped".utf8))
    }

    @Test func aBrokenEventLeavesTheOthersWhole() throws {
        var builder = EventBatchBuilder()
        var decoder = JSONEventDecoder(keys: .init(time: ["ts"], message: ["msg"]))
        for line in [#"{"msg":"one"}"#, #"{"msg":"two","a":}"#, #"{"ts":"noon","msg":"x"}"#, "7", #"{"msg":"three"}"#] {
            let bytes = Array(line.utf8)
            bytes.withUnsafeBytes { raw in
                var scanner = JSONScanner(raw)
                try? decoder.decode(&scanner, into: &builder, arrival: Timestamp(nanoseconds: 0))
            }
        }
        let batch = builder.finish()
        #expect((0..<batch.count).map { batch.message(at: $0) } == ["one", "three"])
    }
}
