import CollectorHTTP
import Testing

struct FormTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        var name: String
        var value: String?
        var testDescription: String { text }
    }

    @Test(arguments: [
        Case(text: "a=b", name: "a", value: "b"),
        Case(text: "a=b&c=d", name: "c", value: "d"),
        Case(text: "a=1+2%2B3", name: "a", value: "1 2+3"),
        Case(text: "query=%7Bservice%3D%22a%22%7D", name: "query", value: #"{service="a"}"#),
        Case(text: "a=%", name: "a", value: "%"),
        Case(text: "a=%4", name: "a", value: "%4"),
        Case(text: "a=%zz", name: "a", value: "%zz"),
        Case(text: "a=%ff", name: "a", value: "\u{FFFD}"),
        Case(text: "a=%c3%a4", name: "a", value: "ä"),
        Case(text: "a", name: "a", value: ""),
        Case(text: "a=", name: "a", value: ""),
        Case(text: "=a", name: "", value: "a"),
        Case(text: "a=b=c", name: "a", value: "b=c"),
        Case(text: "&&a=b&", name: "a", value: "b"),
        Case(text: "%61=b", name: "a", value: "b"),
        Case(text: "", name: "a", value: nil),
        Case(text: "A=b", name: "a", value: nil),
    ])
    func namesAndValuesAreDecoded(_ test: Case) {
        #expect(FormParameters(test.text.utf8)[test.name] == test.value)
    }

    @Test func theFirstOfSeveralCountsAndAllCanBeHad() {
        let form = FormParameters("s=a&s=b&t=x,,y".utf8)
        #expect(form["s"] == "a")
        #expect(form.all("s") == ["a", "b"])
        #expect(form.list("t") == ["x", "y"])
        #expect(FormParameters("t=,".utf8).list("t") == nil)
    }

    @Test func onlySoManyPairsAreTaken() {
        let text = (0..<5_000).map { "k\($0)=v" }.joined(separator: "&")
        let form = FormParameters(text.utf8)
        #expect(form["k999"] == "v")
        #expect(form["k1000"] == nil)
        var both = FormParameters("a=1".utf8)
        both.append(form)
        #expect(both["a"] == "1")
        #expect(both["k998"] == "v")
        #expect(both["k999"] == nil)
    }
}
