import ScreenModel
import Testing

@Suite struct WidgetTests {
    @Test func theRightEndOfABarIsNeverPushedOut() {
        var grid = ScreenGrid(width: 30, height: 1)
        Bar(left: [BarPart("a very long left part of it")], right: [BarPart("link 38ms", .ok)]).draw(in: &grid, y: 0)
        #expect(grid.rowText(0) == " a very long left … link 38ms")
    }

    @Test func hintsThatDoNotFitAreLeftOutWholeAndTheWayOutStays() {
        var grid = ScreenGrid(width: 30, height: 1)
        HintRow([("Space", "freeze"), ("e/E", "next error"), ("q", "quit")]).draw(in: &grid, y: 0)
        #expect(grid.rowText(0) == " Space freeze  q quit")
    }

    @Test func numbersReadWell() {
        #expect(NumberText.grouped(84312) == "84,312")
        #expect(NumberText.grouped(-1_000) == "-1,000")
        #expect(NumberText.short(1_210_000) == "1.2M")
        #expect(NumberText.short(42_100) == "42k")
        #expect(NumberText.short(999) == "999")
        #expect(NumberText.bytes(29 * 1024) == "29 KiB")
        #expect(NumberText.duration(nanoseconds: 12_300_000_000) == "12s")
        #expect(NumberText.fixed(3.14159, digits: 2) == "3.14")
    }

    @Test func anEmptyBucketStaysAnEmptyColumnAndOneLineIsSeenAmongMany() {
        var grid = ScreenGrid(width: 4, height: 2)
        let buckets = [
            HistogramBucket(rest: 1_000_000), HistogramBucket(), HistogramBucket(fail: 1),
            HistogramBucket(warn: 500_000),
        ]
        Histogram.draw(buckets, in: &grid, rect: Rect(x: 0, y: 0, width: 4, height: 2))
        #expect(grid.rowText(0) == "░")
        #expect(grid.rowText(1) == "░ ▁▓")
        #expect(grid[2, 1].style.role == .failBar)
    }

    @Test func aDetailPaneWrapsAndShowsControlBytes() {
        var grid = ScreenGrid(width: 24, height: 6)
        let fields = [
            DetailField(name: "level", value: Array("error".utf8)),
            DetailField(name: "_msg", value: Array("upstream timeout after 3000ms\n\tat\u{1B}".utf8)),
        ]
        let more = DetailPane.draw(fields, in: &grid, rect: Rect(x: 0, y: 0, width: 24, height: 6), scroll: 0)
        #expect(!more)
        #expect(
            (0..<6).map(grid.rowText) == [
                "level error", "_msg  upstream timeout a", "      fter 3000ms", "              at^[", "", "",
            ])
        var small = ScreenGrid(width: 24, height: 2)
        let hasMore = DetailPane.draw(fields, in: &small, rect: Rect(x: 0, y: 0, width: 24, height: 2), scroll: 1)
        #expect(hasMore)
        #expect(small.rowText(1) == "      fter 3000ms")
    }

    @Test func hitsAreMarkedInEitherCase() {
        var grid = ScreenGrid(width: 30, height: 1)
        grid.put("日 Timeout and TIMEOUT", x: 0, y: 0)
        grid.highlight("timeout".unicodeScalars.map(\.value), y: 0, from: 0, ignoringCase: true)
        let marked = (0..<30).filter { grid[$0, 0].style.emphasis.contains(.match) }
        #expect(marked == Array(3..<10) + Array(15..<22))
    }
}
