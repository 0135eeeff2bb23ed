import LogModel
import TestSupport
import Testing

@testable import AgentOperation

struct SourceBookTests {
    @Test func theOldestThatWaitsIsTheFirstThatIsNotAcknowledged() {
        var book = SourceBook()
        book.spooled(1, through: 100, now: 10)
        book.spooled(1, through: 200, now: 20)
        book.spooled(1, through: 300, now: 30)
        func figures(_ acknowledged: Int) -> SourceFigures {
            book.figures(1, name: "/a", written: 400, read: 350, acknowledged: acknowledged)
        }
        #expect(figures(0).waitingSince == 10)
        #expect(figures(99).waitingSince == 10)
        #expect(figures(100).waitingSince == 20)
        #expect(figures(300).waitingSince == nil)
        #expect(figures(0).spooled == 300)
        book.acknowledged(1, through: 250)
        #expect(figures(250).waitingSince == 30)
    }

    /// However much is spooled before anything is acknowledged: the oldest is never younger than it is.
    @Test func marksAreBoundedAndNeverLookYounger() {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        var book = SourceBook()
        var spooled: [(end: Int, time: UInt64)] = []
        var acknowledged = 0
        var end = 0
        for time in 1...2_000 {
            end += 1 + generator.below(100)
            book.spooled(7, through: end, now: UInt64(time))
            spooled.append((end, UInt64(time)))
            if generator.chance(20) {
                acknowledged = spooled[generator.below(spooled.count)].end
                book.acknowledged(7, through: acknowledged)
                spooled.removeAll { $0.end <= acknowledged }
            }
            let told = book.figures(7, name: "", written: 0, read: end, acknowledged: acknowledged).waitingSince
            if let oldest = spooled.first {
                #expect(told.map { $0 <= oldest.time } ?? false, "seed \(seed)")
            } else {
                #expect(told == nil, "seed \(seed)")
            }
        }
    }

    @Test func aTruncatedFileBeginsAnew() {
        var book = SourceBook()
        book.spooled(1, through: 1_000, now: 1)
        book.spooled(1, through: 10, now: 2)
        #expect(book.figures(1, name: "/a", written: 10, read: 10, acknowledged: 0).waitingSince == 2)
        #expect(book.figures(1, name: "/a", written: 10, read: 10, acknowledged: 10).waitingSince == nil)
    }

    @Test func dropsAreCountedByReasonAndLevelUpToABound() {
        var book = SourceBook()
        book.read(3, events: 10)
        book.dropped("/a", reason: "rules", level: .info, events: 4)
        book.dropped("/a", reason: "spool_full", level: .debug, events: 2)
        book.dropped("/a", reason: "spool_full", level: .debug, events: 3)
        book.dropped("/a", reason: "file_truncated", level: .unknown, events: 0, bytes: 77)
        let figures = book.figures(3, name: "/a", written: 0, read: 0, acknowledged: 0)
        #expect(figures.events == 10)
        #expect(
            figures.drops == [
                .init(reason: "rules", level: .info, events: 4),
                .init(reason: "spool_full", level: .debug, events: 5),
                .init(reason: "file_truncated", level: .unknown, events: 0, bytes: 77),
            ])
        for number in 0..<100 { book.dropped("/a", reason: "r\(number)", level: .info, events: 1) }
        let all = book.figures(3, name: "/a", written: 0, read: 0, acknowledged: 0).drops
        #expect(all.count == 64 && all.reduce(0) { $0 + $1.events } == 109)
    }

    @Test func whatASourceHasLostStaysKnownWhenItIsGone() {
        var book = SourceBook()
        book.dropped("/a", reason: "spool_full", level: .debug, events: 2)
        book.forget(3)
        // Its batches waited in the spool.
        book.dropped("/a", reason: "spool_full", level: .debug, events: 3)
        book.dropped("/b", reason: "spool_full", level: .error, events: 1)
        let expected: [SourceFigures.Drop] = [
            .init(reason: "spool_full", level: .debug, events: 5),
            .init(reason: "spool_full", level: .error, events: 1),
        ]
        #expect(book.allDrops == expected)
        // However many there are, all are counted.
        for number in 0..<10_000 { book.dropped("/pods/\(number)", reason: "spool_full", level: .info, events: 1) }
        #expect(book.allDrops.reduce(0) { $0 + $1.events } == 10_006)
        #expect(book.figures(9, name: "/pods/9999", written: 0, read: 0, acknowledged: 0).drops.isEmpty)
    }
}
