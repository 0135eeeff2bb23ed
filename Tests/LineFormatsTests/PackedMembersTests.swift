import LineFormats
import LogModel
import Testing

/// A batch with more names than it may have loses nothing.
@Suite struct PackedMembersTests {
    @Test func membersBeyondTheNamesArePackedIntoOneField() throws {
        var builder = EventBatchBuilder()
        var decoder = JSONEventDecoder(keys: .init(time: ["ts"], message: ["msg"], labels: ["service"]))
        func add(_ text: String) throws {
            try Array(text.utf8).withUnsafeBytes { raw in
                var scanner = JSONScanner(raw)
                try decoder.decode(&scanner, into: &builder, arrival: Timestamp(nanoseconds: 42), isWholeText: true)
            }
        }
        let perLine = 1 << 10
        for line in 0..<(JSONEventDecoder.maximumNames / perLine) {
            try add("{" + (0..<perLine).map { "\"n\(line)_\($0)\":1" }.joined(separator: ",") + "}")
        }
        #expect(decoder.packedCount == 0)
        // Names that mean something, and those that are known, are fields of their own.
        try add(
            #"{"msg":"m","service":"s","new\n":"a\"b","n0_0":"known","o":{"p":[1,{"q":null}],"\u00e4":true},"none":null}"#
        )
        try add(#"{"msg":"plain"}"#)
        #expect(decoder.packedCount == 3)
        let batch = builder.finish()
        let row = batch.count - 2
        #expect(batch.message(at: row) == "m")
        #expect(batch.value(of: "service", at: row) == Array("s".utf8))
        #expect(batch.value(of: "n0_0", at: row) == Array("known".utf8))
        #expect(
            batch.value(of: JSONEventDecoder.packedName, at: row).map { String(decoding: $0, as: UTF8.self) }
                == #"{"new\n":"a\"b","o.p":[1,{"q":null}],"o.ä":true}"#)
        #expect(batch.value(of: JSONEventDecoder.packedName, at: row + 1) == nil)
        #expect(batch.fieldNames.count <= JSONEventDecoder.maximumNames + 4)
    }
}
