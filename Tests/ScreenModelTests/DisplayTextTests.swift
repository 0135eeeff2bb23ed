import ScreenModel
import TestSupport
import Testing

@Suite struct DisplayTextTests {
    private func drawn(_ bytes: [UInt8], ascii: Bool = false) -> String {
        var grid = ScreenGrid(width: 60, height: 1, ascii: ascii)
        bytes.withUnsafeBufferPointer { _ = grid.put($0, x: 0, y: 0) }
        return grid.rowText(0)
    }

    @Test func controlBytesAndEscapesAreShownNeverSent() {
        #expect(drawn(Array("a\u{1B}[31mred\u{07}\u{7F}".utf8)) == "a^[[31mred^G^?")
        #expect(drawn([0x61, 0x00, 0x0D]) == "a^@^M")
        #expect(drawn(Array("\u{9B}31m".utf8)) == "<U+009B>31m")
    }

    @Test func directionMarksAndInvisibleCharactersAreShown() {
        #expect(drawn(Array("x\u{202E}y\u{2066}z\u{200B}\u{FEFF}".utf8)) == "x<U+202E>y<U+2066>z<U+200B><U+FEFF>")
        #expect(drawn(Array("\u{E0041}".utf8)) == "<U+E0041>")
    }

    @Test func bytesThatAreNotUTF8AreShownAsHex() {
        #expect(drawn([0x61, 0xFF, 0xC3, 0x28, 0xED, 0xA0, 0x80]) == "a<FF><C3>(<ED><A0><80>")
        #expect(drawn([0xE2, 0x82]) == "<E2><82>")
    }

    struct Width: Sendable {
        let text: String
        let columns: Int
    }

    @Test(arguments: [
        Width(text: "plain", columns: 5), Width(text: "µ-é", columns: 3), Width(text: "日本語", columns: 6),
        Width(text: "e\u{301}", columns: 1), Width(text: "🚀!", columns: 3), Width(text: "👍🏽", columns: 2),
        Width(text: "👨\u{200D}👩", columns: 4), Width(text: "한글", columns: 4), Width(text: "ｆｕ", columns: 4),
        Width(text: "─▁█", columns: 3), Width(text: "\u{301}", columns: 1), Width(text: "a\tb", columns: 9),
    ])
    func widthsAreWhatATerminalTakes(of sample: Width) {
        #expect(DisplayText.columns(of: sample.text) == sample.columns)
    }

    @Test func asciiModeKeepsTheWidth() {
        #expect(drawn(Array("a日b…".utf8), ascii: true) == "a??b?")
    }

    @Test func aWideCharacterThatDoesNotFitIsLeftOutWhole() {
        var grid = ScreenGrid(width: 5, height: 1)
        let used = grid.put("ab日本", x: 0, y: 0, limit: 5)
        #expect(used == 4)
        #expect(grid.rowText(0) == "ab日")
        grid.put("日", x: 4, y: 0)
        #expect(grid.rowText(0) == "ab日")
    }

    @Test func overwritingHalfAWideCharacterLeavesNoTornHalf() {
        var grid = ScreenGrid(width: 4, height: 1)
        grid.put("日本", x: 0, y: 0)
        grid.put("x", x: 1, y: 0)
        #expect(grid.rowText(0) == " x本")
        grid.put("y", x: 2, y: 0)
        #expect(grid.rowText(0) == " xy")
    }

    @Test func randomBytesNeverReachTheScreenRaw() {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let bytes = random.bytes(40)
            var grid = ScreenGrid(width: 400, height: 1)
            let used = bytes.withUnsafeBufferPointer { grid.put($0, x: 0, y: 0) }
            let columns = grid.cells[..<used].reduce(0) { $0 + Int($1.columns) }
            #expect(columns == used, "seed \(seed)")
            for cell in grid.cells {
                for value in [cell.scalar, cell.mark, cell.secondMark] where value != 0 {
                    let category = Unicode.Scalar(value)?.properties.generalCategory
                    #expect(category != .control && category != .format, "seed \(seed)")
                }
            }
        }
    }
}
