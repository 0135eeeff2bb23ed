import Testing
import TerminalIO

@Suite struct FramePacerTests {
    private let ms: Int64 = 1_000_000

    @Test func theFirstFrameIsDrawnAtOnceAndAsksForAReport() {
        let pacer = FramePacer(confirms: true)
        #expect(pacer.decide(now: 0, forKey: false) == .draw(confirm: true))
    }

    @Test func framesAreAtMostTwentyASecondAndTenWhenBusy() {
        var pacer = FramePacer(confirms: false)
        pacer.frameSent(now: 0, confirm: false, forKey: false)
        #expect(pacer.decide(now: 10 * ms, forKey: false) == .wait(until: 50 * ms))
        #expect(pacer.decide(now: 50 * ms, forKey: false) == .draw(confirm: false))
        pacer.isBusy = true
        #expect(pacer.decide(now: 50 * ms, forKey: false) == .wait(until: 100 * ms))
    }

    @Test func theNextFrameWaitsForTheReportOfATerminalThatReports() {
        var pacer = FramePacer(confirms: true)
        pacer.frameSent(now: 0, confirm: true, forKey: false)
        pacer.reported()
        pacer.frameSent(now: 100 * ms, confirm: true, forKey: false)
        #expect(pacer.decide(now: 500 * ms, forKey: false) == .waitForReport(until: 2_100 * ms))
        pacer.reported()
        #expect(pacer.decide(now: 500 * ms, forKey: false) == .draw(confirm: true))
    }

    @Test func aKeyDrawsOneFrameAheadOfTheReportAndNoSecond() {
        var pacer = FramePacer(confirms: true)
        pacer.frameSent(now: 0, confirm: true, forKey: false)
        pacer.reported()
        pacer.frameSent(now: 100 * ms, confirm: true, forKey: false)
        #expect(pacer.decide(now: 101 * ms, forKey: true) == .draw(confirm: true))
        pacer.frameSent(now: 101 * ms, confirm: true, forKey: true)
        #expect(pacer.decide(now: 102 * ms, forKey: true) == .waitForReport(until: 2_101 * ms))
        pacer.reported()
        #expect(pacer.decide(now: 300 * ms, forKey: false) == .waitForReport(until: 2_101 * ms))
        pacer.reported()
        #expect(pacer.decide(now: 300 * ms, forKey: false) == .draw(confirm: true))
    }

    @Test func aTerminalThatNeverReportsIsPacedByTimeAlone() {
        var pacer = FramePacer(confirms: true)
        pacer.frameSent(now: 0, confirm: true, forKey: false)
        #expect(pacer.decide(now: 60 * ms, forKey: false) == .draw(confirm: false))
        pacer.tick(now: 4_000 * ms)
        #expect(!pacer.awaitsReport)
        #expect(pacer.decide(now: 4_000 * ms, forKey: false) == .draw(confirm: false))
    }

    @Test func aLostReportHoldsTheScreenForTwoSecondsAtMost() {
        var pacer = FramePacer(confirms: true)
        pacer.frameSent(now: 0, confirm: true, forKey: false)
        pacer.reported()
        pacer.frameSent(now: 100 * ms, confirm: true, forKey: false)
        #expect(pacer.decide(now: 2_100 * ms, forKey: false) == .draw(confirm: true))
    }

    @Test(arguments: ["", "dumb", "vt100", "vt220"])
    func plainTerminalsGetAttributesOnly(term: String) {
        let options = TerminalOptions(term: term, noColor: nil)
        #expect(!options.colour && !options.confirmsFrames && !options.synchronises)
    }

    @Test func noColorTurnsColourOffAndNothingElse() {
        #expect(!TerminalOptions(term: "xterm-256color", noColor: "1").colour)
        #expect(TerminalOptions(term: "xterm-256color", noColor: "1").synchronises)
        #expect(TerminalOptions(term: "xterm-256color", noColor: "").colour)
    }
}
