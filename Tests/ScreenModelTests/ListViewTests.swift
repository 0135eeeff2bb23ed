import ScreenModel
import Testing

@Suite struct ListViewTests {
    @Test func followShowsTheLastRows() {
        var list = ListView()
        list.resize(height: 10, rows: 0..<0)
        list.follow(rows: 0..<100)
        #expect(list.visible(of: 0..<100) == 90..<100)
    }

    @Test func newRowsDoNotMoveAListThatDoesNotFollow() {
        var list = ListView()
        list.resize(height: 10, rows: 0..<100)
        list.follow(rows: 0..<100)
        list.move(by: -1, rows: 0..<100)
        #expect(list.cursor == 98)
        list.settle(rows: 0..<5000)
        #expect(list.visible(of: 0..<5000) == 90..<100)
    }

    @Test func rowsThatLeaveTakeTheCursorToTheOldestThereIs() {
        var list = ListView()
        list.resize(height: 10, rows: 0..<100)
        list.select(5, rows: 0..<100)
        list.settle(rows: 50..<150)
        #expect(list.cursor == 50)
        #expect(list.visible(of: 50..<150) == 50..<60)
    }

    @Test func resizingKeepsTheNewestLineInPlaceOrTheCursorInView() {
        var list = ListView()
        list.resize(height: 20, rows: 0..<100)
        list.follow(rows: 0..<100)
        list.resize(height: 5, rows: 0..<100)
        #expect(list.visible(of: 0..<100) == 95..<100)
        list.select(40, rows: 0..<100)
        list.resize(height: 3, rows: 0..<100)
        #expect(list.visible(of: 0..<100).contains(40))
    }

    @Test func anEmptyListHasNoCursor() {
        var list = ListView()
        list.move(by: 1, rows: 7..<7)
        #expect(list.cursor == nil)
        #expect(list.visible(of: 7..<7).isEmpty)
    }
}
