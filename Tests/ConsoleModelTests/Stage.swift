import CollectorAPI
import ConsoleModel
import LogModel
import ScreenGoldens
import ScreenModel
import Testing

/// A console without a terminal, a clock that stands still unless moved, and lines to feed it with.
struct Stage {
    var state: ConsoleState
    var now = Moment(wall: Timestamp(nanoseconds: 1_767_276_209_000_000_000), steady: 1_000_000_000_000)

    init(width: Int = 100, height: Int = 30, ascii: Bool = false) {
        state = ConsoleState(place: "127.0.0.1:7600", width: width, height: height, ascii: ascii)
    }

    @discardableResult
    mutating func send(_ event: ConsoleEvent) -> [ConsoleEffect] {
        state.handle(event, now: now)
    }

    @discardableResult
    mutating func press(_ keys: Key...) -> [ConsoleEffect] {
        keys.flatMap { state.handle(.key($0), now: now) }
    }

    mutating func type(_ text: String) {
        for scalar in text.unicodeScalars { press(.character(scalar)) }
    }

    mutating func pass(seconds: Int64) {
        now.steady += seconds * 1_000_000_000
        now.wall = now.wall.adding(nanoseconds: seconds * 1_000_000_000)
        send(.tick)
    }

    static func row(_ number: Int, level: String = "INFO", message: String? = nil) -> String {
        let time = Timestamp(nanoseconds: 1_767_276_200_000_000_000 + Int64(number) * 1_000_000).description
        return #"{"ts":"\#(time)","level":"\#(level)","msg":"\#(message ?? "line \(number)")","service":"cart","#
            + #""meta":{"order":"81f2"}}"#
    }

    /// Receives lines as the tail would.
    mutating func receive(_ rows: [String], gap: Int? = nil) {
        var batch = TailBatch()
        for row in rows { Array(row.utf8).withUnsafeBytes { batch.append(row: $0) } }
        if let gap { batch.append(gap: gap) }
        send(.tail(state.tail.number, batch))
        state.frameShown()
    }

    mutating func receive(lines range: Range<Int>) {
        receive(range.map { Self.row($0) })
    }

    func screen() -> ScreenGrid { state.draw(now: now) }

    func text(_ y: Int) -> String { screen().rowText(y) }

    func golden(_ name: String) -> String? {
        GoldenScreen.difference(screen(), module: "ConsoleModel", name: name, testFile: #filePath)
    }
}
