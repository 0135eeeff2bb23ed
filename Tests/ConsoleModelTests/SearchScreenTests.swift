import CollectorAPI
import ConsoleModel
import LogModel
import ScreenModel
import Testing

@Suite struct SearchScreenTests {
    private func page(_ rows: Range<Int>, hits: Int, next: String?) -> SearchPage {
        var page = SearchPage()
        page.rows = rows.map { Array(Stage.row($0, level: $0 == 3 ? "ERROR" : "INFO").utf8) }
        page.hits = hits
        page.scanned = 1_210_000
        page.nextCursor = next
        return page
    }

    private func searched(_ stage: inout Stage, _ page: SearchPage) -> [ConsoleEffect] {
        stage.send(.searched(stage.state.search.number, .success(page), nanoseconds: 84_000_000))
    }

    @Test func theFirstVisitSearchesTheLastHourWithoutBeingAsked() {
        var stage = Stage()
        let effects = stage.press(.character("4"))
        #expect(effects.count == 3)
        guard case .search(1, let request) = effects[1] else {
            Issue.record("no search in \(effects)")
            return
        }
        #expect(request.range.length == 3_600_000_000_000)
        #expect(request.query == "*")
        _ = searched(&stage, page(0..<5, hits: 5, next: nil))
        stage.press(.character("3"))
        #expect(stage.press(.character("4")).isEmpty)
    }

    @Test func furtherPagesAreLoadedWhenTheCursorComesNear() {
        var stage = Stage()
        stage.press(.character("4"))
        #expect(searched(&stage, page(0..<200, hits: 350, next: "c1")).isEmpty)
        let effects = stage.press(.character("G"))
        guard case .search(1, let request)? = effects.first else {
            Issue.record("no further page in \(effects)")
            return
        }
        #expect(request.cursor == "c1")
        #expect(stage.press(.up).isEmpty)
        _ = searched(&stage, page(200..<350, hits: 350, next: nil))
        #expect(stage.state.search.rows.count == 350)
        #expect(stage.state.search.list.cursor == 198)
        #expect(stage.state.search.hits == 350)
    }

    @Test func answersToAnEarlierSearchAreRefused() {
        var stage = Stage()
        stage.press(.character("4"))
        stage.press(.character("T"))
        stage.send(.searched(1, .success(page(0..<5, hits: 5, next: nil)), nanoseconds: 1))
        #expect(stage.state.search.phase == .running)
        #expect(stage.state.search.rows.isEmpty)
        _ = searched(&stage, page(0..<2, hits: 2, next: nil))
        #expect(stage.state.search.rows.count == 2)
    }

    @Test func emptyBucketsAreFilledIn() {
        var stage = Stage()
        stage.press(.character("4"))
        guard let range = stage.state.search.range else { return }
        var counts = LevelCounts()
        counts.entries = [
            .init(start: range.from.adding(nanoseconds: 600_000_000_000), level: .error, count: 4),
            .init(start: range.from.adding(nanoseconds: 600_000_000_000), level: .info, count: 6),
            .init(start: range.to.adding(nanoseconds: 3_600_000_000_000), level: .info, count: 99),
            .init(start: .distantPast, level: .info, count: 99),
            .init(start: .distantFuture, level: .info, count: 99),
        ]
        stage.send(.counted(1, .success(counts)))
        let buckets = stage.state.search.buckets
        #expect(buckets.count == 61)
        #expect(buckets.filter { $0.total > 0 } == [HistogramBucket(fail: 4, warn: 0, rest: 6)])
    }

    @Test func escapeClosesTheDetailThenGoesBackAndNeverQuits() {
        var stage = Stage()
        stage.press(.character("4"))
        _ = searched(&stage, page(0..<5, hits: 5, next: nil))
        stage.press(.enter)
        #expect(stage.state.isDetailOpen)
        #expect(stage.press(.escape).isEmpty)
        #expect(!stage.state.isDetailOpen && stage.state.screen == .search)
        #expect(stage.press(.escape).isEmpty)
        #expect(stage.state.screen == .tail)
        #expect(stage.press(.escape).isEmpty)
        #expect(stage.press(.character("q")) == [.quit])
    }

    @Test func controlCGivesUpTheSearchAndTwiceQuits() {
        var stage = Stage()
        stage.press(.character("4"))
        #expect(stage.press(.control("c")) == [.cancelSearch])
        #expect(stage.state.search.phase == .failed(.cancelled))
        #expect(stage.press(.control("c")) == [.quit])
        stage.pass(seconds: 3)
        #expect(stage.press(.control("c")).isEmpty)
    }

    @Test func aRefusedQueryShowsItsPlace() {
        var stage = Stage()
        stage.press(.character("4"))
        let problem = Problem(status: 400, title: "The query cannot be read", detail: "a value is missing", column: 2)
        stage.send(.searched(1, .failure(.problem(problem)), nanoseconds: 1))
        #expect(stage.text(10).hasPrefix("  ! The query cannot be read"))
        #expect(stage.text(12) == "     ^")
    }
}
