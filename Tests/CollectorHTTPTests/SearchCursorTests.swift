import CollectorHTTP
import LogModel
import QueryEngine
import Testing

struct SearchCursorTests {
    private let cursors = [
        SearchCursor(
            row: RowCursor(time: .min, id: .max), now: Timestamp(nanoseconds: 0), lastID: .max, hits: 0,
            hitsAreComplete: true, fingerprint: 0),
        SearchCursor(
            row: RowCursor(time: .max, id: 0), now: Timestamp(nanoseconds: -1), lastID: 1 << 20, hits: .max,
            hitsAreComplete: false, fingerprint: .max),
        SearchCursor(
            row: RowCursor(time: 1, id: 2), now: Timestamp(nanoseconds: 3), lastID: 4, hits: 5, hitsAreComplete: true,
            fingerprint: 6, isCounting: true, sentRows: .max),
    ]

    @Test func aCursorIsReadBackFromItsText() throws {
        for cursor in cursors { #expect(try SearchCursor(text: cursor.text) == cursor) }
        #expect(SearchCursor.fingerprint(of: ["a", "b"]) != SearchCursor.fingerprint(of: ["ab", ""]))
    }

    @Test func cursorsOfTheVersionBeforeAreRead() throws {
        // As version 1 wrote them: without rows of a stream.
        let text =
            "01010100000000000000020000000000000003000000000000000400000000000000050000000000000006000000000000003bcb0538"
        let cursor = try SearchCursor(text: text)
        #expect(cursor.row == RowCursor(time: 1, id: 2) && cursor.hits == 5 && cursor.fingerprint == 6)
        #expect(!cursor.isCounting && cursor.sentRows == 0)
    }

    @Test func anythingElseIsDamaged() {
        for text in ["", "0", "00", "zz", "c1-1-1", String(repeating: "0", count: 200), "é", " " + cursors[0].text] {
            #expect(throws: SearchCursor.Fault.damaged) { try SearchCursor(text: text) }
        }
        let text = Array(cursors[1].text.utf8)
        for place in text.indices {
            var changed = text
            changed[place] = changed[place] == 0x30 ? 0x31 : 0x30
            #expect(throws: SearchCursor.Fault.damaged) {
                try SearchCursor(text: String(decoding: changed, as: UTF8.self))
            }
            #expect(throws: SearchCursor.Fault.damaged) {
                try SearchCursor(text: String(decoding: text[..<place], as: UTF8.self))
            }
        }
    }
}

struct StreamLabelsTests {
    @Test(arguments: [
        [], [("service", "cart")], [("a", "1"), ("host", "h\"1\\\n\r\t,x=\"y\"}"), ("z", "é{")],
    ])
    func labelsAreReadBackFromTheTextOfAStream(_ labels: [(String, String)]) {
        let stream = StreamIdentity(labels: labels.map { .init($0.0, $0.1) })
        let found = streamLabels(Array(stream.text.utf8))
        #expect(found.map(\.name) == stream.labels.map(\.name))
        #expect(found.map(\.value) == stream.labels.map(\.value))
    }

    @Test func whatIsNoStreamEndsTheList() {
        for text in ["", "{", "}", "{a", "{a=", "{a=\"", "{a=\"b", "{a=\"b\\", "abc", "{=\"\"}"] {
            #expect(streamLabels(Array(text.utf8)).count <= 1)
        }
    }
}
