import LogModel
import QueryEngine
import StoreFormat
import Testing

@Suite struct NeededFieldsTests {
    private func block() throws -> SpyBlock {
        let events = (0..<20).map { number in
            PlainEvent(
                Int64(number), "m \(number)", labels: ["service": number % 2 == 0 ? "cart" : "auth"],
                fields: [("a", "\(number % 3)"), ("b", "\(number % 4)"), ("c", "x")])
        }
        return SpyBlock(try #require(try segmentBlocks(events).first))
    }

    @Test(arguments: [
        ("* | stats count()", []), ("a:1 | stats count()", ["a"]), ("* | fields a", ["a"]),
        ("* | fields a | filter b:1", ["a"]), ("* | filter b:1 | fields a", ["a", "b"]),
        ("* | stats by (a) sum(b)", ["a", "b"]), ("* | limit 20 | filter b:1 | fields a", ["a", "b"]),
        ("* | uniq by (b)", ["b"]), ("* | sort by (c) | fields a", ["a", "c"]),
        ("* | rename a as z | fields z", ["a", "z"]),
        ("* | rename a as z | fields a", ["a"]), ("* | copy b as a | delete b | fields a", ["a", "b"]),
        ("* | delete _*, a, c", ["b", "service", "streams"]),
        ("* | stats by (service) count()", ["service", "streams"]),
        ("* | delete a | sort by (a)", ["_msg", "b", "c", "service", "streams", "times"]),
        ("* | sort by (a) | delete a, _*", ["a", "b", "c", "service", "streams"]),
        ("* | copy a as z | delete a*, _*", ["a", "b", "c", "service", "streams"]),
        ("{service=\"cart\"} | stats count()", ["streams"]), ("a:1 a:2 a:1 | fields a", ["a"]),
        // Words are known without the messages, which a phrase may need.
        ("m | stats by (_time:1h) count()", ["times"]), ("\"m 1\" | stats by (_time:1h) count()", ["_msg", "times"]),
        ("_time:5m | stats count()", []),
        ("* | limit 5 | filter {service=\"cart\"} | fields a", ["a", "service", "streams"]),
    ])
    func onlyColumnsThatAreNeededAreRead(query: String, columns: [String]) throws {
        let block = try block()
        _ = try run(query, on: [block])
        #expect(Set(block.reads) == Set(columns), "\(query)")
    }

    @Test func aColumnIsDecodedOnceForSeveralTestsAndTheResult() throws {
        let block = try block()
        let answer = try run("m (1 or 2 or 11) !11 | fields _msg", on: [block])
        #expect(values("_msg", of: answer) == ["m 1", "m 2"])
        #expect(block.reads == ["_msg"])
    }

    @Test(arguments: [
        ("* | fields a | filter b:1", 0), ("* | filter b:1 | fields a", 5), ("* | fields a | filter b:\"\"", 20),
        ("* | limit 20 | filter b:1 | fields a", 5), ("* | delete b | filter b:1", 0),
        ("* | rename b as d | filter b:1", 0),
        ("* | rename b as d | filter d:1 | fields a", 5), ("* | copy b as d | delete b | filter d:1 | fields a", 5),
        ("* | limit 20 | filter {service=\"cart\"} | fields a", 10), ("* | fields a, b | filter b:1 | fields a", 5),
    ])
    func filtersSeeTheFieldsThatAreThere(query: String, count: Int) throws {
        #expect(try run(query, on: [try block()]).rows.count == count)
    }
}
