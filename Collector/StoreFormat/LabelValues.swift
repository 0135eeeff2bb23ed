package import LogModel

/// What a label's values are, each once, and which of them the streams of a segment have.
package struct LabelValues: Sendable {
    /// The bytes that ``entries`` point into.
    package let arena: [UInt8]
    /// The distinct values; ``ByteRange/absent`` is the first of them, for streams without the label.
    package let entries: [ByteRange]
    /// For each stream the index of its entry.
    package let entryOfStream: [UInt32]

    /// Looks at all streams.
    package init(_ name: String, of streams: [StreamIdentity]) {
        self.init(of: streams) { $0.value(of: name) }
    }

    /// The values of anything that follows from the stream.
    init(of streams: [StreamIdentity], _ value: (StreamIdentity) -> [UInt8]?) {
        var arena: [UInt8] = []
        var entries: [ByteRange] = [.absent]
        var known: [[UInt8]: UInt32] = [:]
        entryOfStream = streams.map { stream in
            guard let value = value(stream) else { return 0 }
            if let entry = known[value] { return entry }
            let entry = UInt32(truncatingIfNeeded: entries.count)
            known[value] = entry
            entries.append(ByteRange(offset: arena.count, length: value.count))
            arena.append(contentsOf: value)
            return entry
        }
        self.arena = arena
        self.entries = entries
    }

    /// Whether any stream has the label.
    package var isEmpty: Bool { entries.count == 1 }

    /// Bytes of memory.
    var memoryBytes: Int { arena.count + entries.count * 8 + entryOfStream.count * 4 }
}
