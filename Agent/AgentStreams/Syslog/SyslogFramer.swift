import Glibc

/// Cuts what comes over a connection into messages (RFC 6587): each begins with its length and a blank, or ends at a line
/// feed. Which of the two is decided anew for each message. Pure.
///
/// A message that is too long is handed out in parts.
package struct SyslogFramer {
    /// The longest message that is one event; longer ones are cut into parts of this length.
    package let maxMessageBytes: Int
    /// What is not handed out yet.
    private var pending: [UInt8] = []
    /// Of a message with a length, what of it was not handed out yet; nil within other messages and between them.
    private var remaining: Int?
    /// How many parts of the message at hand were handed out.
    private var parts = 0

    /// Gets a message without its frame, and its number when it is a part of one.
    package typealias Sink = (_ message: UnsafeRawBufferPointer, _ part: Int) -> Void

    private enum Head {
        case counted(length: Int, start: Int)
        case line
        case incomplete
    }

    /// Makes a framer at the start of a connection.
    package init(maxMessageBytes: Int) {
        self.maxMessageBytes = max(1, maxMessageBytes)
    }

    /// Bytes that are kept.
    package var pendingBytes: Int { pending.count }

    /// Takes bytes, and hands out the messages that are whole.
    package mutating func feed(_ bytes: UnsafeRawBufferPointer, _ sink: Sink) {
        if pending.isEmpty {
            let done = cut(bytes, sink)
            pending.append(contentsOf: bytes[done...])
            return
        }
        pending.append(contentsOf: bytes)
        let held = pending
        let done = held.withUnsafeBytes { cut($0, sink) }
        pending.removeFirst(done)
    }

    /// Hands out what is left at the end of the connection; of a message with a length it is marked as a part.
    package mutating func finish(_ sink: Sink) {
        let held = pending
        pending = []
        held.withUnsafeBytes { bytes in
            let isPart = parts > 0 || remaining != nil
            emit(bytes, isPart ? parts + 1 : 0, isEnd: true, sink)
        }
        remaining = nil
        parts = 0
    }

    /// Line feeds, carriage returns and NUL behind a message do not belong to it.
    static func isBehind(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D || byte == 0 }

    private mutating func cut(_ bytes: UnsafeRawBufferPointer, _ sink: Sink) -> Int {
        var start = 0
        while start < bytes.count {
            if let left = remaining {
                let count = min(left, maxMessageBytes)
                guard bytes.count - start >= count else { return start }
                let isWhole = count == left
                emit(slice(bytes, start, count), isWhole && parts == 0 ? 0 : parts + 1, isEnd: isWhole, sink)
                parts = isWhole ? 0 : parts + 1
                remaining = isWhole ? nil : left - count
                start += count
                continue
            }
            if parts == 0 {
                // Between messages: some put a line feed behind those with a length as well.
                if SyslogFramer.isBehind(bytes[start]) {
                    start += 1
                    continue
                }
                switch head(bytes, start) {
                case .incomplete: return start
                case .counted(let length, let first):
                    remaining = length
                    start = first
                    continue
                case .line: break
                }
            }
            let window = min(bytes.count - start, maxMessageBytes + 1)
            if let feed = lineFeed(bytes, start, window) {
                // Right behind a part of full length it ends the message without making an empty part.
                emit(slice(bytes, start, feed - start), parts > 0 ? parts + 1 : 0, isEnd: true, sink)
                parts = 0
                start = feed + 1
            } else if window > maxMessageBytes {
                parts += 1
                emit(slice(bytes, start, maxMessageBytes), parts, isEnd: false, sink)
                start += maxMessageBytes
            } else {
                return start
            }
        }
        return start
    }

    /// A length is one only in front of a message's `<`: a line may begin with a number, too.
    private func head(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Head {
        guard bytes[start] &- 0x31 < 9 else { return .line }
        var index = start
        var length = 0
        while index < bytes.count, bytes[index] &- 0x30 < 10 {
            if index - start == 9 { return .line }
            length = length * 10 + Int(bytes[index] &- 0x30)
            index += 1
        }
        if index == bytes.count { return .incomplete }
        guard bytes[index] == 0x20 else { return .line }
        if index + 1 == bytes.count { return .incomplete }
        return bytes[index + 1] == 0x3C ? .counted(length: length, start: index + 1) : .line
    }

    private func emit(_ message: UnsafeRawBufferPointer, _ part: Int, isEnd: Bool, _ sink: Sink) {
        var end = message.count
        while isEnd, end > 0, SyslogFramer.isBehind(message[end - 1]) { end -= 1 }
        if end > 0 { sink(UnsafeRawBufferPointer(rebasing: message[..<end]), part) }
    }

    private func slice(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count)])
    }

    private func lineFeed(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ window: Int) -> Int? {
        guard let base = bytes.baseAddress, let found = memchr(base + start, 0x0A, window) else { return nil }
        return UnsafeRawPointer(found) - base
    }
}
