public import LogModel

/// One line of a container's log file as Kubernetes' runtimes write it:
/// `2026-01-02T03:04:05.678901234Z stderr P the text`.
public struct CRILine {
    /// Which of a container's outputs wrote it.
    public enum Stream: Int, Sendable, CaseIterable {
        case stdout = 0
        case stderr = 1
    }

    /// When the runtime read it.
    public var time: Timestamp
    /// Which output wrote it.
    public var stream: Stream
    /// Whether the line goes on with the next one of the same stream.
    public var isPartial: Bool
    /// Where the container's own text begins; it ends where the line does.
    public var textStart: Int

    /// Reads a line; nil when it has another form.
    public init?(_ line: UnsafeRawBufferPointer) {
        let bytes = unsafe LineBytes(line)
        // The time: as far as the first blank, which stands within the first 40 bytes.
        var end = 19
        while end < 40, end < bytes.count, bytes[end] != 0x20 { end += 1 }
        guard bytes[end] == 0x20, let time = unsafe Timestamp(rfc3339: bytes.slice(0..<end)) else { return nil }
        self.time = time
        guard bytes[end + 1] == 0x73, bytes[end + 2] == 0x74, bytes[end + 3] == 0x64, bytes[end + 7] == 0x20 else {
            return nil
        }
        switch (bytes[end + 4], bytes[end + 5], bytes[end + 6]) {
        case (0x6F, 0x75, 0x74): stream = .stdout
        case (0x65, 0x72, 0x72): stream = .stderr
        default: return nil
        }
        // Tags are separated by colons; the first says whether the line is whole.
        let tag = end + 8
        switch bytes[tag] {
        case 0x46: isPartial = false
        case 0x50: isPartial = true
        default: return nil
        }
        var index = tag + 1
        if bytes[index] == 0x3A {
            while index < bytes.count, bytes[index] != 0x20 { index += 1 }
        }
        guard index == bytes.count || bytes[index] == 0x20 else { return nil }
        textStart = min(index + 1, bytes.count)
    }
}
