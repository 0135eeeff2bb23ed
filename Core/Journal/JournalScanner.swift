import ByteCoding
import Glibc
import SystemIO

/// Walks over the records of one file, in order, with bounded memory; says what is damaged and goes on behind it.
struct JournalScanner: ~Copyable {
    /// Bytes that are no record.
    struct Gap: Equatable {
        var reason: JournalDamage.Reason
        var offset: Int
        var length: Int
        var firstLost: JournalPosition
        /// The number after the last lost record; nil when nothing valid follows in this file.
        var endLost: JournalPosition?
        var notBefore: Int64?
        var notAfter: Int64?
        /// Of the good records next to the bytes, when they have the same.
        var tenant: String?
    }

    enum Item {
        case record(JournalRecordHeader, offset: Int)
        case gap(Gap)
        case end
    }

    let file: OpenFile
    /// Where the scan ends: bytes behind it are not looked at. May be raised while a file grows.
    var end: Int
    /// The first number that belongs to the next file. A write that failed and could not be undone may have left
    /// records from there on behind the good ones; they were never acknowledged.
    var bound: JournalPosition
    /// Where the next item begins.
    private(set) var offset: Int
    /// The number the next record should have.
    private(set) var expected: JournalPosition
    /// The last good record and where it begins.
    private var last: (header: JournalRecordHeader, offset: Int)?
    private var lastTime: Int64? { last?.header.ingestTime }
    private var window: [UInt8] = []
    private var windowStart = 0
    private var windowCount = 0

    /// Begins at the first record of a file, or at a mark in it.
    init(
        _ file: consuming OpenFile, first: JournalPosition, bound: JournalPosition, end: Int,
        from mark: JournalMarks.Mark? = nil
    ) {
        self.file = file
        self.end = end
        self.bound = bound
        offset = min(mark?.offset ?? JournalFormat.fileHeaderBytes, end)
        expected = mark?.position ?? first
    }

    /// The next record or gap.
    ///
    /// - Parameter checkBody: false to look at headers only, when skipping.
    /// - Returns: the record, the gap, or the end.
    /// - Throws: when the bytes cannot be read.
    mutating func next(checkBody: Bool = true) throws(IOError) -> Item {
        guard offset < end else { return missingAtEnd() }
        let start = offset
        guard let header = try header(at: start), header.position >= expected else {
            return .gap(try skipToHeader(reason: .recordHeader))
        }
        if header.position >= bound {
            offset = end
            return missingAtEnd()
        }
        if header.position > expected {
            let gap = Gap(
                reason: .missing, offset: start, length: 0, firstLost: expected, endLost: header.position,
                notBefore: lastTime, notAfter: header.ingestTime, tenant: tenant(around: start))
            expected = header.position
            return .gap(gap)
        }
        guard header.totalBytes <= end - start else { return .gap(try skipToHeader(reason: .incomplete)) }
        if checkBody, try !bodyIsGood(header, at: start) {
            offset = start + header.totalBytes
            expected = header.position + 1
            return .gap(
                Gap(
                    reason: .content, offset: start, length: header.totalBytes, firstLost: header.position,
                    endLost: header.position + 1, notBefore: header.ingestTime, notAfter: header.ingestTime,
                    tenant: tenant(around: offset)))
        }
        offset = start + header.totalBytes
        expected = header.position + 1
        last = (header, start)
        return .record(header, offset: start)
    }

    /// What is left when the disk does not give the next bytes.
    var unreadableRest: Gap {
        Gap(reason: .unreadable, offset: offset, length: end - offset, firstLost: expected)
    }

    /// Goes on with number `position` behind a gap whose end the file itself does not tell.
    mutating func goOn(from position: JournalPosition) {
        expected = max(expected, position)
    }

    /// The record whose header was found at `start`.
    mutating func record(_ header: JournalRecordHeader, at start: Int) throws(IOError) -> JournalRecord {
        let tenantStart = start + JournalFormat.recordHeaderBytes
        try load(tenantStart, header.bodyBytes)
        return unsafe window.withUnsafeBytes { bytes in
            var at = tenantStart - windowStart
            func take(_ count: Int) -> UnsafeRawBufferPointer {
                defer { at += count }
                return unsafe UnsafeRawBufferPointer(rebasing: bytes[at..<(at + count)])
            }
            let tenant = unsafe String(decoding: take(header.tenantBytes), as: UTF8.self)
            let agent = unsafe String(decoding: take(header.agentBytes), as: UTF8.self)
            let payload = unsafe [UInt8](take(header.payloadBytes))
            return JournalRecord(
                kind: JournalRecordKind(rawValue: header.kind), tenant: tenant, ingestTime: header.ingestTime,
                agent: agent, epoch: header.epoch, sequence: header.sequence, payload: payload)
        }
    }

    /// Who sent the record whose header was found at `start`.
    mutating func identity(_ header: JournalRecordHeader, at start: Int) throws(IOError) -> BatchIdentity? {
        guard header.agentBytes > 0, header.sequence > 0 else { return nil }
        let namesStart = start + JournalFormat.recordHeaderBytes
        try load(namesStart, header.tenantBytes + header.agentBytes)
        return unsafe window.withUnsafeBytes { bytes in
            let at = namesStart - windowStart
            let middle = at + header.tenantBytes
            return unsafe BatchIdentity(
                tenant: String(decoding: bytes[at..<middle], as: UTF8.self),
                agent: String(decoding: bytes[middle..<(middle + header.agentBytes)], as: UTF8.self),
                epoch: header.epoch, sequence: header.sequence)
        }
    }

    private mutating func header(at start: Int) throws(IOError) -> JournalRecordHeader? {
        guard end - start >= JournalFormat.recordHeaderBytes else { return nil }
        try load(start, JournalFormat.recordHeaderBytes)
        return unsafe window.withUnsafeBytes { bytes in
            let at = start - windowStart
            return unsafe JournalRecordHeader(
                UnsafeRawBufferPointer(rebasing: bytes[at..<(at + JournalFormat.recordHeaderBytes)]))
        }
    }

    private mutating func bodyIsGood(_ header: JournalRecordHeader, at start: Int) throws(IOError) -> Bool {
        let bodyStart = start + JournalFormat.recordHeaderBytes
        try load(bodyStart, header.bodyBytes)
        return unsafe window.withUnsafeBytes { bytes in
            let at = bodyStart - windowStart
            return unsafe crc32c(UnsafeRawBufferPointer(rebasing: bytes[at..<(at + header.bodyBytes)]))
                == header.bodyChecksum
        }
    }

    /// Moves on from bad bytes at `offset` to the next header that can belong here.
    ///
    /// A header fits when its number is not below the expected one, and not higher than records of the smallest size
    /// in the skipped bytes would make it: text in a payload that looks like a record is very unlikely to fit.
    private mutating func skipToHeader(reason: JournalDamage.Reason) throws(IOError) -> Gap {
        let start = offset
        let width = JournalFormat.recordHeaderBytes
        var at = start + 1
        var found: JournalRecordHeader?
        while found == nil, end - at >= width {
            try load(at, width)
            guard let candidate = nextMarker(from: at) else {
                at = windowStart + windowCount - width + 1
                continue
            }
            at = candidate
            if let header = try header(at: at), header.position >= expected, header.position < bound,
                header.position - expected <= UInt64((at - start) / width) + 1
            {
                found = header
            } else {
                at += 1
            }
        }
        let following = found?.position ?? (bound == .max ? nil : bound)
        let gap = Gap(
            reason: reason, offset: start, length: (found == nil ? end : at) - start, firstLost: expected,
            endLost: following, notBefore: lastTime, notAfter: found?.ingestTime,
            tenant: tenant(around: found == nil ? end : at))
        offset = found == nil ? end : at
        if let following { expected = following }
        return gap
    }

    /// The end of the file, after the records that the next file's name says should be here.
    private mutating func missingAtEnd() -> Item {
        guard bound != .max, expected < bound else { return .end }
        defer { expected = bound }
        return .gap(
            Gap(
                reason: .missing, offset: end, length: 0, firstLost: expected, endLost: bound, notBefore: lastTime,
                tenant: tenant(around: end)))
    }

    /// The tenant of the last good record and of one at `next`, if that is good and there is one; nil when they differ.
    private mutating func tenant(around next: Int) -> String? {
        var tenants: Set<String> = []
        if let last, let name = try? tenant(last.header, at: last.offset) { tenants.insert(name) }
        if next < end, let header = try? header(at: next), header.totalBytes <= end - next,
            (try? bodyIsGood(header, at: next)) == true, let name = try? tenant(header, at: next)
        {
            tenants.insert(name)
        }
        return tenants.count == 1 ? tenants.first : nil
    }

    private mutating func tenant(_ header: JournalRecordHeader, at start: Int) throws(IOError) -> String? {
        // Checkpoints belong to nobody.
        guard header.kind != JournalRecordKind.checkpoint.rawValue else { return nil }
        let nameStart = start + JournalFormat.recordHeaderBytes
        try load(nameStart, header.tenantBytes)
        return unsafe window.withUnsafeBytes { bytes in
            let at = nameStart - windowStart
            return unsafe String(decoding: bytes[at..<(at + header.tenantBytes)], as: UTF8.self)
        }
    }

    /// Where in the window, from `at` on, the first byte of a marker is with room for a header behind it.
    private func nextMarker(from at: Int) -> Int? {
        let limit = windowCount - JournalFormat.recordHeaderBytes + 1
        let first = at - windowStart
        guard first < limit else { return nil }
        return unsafe window.withUnsafeBytes { bytes -> Int? in
            let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[first..<limit])
            guard let base = rest.baseAddress,
                let hit = unsafe memchr(base, JournalFormat.recordMarkerFirstByte, rest.count)
            else { return nil }
            return unsafe at + base.distance(to: UnsafeRawPointer(hit))
        }
    }

    /// Makes `count` bytes at `start` available in the window; they must lie before `end`.
    private mutating func load(_ start: Int, _ count: Int) throws(IOError) {
        if start >= windowStart, start + count <= windowStart + windowCount { return }
        let size = max(count, min(JournalLimits.scanWindowBytes, end - start))
        // A window that one huge record made large is given back.
        if window.count < size || window.count > max(size, 4 * JournalLimits.scanWindowBytes) {
            window = [UInt8](repeating: 0, count: max(size, min(JournalLimits.scanWindowBytes, end)))
        }
        windowStart = start
        windowCount = 0
        let wanted = min(window.count, end - start)
        var got = 0
        var failure: IOError?
        unsafe window.withUnsafeMutableBytes { room in
            do throws(IOError) {
                got = unsafe try file.read(into: UnsafeMutableRawBufferPointer(rebasing: room[..<wanted]), at: start)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        // Shorter than it was when it was measured: somebody else cut the file.
        if got < count { throw IOError(.read, file.path, EIO) }
        windowCount = got
    }
}
