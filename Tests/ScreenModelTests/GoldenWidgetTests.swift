import ScreenGoldens
import ScreenModel
import Testing

/// All widgets on one screen, in Unicode and in ASCII.
@Suite struct GoldenWidgetTests {
    struct Variant: Sendable {
        let name: String
        let ascii: Bool
    }

    private struct Rows: ListDataSource {
        let texts = [
            "plain", "escape \u{1B}[31m red", "日本語 🚀 wide", "bidi \u{202E}", "cut " + String(repeating: "x", count: 80),
        ]
        var rows: Range<Int> { 0..<texts.count }
        func draw(row: Int, in grid: inout ScreenGrid, rect: Rect, skip: Int) {
            grid.put(texts[row], x: rect.x, y: rect.y, limit: rect.width, skip: skip, marksCut: true)
        }
    }

    @Test(arguments: [Variant(name: "widgets-60x14", ascii: false), Variant(name: "widgets-60x14-ascii", ascii: true)])
    func widgetsLookAsTheyShould(variant: Variant) {
        var grid = ScreenGrid(width: 60, height: 14, ascii: variant.ascii)
        let tabs = TabRow.parts([Tab(number: 3, name: "tail"), Tab(number: 4, name: "search")], current: 3)
        Bar(left: [BarPart("prod-eu  ", .accent)] + tabs, right: [BarPart("link 38ms", .ok)]).draw(in: &grid, y: 0)
        var list = ListView()
        list.resize(height: 5, rows: 0..<5)
        list.select(2, rows: 0..<5)
        list.draw(Rows(), in: &grid, rect: Rect(x: 0, y: 1, width: 34, height: 5))
        grid.fill(Rect(x: 35, y: 1, width: 1, height: 5), with: grid.glyphs.vertical, style: .rule)
        let fields = [
            DetailField(name: "level", value: Array("error".utf8)),
            DetailField(name: "_msg", value: Array("upstream timeout after 3000ms".utf8)),
        ]
        DetailPane.draw(fields, in: &grid, rect: Rect(x: 37, y: 1, width: 22, height: 5), scroll: 0)
        let buckets = [
            HistogramBucket(rest: 3), HistogramBucket(), HistogramBucket(fail: 2, warn: 4, rest: 6),
            HistogramBucket(fail: 12), HistogramBucket(warn: 1),
        ]
        Histogram.draw(buckets, in: &grid, rect: Rect(x: 2, y: 7, width: 20, height: 3))
        grid.put(Histogram.sparkline([0, 1, 5, 9, 3], columns: 4, ascii: variant.ascii), x: 30, y: 8, style: .accent)
        HintRow([("Space", "freeze"), ("e/E", "error"), ("q", "quit")]).draw(in: &grid, y: 11)
        LineEditor("level:error timeout").draw(in: &grid, y: 13, label: "query>")
        let difference = GoldenScreen.difference(
            grid, module: "ScreenModel", name: variant.name, testFile: #filePath)
        #expect(difference == nil)
    }
}
