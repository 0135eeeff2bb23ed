import CollectorAPI
import ConsoleModel
import LogModel
import ScreenModel
import TestSupport
import Testing

/// Whole screens, readable in `Tests/Fixtures/ConsoleModel/v1`.
@Suite struct GoldenScreenTests {
    private func tail(width: Int = 100, height: Int = 30, ascii: Bool = false) -> Stage {
        var stage = Stage(width: width, height: height, ascii: ascii)
        stage.send(.tailConnection(1, .live))
        stage.send(.linkUp(roundTrip: 38_000_000))
        stage.send(.tick)
        stage.receive(
            [
                Stage.row(1, message: "GET /v1/cart 200 12ms user=4411"),
                Stage.row(2, level: "ERROR", message: "pool exhausted: waited 3000ms for connection (max 64)"),
                Stage.row(3, level: "warn", message: "retry 2/3 for order 91b0"),
                Stage.row(4, message: #"colour \u001b[31mred\u0007 and \u202e back"#),
                Stage.row(5, level: "fatal", message: #"panic: nil map\ngoroutine 1 [running]:\n\tmain.merge(0x0)"#),
                Stage.row(6, level: "debug", message: "日本語 🚀 e\u{301}"),
            ], gap: 1284)
        stage.receive([Stage.row(7, message: String(repeating: "long ", count: 40)), "not json"])
        stage.pass(seconds: 1)
        return stage
    }

    private func search(width: Int = 100, height: Int = 30) -> Stage {
        var stage = Stage(width: width, height: height)
        stage.send(.linkUp(roundTrip: 38_000_000))
        stage.press(.character("4"))
        var page = SearchPage()
        page.rows = (0..<40).map {
            Array(Stage.row(9000 - $0, level: $0 % 3 == 0 ? "error" : "info", message: "upstream timeout \($0)").utf8)
        }
        page.hits = 201_311
        page.scanned = 1_210_000
        stage.send(.searched(1, .success(page), nanoseconds: 84_000_000))
        var counts = LevelCounts()
        guard let range = stage.state.search.range else { return stage }
        for minute in 20..<58 where minute % 7 != 0 {
            let start = range.from.adding(nanoseconds: Int64(minute) * 60_000_000_000)
            counts.entries.append(.init(start: start, level: .info, count: minute * 3))
            if minute > 50 { counts.entries.append(.init(start: start, level: .error, count: minute * 2)) }
            if minute % 5 == 0 { counts.entries.append(.init(start: start, level: .warn, count: minute)) }
        }
        stage.send(.counted(1, .success(counts)))
        return stage
    }

    @Test func tailFollowing() {
        #expect(tail().golden("tail-100x30") == nil)
        #expect(tail(ascii: true).golden("tail-100x30-ascii") == nil)
        #expect(tail(width: 60, height: 16).golden("tail-60x16") == nil)
        #expect(tail(width: 40, height: 8).golden("tail-40x8") == nil)
    }

    @Test func tailFrozenWithAHitAndDetail() {
        var stage = tail()
        stage.press(.character(" "), .character("/"))
        stage.type("pool")
        stage.press(.enter, .enter)
        stage.receive(lines: 10..<30)
        #expect(stage.golden("tail-frozen-detail-100x30") == nil)
        stage.send(.resized(width: 80, height: 24))
        #expect(stage.golden("tail-frozen-detail-80x24") == nil)
        stage.send(.resized(width: 50, height: 12))
        #expect(stage.golden("tail-frozen-detail-50x12") == nil)
    }

    @Test func tailWithoutACollector() {
        var stage = Stage()
        #expect(stage.golden("start-100x30") == nil)
        stage.send(.linkLost(reason: "cannot connect to 127.0.0.1:7600: refused", retryAt: stage.now.steady))
        stage.send(.tailConnection(1, .waiting(retryAt: 0)))
        stage.pass(seconds: 12)
        stage.send(
            .linkLost(
                reason: "cannot connect to 127.0.0.1:7600: refused", retryAt: stage.now.steady + 3_000_000_000))
        #expect(stage.golden("link-lost-100x30") == nil)
    }

    @Test func tailRefused() {
        var stage = Stage()
        stage.press(.character(":"), .control("u"))
        stage.type("level:(")
        stage.press(.enter)
        let problem = Problem(
            status: 400, title: "The query cannot be read", detail: "expected a filter after `(`", line: 1, column: 8)
        stage.send(.tailConnection(2, .refused(problem)))
        #expect(stage.golden("tail-refused-100x30") == nil)
    }

    @Test func searchWithDetailPromptAndHelp() {
        var stage = search()
        #expect(stage.golden("search-100x30") == nil)
        stage.press(.enter, .tab)
        #expect(stage.golden("search-detail-100x30") == nil)
        stage.press(.character(":"))
        stage.type(" level:error")
        #expect(stage.golden("search-prompt-100x30") == nil)
        stage.press(.escape, .character("?"))
        #expect(stage.golden("search-help-100x30") == nil)
        #expect(search(width: 80, height: 20).golden("search-80x20") == nil)
    }

    @Test func tooSmallSaysSo() {
        let stage = Stage(width: 39, height: 8)
        #expect(stage.text(0) == "lodge needs 40x8, this is 39x8")
    }

    @Test func anySizeAndAnyKeysAreSurvived() {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        func next(_ bound: Int) -> Int { random.below(bound) }
        let keys: [Key] =
            [.up, .down, .left, .right, .pageUp, .pageDown, .home, .end, .enter, .escape, .backspace, .tab]
            + "jkhlgGFbnNeEwW/:?34Tr x".unicodeScalars.map { Key.character($0) } + [.control("d"), .control("u")]
        var stage = tail()
        for step in 0..<4000 {
            switch next(12) {
            case 0: stage.send(.resized(width: 1 + next(130), height: 1 + next(50)))
            case 1: stage.receive(lines: step * 50..<step * 50 + next(50))
            case 2: stage.receive([], gap: 1 + next(9))
            case 3:
                var page = SearchPage()
                page.rows = (0..<next(300)).map { Array(Stage.row($0).utf8) }
                page.hits = page.rows.count
                page.nextCursor = next(2) == 0 ? "c" : nil
                stage.send(.searched(stage.state.search.number, .success(page), nanoseconds: 1))
            case 4: stage.pass(seconds: Int64(next(3)))
            default: stage.press(keys[next(keys.count)])
            }
            let grid = stage.screen()
            #expect(grid.width == stage.state.width && grid.height == stage.state.height, "seed \(seed)")
            stage.state.frameShown()
            let tail = stage.state.tail
            #expect(tail.drawn <= tail.received, "seed \(seed)")
        }
    }
}
