package import LogModel
import WireProtocol
import ZstdCodec

extension SpoolRecord {
    /// The events of the batch, decoded: for what is rare.
    ///
    /// - Throws: `ZstdError` or `ByteCodingError` when it is damaged.
    package func decoded() throws -> EventBatch {
        var decompressor = ZstdDecompressor()
        let content = try decompressor.decompress(Array(payload[bodyStart...]), limit: contentBytes)
        return try content.withUnsafeBytes { try BatchCodec.decode($0) }
    }

    /// Its events by level and file; those of a version without priorities are found by decoding them.
    package func summary() -> (levels: [LevelSummary], shares: [SourceShare]) {
        if !levels.isEmpty { return (levels, shares) }
        // Those of a batch that cannot be read back count as of no level.
        guard let batch = try? decoded() else {
            let start = Timestamp(nanoseconds: 0)
            return ([LevelSummary(level: .unknown, events: events, times: start...start)], [])
        }
        var found: [UInt8: LevelSummary] = [:]
        for (time, raw) in zip(batch.timestamps, batch.levels) {
            let time = Timestamp(nanoseconds: time)
            let known =
                found[raw]
                ?? LevelSummary(level: Level(rawValue: raw) ?? .unknown, events: 0, times: time...time)
            found[raw] = LevelSummary(
                level: known.level, events: known.events + 1, times: known.times.joined(with: time...time))
        }
        return (found.values.sorted { $0.level < $1.level }, [])
    }

    /// The earliest time of its events; nil when it cannot be told.
    package var earliest: Timestamp? {
        levels.map(\.times.lowerBound).min() ?? (try? decoded())?.timeBounds?.lowerBound
    }
}
