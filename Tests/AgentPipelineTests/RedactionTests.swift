import AgentPipeline
import LogModel
import RegularExpressions
import TestSupport
import Testing

/// What must not be seen is not sent.
struct RedactionTests {
    private func pattern(_ text: String) throws -> RegularExpression { try RegularExpression(Array(text.utf8)) }

    /// The events of a line in which secrets are replaced.
    private func read(_ line: String) throws -> [SeenEvent] {
        var pipeline = Pipeline(rules: [Rule("r", .redact([try .secrets()]))])
        return pipeline.read(line + "\n")
    }

    struct Secret: Sendable {
        var text: String
        var shown: String
    }

    @Test(arguments: [
        Secret(text: "mail jane.doe+x@mail.example.org, now", shown: "mail [EMAIL], now"),
        Secret(text: "a@b.de and c@d.com", shown: "[EMAIL] and [EMAIL]"),
        Secret(text: "git@host user@localhost @x a@ x@1.2.3.4", shown: "git@host user@localhost @x a@ x@1.2.3.4"),
        Secret(text: "card 4111 1111 1111 1111 200 ok", shown: "card [CARD] 200 ok"),
        Secret(text: "4111-1111-1111-1111", shown: "[CARD]"),
        Secret(text: "amex 3782 822463 10005.", shown: "amex [CARD]."),
        Secret(text: "5500000000000004,5500000000000005", shown: "[CARD],5500000000000005"),
        Secret(text: "id 4111111111111111x 1700000000000000000", shown: "id 4111111111111111x 1700000000000000000"),
        Secret(text: "password=hunter22 user=x", shown: "password=[SECRET] user=x"),
        Secret(text: #"{"api_key": "abcd1234"}"#, shown: #"{"api_key": "[SECRET]"}"#),
        Secret(text: "Authorization: Bearer abcdefghijklmnop", shown: "Authorization: Bearer [SECRET]"),
        Secret(text: "key AKIAIOSFODNN7EXAMPLE end", shown: "key [SECRET] end"),
        Secret(text: "jwt eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbg x", shown: "jwt [SECRET] x"),
        Secret(text: #"password="my secret" user=x"#, shown: #"password="[SECRET]" user=x"#),
        Secret(text: #"password="correct horse battery""#, shown: #"password="[SECRET]""#),
        Secret(
            text: #"{"Authorization": "Bearer a b, c", "n": 1}"#,
            shown: #"{"Authorization": "Bearer [SECRET]", "n": 1}"#),
        Secret(text: #"token: 'it\'s me' x"#, shown: "token: '[SECRET]' x"),
        Secret(text: #"secret="cut off in the mid"#, shown: #"secret="[SECRET]"#),
        Secret(text: #"password="" token='' x"#, shown: #"password="" token='' x"#),
        Secret(text: "no 12-34-56 secrets here", shown: "no 12-34-56 secrets here"),
        Secret(text: "custom XY-1234 here", shown: "custom <number> here"),
    ]) func whatMustNotBeSeenIsReplaced(_ item: Secret) throws {
        let custom = Redaction.pattern(try pattern(#"XY-\d+"#), replacement: Array("<number>".utf8))
        let rule = Rule("r", .redact([.emails, .cards, try .secrets(), custom]))
        var plain = Pipeline(SourceProfile(format: .plain), rules: [rule])
        #expect(plain.read(item.text + "\n").map(\.message) == [item.shown])
        // In fields as well, and nothing of it is left in what is sent.
        var pipeline = Pipeline(SourceProfile(format: .regex, pattern: try pattern("(?P<field>.*)")), rules: [rule])
        #expect(pipeline.read(item.text + "\n").map { $0.fields["field"] } == [item.shown])
    }

    @Test func fieldsOfSecretNamesAreHiddenWhole() throws {
        let line =
            #"{"password":"a b","user":{"api_key":17},"Set-Cookie":"x=y","passwords":"3","db_password":"hunter22","#
            + #""x-api-key":"k","csrf_token":"t","userPassword":"p","tokens":7,"msg":"m"}"#
        let events = try read(line)
        #expect(
            events.first?.fields == [
                "password": "[SECRET]", "user.api_key": "[SECRET]", "Set-Cookie": "[SECRET]", "passwords": "3",
                "db_password": "[SECRET]", "x-api-key": "[SECRET]", "csrf_token": "[SECRET]",
                "userPassword": "[SECRET]", "tokens": "7", "file": "/var/log/cart.log",
            ])
    }

    /// The path that the agent writes is left as it is, but not what a line calls a file.
    @Test func aFieldCalledFileIsRedactedLikeOthers() throws {
        let line = #"{"file":"password=hunter22","msg":"m"}"#
        for overwrites in [true, false] {
            var options = SourceProfile.JSONOptions()
            options.overwriteKeys = overwrites
            let pipeline = Pipeline(SourceProfile(json: options), rules: [Rule("r", .redact([try .secrets()]))])
            let text = Array((line + "\n" + line + "\n").utf8)
            var state = SourceState(id: 1, path: "/var/log/token=abcdef.log", device: 1, inode: 1)
            _ = text.withUnsafeBytes {
                pipeline.assembler.take(
                    $0, of: &state, profile: pipeline.profile, ending: .final, arrival: Pipeline.arrival)
            }
            let batch = try #require(pipeline.assembler.finish()?.events)
            let files = (0..<Int(batch.fieldStarts[2])).map { batch.fields[$0] }
                .filter { batch.fieldNames[Int($0.name)] == "file" }
                .map { String(decoding: batch.bytes(of: $0.value), as: UTF8.self) }
            let expected = ["/var/log/token=abcdef.log", "password=[SECRET]"]
            #expect(files.sorted() == [expected[0], expected[0], expected[1], expected[1]])
        }
    }

    @Test func redactingAnyBytesDoesNotTrap() throws {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        let pieces: [[UInt8]] = ["@", ".", "a", "com", "4111 1111 ", "11111111", "-", " ", "password=", "x@y.de"].map {
            Array($0.utf8)
        }
        let rules = [Rule("r", .redact([.emails, .cards, try .secrets()]))]
        for _ in 0..<5_000 {
            var text: [UInt8] = []
            for _ in 0..<random.below(12) {
                text += random.chance(80) ? random.pick(pieces) : random.bytes(random.below(4))
            }
            var pipeline = Pipeline(SourceProfile(format: .plain), rules: rules)
            let once = pipeline.read(text + [0x0A])
            #expect(once.count >= 1, "seed \(seed)")
        }
    }
}
