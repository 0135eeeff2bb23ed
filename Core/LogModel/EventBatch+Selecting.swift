extension EventBatch {
    /// The events of some rows, in the order given, over the same arena: no message and no value is copied.
    ///
    /// Streams without an event are left out, so that the encoded batch does not carry them.
    /// - Parameter rows: indexes below ``count``.
    /// - Returns: the batch of these events.
    /// - Complexity: O(rows and their fields)
    package func selecting(_ rows: [UInt32]) -> EventBatch {
        var timestamps: [Int64] = []
        var levels: [UInt8] = []
        var indexes: [UInt32] = []
        var messages: [ByteRange] = []
        var starts: [UInt32] = [0]
        var kept: [FieldEntry] = []
        timestamps.reserveCapacity(rows.count)
        levels.reserveCapacity(rows.count)
        indexes.reserveCapacity(rows.count)
        messages.reserveCapacity(rows.count)
        starts.reserveCapacity(rows.count + 1)
        kept.reserveCapacity(fields.count * rows.count / max(1, count) + 16)
        var streamNumbers = [UInt32](repeating: .max, count: streams.count)
        var usedStreams: [StreamIdentity] = []
        for row in rows {
            let row = Int(row)
            timestamps.append(self.timestamps[row])
            levels.append(self.levels[row])
            messages.append(self.messages[row])
            let stream = Int(streamIndexes[row])
            if streamNumbers[stream] == .max {
                streamNumbers[stream] = UInt32(truncatingIfNeeded: usedStreams.count)
                usedStreams.append(streams[stream])
            }
            indexes.append(streamNumbers[stream])
            kept.append(contentsOf: fields[Int(fieldStarts[row])..<Int(fieldStarts[row + 1])])
            starts.append(UInt32(truncatingIfNeeded: kept.count))
        }
        return EventBatch(
            timestamps: timestamps, levels: levels, streamIndexes: indexes, streams: usedStreams, messages: messages,
            fieldStarts: starts, fields: kept, fieldNames: fieldNames, arena: arena)
    }
}
