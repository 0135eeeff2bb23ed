package import ByteCoding

/// The payload of a checkpoint record; docs/format.md describes it.
extension DuplicateWindow {
    private static let version: UInt8 = 1

    /// The window as bytes, the agent unheard for the longest time first. Equal windows give equal bytes.
    package func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: 64 + seen.count * 64)
        writer.append(Self.version)
        writer.append(varint: gapsClosed)
        writer.append(varint: agentsForgotten)
        let sorted = seen.sorted { $0.value.lastPosition < $1.value.lastPosition }
        writer.append(varint: UInt64(sorted.count))
        for (key, entry) in sorted {
            writer.append(lengthPrefixed: key.tenant)
            writer.append(lengthPrefixed: key.agent)
            writer.append(littleEndian: key.epoch)
            writer.append(varint: entry.lastPosition)
            writer.append(varint: UInt64(entry.ranges.count))
            var previous: UInt64 = 0
            for range in entry.ranges {
                writer.append(varint: range.lowerBound - previous)
                writer.append(varint: range.upperBound - range.lowerBound)
                previous = range.upperBound
            }
        }
        return writer.array()
    }

    /// Decodes a window. When `limits` have become smaller since it was written, the oldest agents are left out and
    /// the lowest gaps closed.
    ///
    /// - Throws: when the bytes are no window.
    package init(encoded bytes: [UInt8], limits: Limits) throws(ByteCodingError) {
        self.init(limits: limits)
        let decoded = unsafe try bytes.span.bytes.withUnsafeBytes { (raw) throws(ByteCodingError) -> DuplicateWindow in
            var reader = unsafe ByteReader(raw)
            return unsafe try DuplicateWindow(&reader, limits: limits)
        }
        self = decoded
    }

    private init(_ reader: inout ByteReader, limits: Limits) throws(ByteCodingError) {
        self.init(limits: limits)
        guard unsafe try reader.byte() == Self.version else {
            throw unsafe .invalid(offset: reader.offset, what: "unknown version of a duplicate window")
        }
        gapsClosed = unsafe try reader.varint()
        agentsForgotten = unsafe try reader.varint()
        // Each agent takes at least 12 bytes, so this bounds the loop by what was really sent.
        let count = unsafe try reader.count(limit: reader.remaining / 12)
        for index in 0..<count {
            let tenant = unsafe try reader.lengthPrefixedString()
            let agent = unsafe try reader.lengthPrefixedString()
            let epoch: UInt64 = unsafe try reader.littleEndian()
            let position = unsafe try reader.varint()
            let ranges = unsafe try Self.ranges(&reader, limit: limits.maxRanges, closed: &gapsClosed)
            if count - index > limits.maxAgents {
                agentsForgotten &+= 1
            } else {
                let key = Key(tenant: tenant, agent: agent, epoch: epoch)
                guard seen.updateValue(Seen(ranges: ranges, lastPosition: position), forKey: key) == nil else {
                    throw unsafe .invalid(offset: reader.offset, what: "an agent twice in a duplicate window")
                }
                rangeCount += ranges.count
            }
        }
        guard unsafe reader.remaining == 0 else {
            throw unsafe .invalid(offset: reader.offset, what: "bytes behind a duplicate window")
        }
    }

    private static func ranges(
        _ reader: inout ByteReader, limit: Int, closed: inout UInt64
    ) throws(ByteCodingError) -> [ClosedRange<UInt64>] {
        let count = unsafe try reader.count(limit: reader.remaining / 2)
        var result: [ClosedRange<UInt64>] = []
        var previous: UInt64 = 0
        for index in 0..<count {
            let (lower, over1) = unsafe try previous.addingReportingOverflow(reader.varint())
            let (upper, over2) = unsafe try lower.addingReportingOverflow(reader.varint())
            // Ranges are apart: one that begins right behind the one before would have been joined with it.
            guard !over1, !over2, index == 0 || lower - previous >= 2 else {
                throw unsafe .invalid(offset: reader.offset, what: "ranges of a duplicate window out of order")
            }
            previous = upper
            if count - index >= limit, let first = result.first {
                result = [first.lowerBound...upper]
                closed &+= 1
            } else {
                result.append(lower...upper)
            }
        }
        return result
    }
}
