import StoragePolicy
import TestSupport
import Testing

@Suite("DiskPressure: stages with hysteresis")
struct PressureTests {
    private func room(_ percent: Double) -> DiskRoom {
        DiskRoom(used: UInt64(percent * 1_000), available: UInt64((100 - percent) * 1_000))
    }

    @Test("Stages come at once and end two points lower")
    func hysteresis() {
        var pressure = DiskPressure(PressureLimits())
        var stages: [PressureStage?] = []
        for percent in [79.9, 80, 79, 78.1, 77.9, 90, 88.5, 87.9, 99, 93.1, 92.9, 89, 10] {
            stages.append(pressure.observe(room(percent)))
        }
        #expect(stages == [nil, .early, nil, nil, .normal, .high, nil, .early, .critical, nil, .high, nil, .normal])
    }

    @Test("The stage is never below what the limits say, and never more than the hysteresis above (random)")
    func bounds() {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let limits = PressureLimits()
        var pressure = DiskPressure(limits)
        for _ in 0..<5_000 {
            let percent = Double.random(in: 70...100, using: &generator)
            let before = pressure.stage
            let change = pressure.observe(room(percent))
            #expect(change == (pressure.stage == before ? nil : pressure.stage), "seed \(seed)")
            let exact: PressureStage =
                percent >= 95 ? .critical : percent >= 90 ? .high : percent >= 80 ? .early : .normal
            let slow: PressureStage =
                percent >= 93 ? .critical : percent >= 88 ? .high : percent >= 78 ? .early : .normal
            // The room is rounded to whole bytes.
            guard abs(percent.truncatingRemainder(dividingBy: 1) - 0.5) < 0.49 else { continue }
            #expect(pressure.stage >= exact && pressure.stage <= max(exact, slow), "seed \(seed)")
        }
    }

    @Test("A large disk with much room is not under pressure, an unreadable one is full")
    func sizes() {
        var pressure = DiskPressure(PressureLimits())
        #expect(pressure.observe(DiskRoom(used: 10_000 << 30, available: 101 << 30)) == nil)
        #expect(pressure.observe(DiskRoom(used: 10_000 << 30, available: 99 << 30)) == .critical)
        #expect(DiskRoom(used: 0, available: 0).percentUsed == 100)
    }

    @Test("The surplus is what leads back below the first stage")
    func surplus() {
        var pressure = DiskPressure(PressureLimits())
        #expect(pressure.surplus(room(79)) == 0)
        _ = pressure.observe(room(85))
        #expect(pressure.surplus(room(85)) == 7_000)
        #expect(pressure.surplus(room(50)) == 0)
    }

    @Test("What ends the last stage is known, too, and does end it")
    func criticalSurplus() {
        var pressure = DiskPressure(PressureLimits())
        _ = pressure.observe(room(94))
        #expect(pressure.surplus(room(94), ending: .critical) == 0)
        _ = pressure.observe(room(96))
        #expect(pressure.surplus(room(96), ending: .critical) == 3_001)
        #expect(pressure.observe(DiskRoom(used: 93_000, available: 7_000)) == nil)
        #expect(pressure.observe(DiskRoom(used: 92_999, available: 7_001)) == .high)
    }
}
