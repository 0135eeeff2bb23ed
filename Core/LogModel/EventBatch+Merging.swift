extension EventBatch {
    /// The events of both batches, this one's first.
    ///
    /// - Complexity: O(bytes of both)
    package func merged(with other: EventBatch) -> EventBatch {
        let (names, nameMap) = united(fieldNames, other.fieldNames)
        let (allStreams, streamMap) = united(streams, other.streams)
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

/// Both lists without repetitions, the first as it is, and the place of each element of the second in that.
private func united<Element: Hashable>(_ first: [Element], _ second: [Element]) -> (all: [Element], map: [UInt32]) {
    var all = first
    var numbers: [Element: UInt32] = [:]
    for (index, element) in first.enumerated() { numbers[element] = UInt32(index) }
    let map = second.map { element in
        if let known = numbers[element] { return known }
        let number = UInt32(all.count)
        numbers[element] = number
        all.append(element)
        return number
    }
    return (all, map)
}
