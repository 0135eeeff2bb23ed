import CollectorAPI
import ConsoleModel
import LogModel
import ScreenModel
import TestSupport
import Testing

@Suite struct TailScreenTests {
    @Test func theNewestLinesAreShownWhileFollowing() {
        var stage = Stage()
        stage.receive(lines: 0..<100)
        #expect(stage.text(25).hasSuffix("line 99"))
        #expect(stage.text(28).hasPrefix(" FOLLOW  buffer 100"))
    }

    @Test func aFrozenViewDoesNotMoveAndCountsWhatComes() {
        var stage = Stage()
        stage.receive(lines: 0..<100)
        let before = stage.screen()
        stage.press(.character(" "))
        stage.receive(lines: 100..<1331)
        let after = stage.screen()
        for y in 3..<26 { #expect(before.rowText(y) == after.rowText(y)) }
        #expect(stage.text(28).hasPrefix(" FROZEN +1,231  "))
        stage.press(.character(" "))
        #expect(stage.text(25).hasSuffix("line 1330"))
    }

    @Test func scrollingHoldsTheViewUntilGFollowsAgain() {
        var stage = Stage()
        stage.receive(lines: 0..<100)
        stage.press(.up)
        let before = stage.text(10)
        stage.receive(lines: 100..<150)
        #expect(stage.text(10) == before)
        #expect(stage.text(28).hasPrefix(" HELD +50"))
        stage.press(.character("G"))
        #expect(stage.state.tail.mode == .follow)
        #expect(stage.text(25).hasSuffix("line 149"))
    }

    @Test func aHeldPageStaysWhenItsLinesLeaveTheBuffer() {
        var stage = Stage()
        stage.receive(lines: 0..<100)
        stage.press(.character(" "))
        let before = stage.screen()
        stage.receive(lines: 100..<LineRing.maxLines + 500)
        #expect(stage.state.tail.ring.left == 500)
        let after = stage.screen()
        for y in 3..<26 { #expect(before.rowText(y) == after.rowText(y)) }
    }

    @Test func belowAHeldPageThatLeftComesTheOldestLineThereIs() {
        var stage = Stage()
        stage.receive(lines: 0..<100)
        stage.press(.character(" "))
        stage.receive(lines: 100..<LineRing.maxLines + 500)
        stage.press(.down)
        #expect(stage.state.tail.list.cursor == 78)
        stage.press(.pageDown)
        stage.press(.down)
        #expect(stage.state.tail.list.cursor == 501)
        #expect(stage.text(3).hasSuffix("line 500"))
    }

    @Test func receivedIsDrawnPlusNotDrawnAndLossIsKeptApart() {
        var stage = Stage()
        stage.receive(lines: 0..<1000)
        stage.receive([Stage.row(1000)], gap: 1284)
        let tail = stage.state.tail
        #expect(tail.received == 1001)
        #expect(tail.drawn == 24)
        #expect(tail.notDrawn == 977)
        #expect(tail.lost == 1284)
        #expect(tail.gaps == 1)
        #expect(stage.text(25).hasPrefix("~~~ gap: 1,284 lines not received"))
    }

    @Test func enterOnAGapSearchesBetweenTheLinesAroundIt() {
        var stage = Stage()
        stage.receive([Stage.row(1)], gap: 5)
        stage.receive([Stage.row(2)])
        stage.press(.up)
        let effects = stage.press(.enter)
        guard case .search(_, let request)? = effects.first(where: { if case .search = $0 { true } else { false } })
        else {
            Issue.record("no search in \(effects)")
            return
        }
        #expect(request.range.length == 1_000_001)
        #expect(stage.state.screen == .search)
    }

    @Test func findGoesToTheNewestHitThenUpAndDown() {
        var stage = Stage()
        stage.receive((0..<200).map { Stage.row($0, message: $0 % 50 == 7 ? "Timeout \($0)" : nil) })
        stage.press(.character("/"))
        stage.type("timeout")
        stage.press(.enter)
        let newest = stage.state.tail.list.cursor
        #expect(newest == 157)
        stage.press(.character("N"))
        #expect(stage.state.tail.list.cursor == 107)
        stage.press(.character("n"), .character("n"))
        #expect(stage.state.tail.list.cursor == 157)
        #expect(stage.text(28).contains("\"timeout\" not found below"))
    }

    @Test func aCapitalMakesFindMindTheCase() {
        #expect(Array("TIMEOUT".utf8).withUnsafeBytes(FindText("timeout").occurs))
        #expect(!Array("timeout".utf8).withUnsafeBytes(FindText("Timeout").occurs))
        #expect(Array("x\"quoted\"".utf8).withUnsafeBytes(FindText("\"q").occurs))
        #expect(Array("{\"msg\":\"x\\\"quoted\"}".utf8).withUnsafeBytes(FindText("\"q").mayOccur))
    }

    @Test func errorsAndWarningsAreFoundBothWays() {
        var stage = Stage()
        stage.receive((0..<100).map { Stage.row($0, level: $0 == 20 ? "ERROR" : $0 == 40 ? "WARN" : "INFO") })
        stage.press(.character("E"))
        #expect(stage.state.tail.list.cursor == 20)
        stage.press(.character("w"))
        #expect(stage.state.tail.list.cursor == 40)
        stage.press(.character("e"))
        #expect(stage.text(28).contains("no error below"))
    }

    @Test func aNewQueryStartsOverAndRefusesLinesOfTheOldOne() {
        var stage = Stage()
        stage.receive(lines: 0..<10)
        stage.press(.character(":"), .control("u"))
        stage.type("level:error")
        let effects = stage.press(.enter)
        #expect(effects == [.startTail(2, query: "level:error")])
        var old = TailBatch()
        Array(Stage.row(1).utf8).withUnsafeBytes { old.append(row: $0) }
        stage.send(.tail(1, old))
        #expect(stage.state.tail.received == 0)
        #expect(stage.state.tail.ring.rows.isEmpty)
    }

    @Test func aBrokenConnectionLeavesAMark() {
        var stage = Stage()
        stage.send(.tailConnection(1, .live))
        stage.receive(lines: 0..<3)
        stage.send(.tailConnection(1, .waiting(retryAt: 0)))
        stage.pass(seconds: 12)
        stage.send(.tailConnection(1, .connecting))
        stage.send(.tailConnection(1, .live))
        #expect(stage.text(6).hasPrefix("~~~ link was lost for 12s"))
    }

    @Test func theRingIsBoundedByBytesToo() {
        var ring = LineRing(maxLines: 1000, maxBytes: 1000)
        for number in 0..<500 {
            let row = Array("row \(number) ".utf8) + Array(repeating: UInt8(0x78), count: 90)
            row.withUnsafeBytes { ring.append($0, kind: .line, level: .info) { _, _, _, _ in } }
            #expect(ring.bytes <= 1000)
            let last = ring.rows.upperBound - 1
            #expect(ring.withBytes(last) { Array($0) } == row)
        }
        #expect(ring.left == 500 - ring.rows.count)
        let oldest = ring.rows.lowerBound
        let text = ring.withBytes(oldest) { String(decoding: $0.prefix(7), as: UTF8.self) }
        #expect(text == "row \(oldest)")
        #expect(ring.withBytes(oldest - 1) { _ in true } == nil)
    }

    @Test func aLineLargerThanABlockIsHeldWhole() {
        var ring = LineRing()
        for size in [10, 600_000, 20, 300_000, 30] {
            let row = Array(repeating: UInt8(size & 0xFF), count: size)
            row.withUnsafeBytes { ring.append($0, kind: .line, level: .info) { _, _, _, _ in } }
        }
        #expect(ring.rows.map { ring.withBytes($0) { $0.count } } == [10, 600_000, 20, 300_000, 30])
    }

    @Test func randomAppendsKeepWhatARingShouldKeep() {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        func next(_ bound: Int) -> Int { random.below(bound) }
        var ring = LineRing(maxLines: 300, maxBytes: 600_000)
        var model: [[UInt8]] = []
        for _ in 0..<20_000 {
            let row = Array(repeating: UInt8(next(256)), count: next(50) == 0 ? next(300_000) : next(400))
            model.append(row)
            row.withUnsafeBytes { ring.append($0, kind: .line, level: .info) { _, _, _, _ in } }
        }
        #expect(ring.rows.upperBound == model.count, "seed \(seed)")
        for number in ring.rows {
            #expect(ring.withBytes(number) { $0.elementsEqual(model[number]) } == true, "seed \(seed)")
        }
        #expect(ring.bytes == ring.rows.reduce(0) { $0 + model[$1].count }, "seed \(seed)")
    }
}
