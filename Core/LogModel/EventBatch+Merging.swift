extension EventBatch {
    /// The events of both batches, this one's first.
    ///
    /// - Complexity: O(bytes of both)
    package func merged(with other: EventBatch) -> EventBatch {
        var names = fieldNames
        var nameNumbers: [String: UInt32] = [:]
        for (index, name) in names.enumerated() { nameNumbers[name] = UInt32(index) }
        let nameMap = other.fieldNames.map { name in
            if let known = nameNumbers[name] { return known }
            let number = UInt32(names.count)
            nameNumbers[name] = number
            names.append(name)
            return number
        }
        var allStreams = streams
        var streamNumbers: [StreamIdentity: UInt32] = [:]
        for (index, stream) in allStreams.enumerated() { streamNumbers[stream] = UInt32(index) }
        let streamMap = other.streams.map { stream in
            if let known = streamNumbers[stream] { return known }
            let number = UInt32(allStreams.count)
            streamNumbers[stream] = number
            allStreams.append(stream)
            return number
        }
        let shift = UInt32(truncatingIfNeeded: arena.count)
        func shifted(_ range: ByteRange) -> ByteRange {
            var moved = range
            moved.offset += shift
            return moved
        }
        let fieldShift = fieldStarts[count]
        return EventBatch(
            timestamps: timestamps + other.timestamps, levels: levels + other.levels,
            streamIndexes: streamIndexes + other.streamIndexes.map { streamMap[Int($0)] }, streams: allStreams,
            messages: messages + other.messages.map(shifted),
            fieldStarts: fieldStarts + other.fieldStarts.dropFirst().map { $0 + fieldShift },
            fields: fields
                + other.fields.map { FieldEntry(name: nameMap[Int($0.name)], value: shifted($0.value)) },
            fieldNames: names, arena: arena + other.arena)
    }
}
