/// How many events one stands for that samples have let pass. Kept from event to event so that nothing is allocated.
struct SampleRates {
    private var passed: [(hash: UInt64, oneIn: UInt64)] = []

    /// Begins an event.
    mutating func begin() {
        if !passed.isEmpty { passed.removeAll(keepingCapacity: true) }
    }

    /// Whether the event is among the one in so many, by a hash of what decides.
    mutating func passes(_ hash: UInt64, oneIn: UInt32) -> Bool {
        guard hash.multipliedFullWidth(by: UInt64(oneIn)).high == 0 else { return false }
        for index in passed.indices where passed[index].hash == hash {
            // What one hash decides twice is decided by the rarer.
            passed[index].oneIn = max(passed[index].oneIn, UInt64(oneIn))
            return true
        }
        passed.append((hash, UInt64(oneIn)))
        return true
    }

    /// How many events it stands for; 1 without samples.
    var rate: UInt64 {
        var rate: UInt64 = 1
        for sample in passed { rate &*= sample.oneIn }
        return rate
    }
}
