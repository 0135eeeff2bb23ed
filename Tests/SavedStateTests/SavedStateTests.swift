import LineFormats
import SavedState
import Synchronization
import SystemIO
import TestSupport
import Testing

private struct NotSaved: Error {}

private struct Number: SavedDocument, Equatable {
    var count = 0

    init() {}

    init(saved document: JSONValue) throws {
        guard let number = document["count"]?.int else { throw NotSaved() }
        count = number
    }

    var document: JSONValue { ["count": .integer(count)] }

    mutating func grow() -> (Int, isChanged: Bool) {
        count += 1
        return (count, true)
    }
}

@Suite(.timeLimit(.minutes(15)))
struct SavedStateTests {
    private let told = Told()

    private final class Told: Sendable {
        let texts = Mutex<[String]>([])
        var count: Int { texts.withLock { $0.count } }
    }

    private func open(_ path: String, interval: UInt64 = 3_600_000_000_000) throws -> SavedState<Number> {
        try SavedState(path, name: "numbers", interval: interval) { [told] text in
            told.texts.withLock { $0.append(text) }
        }
    }

    private func onDisk(_ path: String) -> Int? {
        (try? JSONValue(parsing: try FileSystem.contents(path, limit: 100)))?["count"]?.int
    }

    @Test func theFirstChangeIsWrittenAtOnceAndLaterOnesTogether() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/state.json"
        let state = try open(path)
        #expect(state.change { ($0.count, isChanged: false) } == 0 && !FileSystem.exists(path))
        #expect(state.change { $0.grow() } == 1)
        try eventually("the first is there") { onDisk(path) == 1 }
        for _ in 0..<5 { state.change { $0.grow() } }
        #expect(state.value.count == 6 && state.read(\.count) == 6 && onDisk(path) == 1)
        try state.save()
        #expect(onDisk(path) == 6)
        state.change { $0.grow() }
        state.stop()
        #expect(onDisk(path) == 7)
        let again = try open(path)
        #expect(again.value.count == 7 && told.count == 0)
        again.stop()
    }

    @Test func eachChangeIsWrittenInTheEnd() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/state.json"
        let state = try open(path, interval: 1_000_000)
        for number in 1...20 {
            state.change { $0.grow() }
            try eventually("change \(number)") { onDisk(path) == number }
        }
        state.stop()
    }

    @Test(arguments: ["", "{", "{\"count\":\"x\"}", "\u{0}"])
    func whatCannotBeReadIsSetAside(content: String) throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/state.json"
        try FileSystem.writeAtomically(path, Array(content.utf8))
        let state = try open(path)
        #expect(state.value == Number() && told.count == 1 && FileSystem.exists(path + ".damaged"))
        state.stop()
    }

    @Test func aDiskThatFailsIsToldAndTriedAgain() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/gone/state.json"
        let state = try open(path, interval: 0)
        state.change { $0.grow() }
        try eventually("it is told") { told.count == 1 }
        #expect(throws: IOError.self) { try state.save() }
        try FileSystem.createDirectory(directory.path + "/gone")
        state.stop()
        #expect(onDisk(path) == 1)
    }
}
