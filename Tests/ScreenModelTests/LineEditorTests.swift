import ScreenModel
import Testing

@Suite struct LineEditorTests {
    private func type(_ text: String, into editor: inout LineEditor) {
        for scalar in text.unicodeScalars { _ = editor.handle(.character(scalar)) }
    }

    @Test func editsInTheMiddle() {
        var editor = LineEditor("level:eror")
        _ = editor.handle(.left)
        _ = editor.handle(.left)
        type("r", into: &editor)
        #expect(editor.text == "level:error")
        _ = editor.handle(.control("w"))
        #expect(editor.text == "or")
        #expect(editor.position == 0)
    }

    @Test func aCombiningMarkJoinsTheCharacterBeforeIt() {
        var editor = LineEditor()
        type("e\u{301}x", into: &editor)
        _ = editor.handle(.backspace)
        _ = editor.handle(.backspace)
        #expect(editor.text == "")
    }

    @Test func historyKeepsTheDraftAndMovesRepeatsToTheEnd() {
        var editor = LineEditor()
        for line in ["one", "two", "one"] {
            editor.set(line)
            editor.remember()
        }
        editor.set("dra")
        type("ft", into: &editor)
        _ = editor.handle(.up)
        #expect(editor.text == "one")
        _ = editor.handle(.up)
        #expect(editor.text == "two")
        _ = editor.handle(.up)
        #expect(editor.text == "two")
        _ = editor.handle(.down)
        _ = editor.handle(.down)
        #expect(editor.text == "draft")
    }

    @Test func inputIsBounded() {
        var editor = LineEditor(String(repeating: "x", count: 5000))
        #expect(editor.text.count == LineEditor.maxCharacters)
        type("y", into: &editor)
        #expect(editor.text.count == LineEditor.maxCharacters)
    }

    @Test func aLongLineScrollsSoThatTheCursorStaysVisible() {
        var grid = ScreenGrid(width: 20, height: 1)
        LineEditor("0123456789abcdefghijklmnop").draw(in: &grid, y: 0, label: "query>")
        #expect(grid.rowText(0) == " query> ghijklmnop")
        #expect(grid.cursor?.x == 18)
    }
}
