import StoragePolicy
import Testing

@Suite("ClockGuard: when the clock can be trusted for deleting")
struct ClockGuardTests {
    private let hour: Int64 = 3_600 * second
    private let start: Int64 = 20_000 * day

    private func isAhead(_ doubt: ClockGuard.Doubt?) -> Bool {
        if case .ahead = doubt { true } else { false }
    }

    private func isBehind(_ doubt: ClockGuard.Doubt?) -> Bool {
        if case .behind = doubt { true } else { false }
    }

    @Test("A clock that goes with the monotonic one is trusted, for years, and through small corrections")
    func steady() {
        var clock = ClockGuard(trusted: nil)
        var (wall, monotonic) = (start, UInt64(5))
        for step in 0..<5_000 {
            wall += 10 * hour + (step % 2 == 0 ? 1 : -1) * 59 * 60 * second / 2
            monotonic += UInt64(10 * hour)
            #expect(clock.observe(wall: wall, monotonic: monotonic) == nil)
        }
        #expect(clock.trusted == wall)
    }

    @Test("A leap ahead by years holds until the clock is back, or somebody trusts it", arguments: [false, true])
    func leap(isBack: Bool) {
        var clock = ClockGuard(trusted: start)
        #expect(clock.observe(wall: start + hour, monotonic: 0) == nil)
        for step in 1...1_000 {
            let doubt = clock.observe(
                wall: start + 3_650 * day + Int64(step) * hour, monotonic: UInt64(Int64(step) * hour))
            #expect(isAhead(doubt))
        }
        #expect(clock.trusted == start + hour)
        if isBack {
            #expect(clock.observe(wall: start + 1_002 * hour, monotonic: UInt64(1_001 * hour)) == nil)
        } else {
            clock.trust(wall: start + 3_650 * day, monotonic: UInt64(1_001 * hour))
            #expect(clock.observe(wall: start + 3_650 * day + hour, monotonic: UInt64(1_002 * hour)) == nil)
        }
    }

    @Test("After a pause of some days time goes on; a longer one, or a leap while it was off, holds")
    func restarts() {
        var clock = ClockGuard(trusted: start)
        #expect(clock.observe(wall: start + 7 * day, monotonic: 77) == nil)
        clock = ClockGuard(trusted: start)
        #expect(isAhead(clock.observe(wall: start + 7 * day + 1, monotonic: 77)))
        #expect(isAhead(clock.observe(wall: start + 30 * 365 * day, monotonic: 78)))
        #expect(clock.trusted == start)
    }

    @Test("A clock that is behind holds: at the start, and later")
    func behind() {
        var clock = ClockGuard(trusted: start)
        #expect(isBehind(clock.observe(wall: 0, monotonic: 1)))
        #expect(clock.observe(wall: start - hour, monotonic: 2) == nil)
        #expect(isBehind(clock.observe(wall: start - 3 * hour, monotonic: 3)))
    }

    @Test("The first start of all trusts the clock, and no number overflows")
    func extremes() {
        for trusted in [nil, Int64.min, 0, Int64.max] as [Int64?] {
            for wall in [Int64.min, 0, Int64.max] {
                for monotonic in [UInt64.min, .max] {
                    var clock = ClockGuard(trusted: trusted)
                    let doubt = clock.observe(wall: wall, monotonic: monotonic)
                    if trusted == nil { #expect(doubt == nil) }
                    _ = clock.observe(wall: wall, monotonic: 0)
                    _ = doubt?.description
                }
            }
        }
    }
}
