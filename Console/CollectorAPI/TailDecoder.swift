import LineFormats
package import LogModel

/// Lines of a live tail on their way from the network to the screen: one run of bytes and where each line is in it.
package struct TailBatch: Sendable, Equatable {
    /// What an entry is.
    package enum Kind: UInt8, Sendable {
        /// A row as the collector sent it.
        case line
        /// Lines that the collector left out for this client; `count` says how many.
        case gap
    }

    /// One line or gap.
    package struct Entry: Sendable, Equatable {
        package var kind: Kind
        package var level: Level
        package var offset: Int
        package var length: Int
        /// Lines left out, for a gap.
        package var count: Int
    }

    package var bytes: [UInt8] = []
    package var entries: [Entry] = []
    /// The cursor of the last entry, to resume behind it.
    package var lastID: String?

    package init() {}

    /// Lines in the batch, gaps not counted.
    package var lines: Int { entries.reduce(0) { $0 + ($1.kind == .line ? 1 : 0) } }

    /// Adds a row.
    package mutating func append(row: UnsafeRawBufferPointer) {
        entries.append(
            Entry(
                kind: .line, level: LevelSniffer.level(of: row), offset: bytes.count, length: row.count, count: 0))
        bytes.append(contentsOf: row)
    }

    /// Adds a gap of `count` lines.
    package mutating func append(gap count: Int) {
        entries.append(Entry(kind: .gap, level: .unknown, offset: bytes.count, length: 0, count: count))
    }

    /// Puts another batch behind this one.
    package mutating func append(_ other: TailBatch) {
        let base = bytes.count
        bytes.append(contentsOf: other.bytes)
        for var entry in other.entries {
            entry.offset += base
            entries.append(entry)
        }
        if let id = other.lastID { lastID = id }
    }
}

/// Splits a stream of server-sent events (WHATWG HTML, 9.2) into rows and gaps, whatever pieces the network cuts it
/// into. Rows are not read as JSON here.
package struct TailDecoder: Sendable {
    /// Longest event; a longer one is left out and counted as a gap of one line.
    package static let maxEventBytes = 8 << 20
    /// No gap is said to be larger, so that gaps can be added up.
    package static let largestGap = 1 << 32

    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var name: [UInt8] = []
    private var id: String?
    private var skipsLineFeed = false
    private var overflowed = false
    /// Comments and events seen, heartbeats included: a sign of life.
    package private(set) var signs = 0

    package init() {}

    /// Forgets a half-received event; the connection it came over is gone.
    package mutating func reset() {
        self = TailDecoder()
    }

    /// Takes bytes from the network and puts what is complete into `batch`.
    package mutating func feed(_ bytes: UnsafeRawBufferPointer, into batch: inout TailBatch) {
        var start = 0
        if skipsLineFeed, !bytes.isEmpty {
            skipsLineFeed = false
            if bytes[0] == 0x0A { start = 1 }
        }
        while start < bytes.count {
            guard let end = bytes[start...].firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) else {
                keep(UnsafeRawBufferPointer(rebasing: bytes[start...]))
                return
            }
            let part = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            if line.isEmpty {
                take(part, into: &batch)
            } else {
                keep(part)
                let whole = line
                line.removeAll(keepingCapacity: whole.count < 1 << 16)
                whole.withUnsafeBytes { take($0, into: &batch) }
            }
            start = end + 1
            if bytes[end] == 0x0D {
                if start < bytes.count {
                    if bytes[start] == 0x0A { start += 1 }
                } else {
                    skipsLineFeed = true
                }
            }
        }
    }

    private mutating func keep(_ part: UnsafeRawBufferPointer) {
        guard line.count + part.count <= Self.maxEventBytes else {
            overflowed = true
            line.removeAll()
            // A colon keeps what follows of this line a comment.
            line.append(0x3A)
            return
        }
        line.append(contentsOf: part)
    }

    private mutating func take(_ text: UnsafeRawBufferPointer, into batch: inout TailBatch) {
        if text.isEmpty {
            dispatch(into: &batch)
            return
        }
        if text[0] == 0x3A {
            signs += 1
            return
        }
        let colon = text.firstIndex(of: 0x3A) ?? text.count
        var valueStart = min(colon + 1, text.count)
        if valueStart < text.count, text[valueStart] == 0x20 { valueStart += 1 }
        let value = UnsafeRawBufferPointer(rebasing: text[valueStart...])
        switch colon {
        case 4 where text.starts(with: "data".utf8):
            if !data.isEmpty { data.append(0x0A) }
            if data.count + value.count > Self.maxEventBytes {
                overflowed = true
                data.removeAll()
            } else {
                data.append(contentsOf: value)
            }
        case 5 where text.starts(with: "event".utf8): name = Array(value)
        case 2 where text.starts(with: "id".utf8):
            if !value.contains(0) { id = String(decoding: value, as: UTF8.self) }
        default: break
        }
    }

    private mutating func dispatch(into batch: inout TailBatch) {
        defer {
            data.removeAll(keepingCapacity: data.count < 1 << 16)
            name.removeAll(keepingCapacity: true)
            overflowed = false
        }
        if let id { batch.lastID = id }
        if overflowed {
            batch.append(gap: 1)
            return
        }
        guard !data.isEmpty else { return }
        signs += 1
        if name.isEmpty || name.elementsEqual("message".utf8) {
            data.withUnsafeBytes { batch.append(row: $0) }
        } else if name.elementsEqual("dropped".utf8) {
            let count = (try? JSONValue(parsing: data))?["count"]?.int ?? 0
            if count > 0 { batch.append(gap: min(count, Self.largestGap)) }
        }
    }
}
