import ByteCoding
import LineFormats
import LogModel

/// Cuts the log file of a container into what the container wrote: the runtime's marks are taken away, partial lines
/// are joined, and with ``Multiline`` lines are joined to events, each of the two streams by itself.
///
/// As in ``RecordCutter`` nothing is remembered from call to call. Streams are interleaved, so events are handed out at
/// places only where none of an earlier line is unfinished; an event that waits for its stream to go on is finished by
/// any line whose time is later by the timeout, and after ``spanLimit`` bytes in any case: then it is cut before its next
/// line, so that the number of the part is known wherever reading goes on.
///
/// One owner, one thread at a time. Nothing is allocated for an event.
final class ContainerCutter {
    /// One event, or part of one.
    struct Record {
        /// What the container wrote, line feeds between lines.
        var bytes: UnsafeRawBufferPointer
        /// The number of the part, from 1; 0 for a whole event.
        var part: Int
        /// When the runtime read it, and from which stream; nil for a line that is not of the container's form.
        var origin: (time: Timestamp, stream: CRILine.Stream)?
    }

    /// Bytes of the file within which events are finished, whatever follows.
    let spanLimit: Int
    private let reader: ContainerLineReader
    private let maxLineBytes: Int
    private let multiline: Multiline?
    private let timeout: Int64
    private let maxBytes: Int
    private var slots: [Slot]
    private var done: [Done] = []
    private var texts = ByteWriter(capacity: 4 << 10)
    private var contents = [ByteBuffer(), ByteBuffer()]

    /// The text of an unfinished event; a class so that it can stand in an array.
    private final class ByteBuffer {
        var bytes = ByteWriter(capacity: 1 << 10)
    }

    /// An event of a stream that may go on.
    private struct Slot {
        var isOpen = false
        var awaitsRest = false
        var firstByte = 0
        var part = 0
        var firstTime = Timestamp(nanoseconds: 0)
        var lastTime = Timestamp(nanoseconds: 0)
        var boundary: EventBoundary?
    }

    /// A finished event that has not been handed out.
    private struct Done {
        var firstByte: Int
        var range: Range<Int>
        var part: Int
        var origin: (time: Timestamp, stream: CRILine.Stream)?
    }

    init(_ kind: SourceProfile.Container, multiline: Multiline?, maxLineBytes: Int) {
        reader = ContainerLineReader(kind)
        self.multiline = multiline
        self.maxLineBytes = max(1, maxLineBytes)
        spanLimit = self.maxLineBytes / 2
        maxBytes = min(multiline?.maxBytes ?? self.maxLineBytes, self.maxLineBytes)
        timeout = Int64(clamping: multiline?.timeoutNanos ?? Multiline.usualTimeoutNanos)
        slots = CRILine.Stream.allCases.map { _ in
            var slot = Slot()
            slot.boundary = multiline.map { EventBoundary($0.rule) }
            return slot
        }
    }

    /// Hands out each finished event of `bytes` until `take` returns false; then those that go with it are handed out
    /// as well.
    ///
    /// - Parameters:
    ///   - bytes: what follows in the file.
    ///   - parts: how many parts of the first event were handed out before; kept up to date.
    ///   - ending: what is known of what follows.
    ///   - take: gets each event.
    /// - Returns: how many bytes were dealt with, line feeds included.
    func cut(
        _ bytes: UnsafeRawBufferPointer, parts: inout Int, ending: ReadEnding, _ take: (Record) -> Bool
    ) -> Int {
        forget()
        /// Where what is not handed out yet begins.
        var span = 0
        /// What the first line goes on with; `parts` itself always goes with `span`.
        var carried = parts
        var line = 0
        while line < bytes.count {
            let window = min(bytes.count, span + maxLineBytes + 1)
            var lineEnd = window
            var next = window
            if line < window, let feed = LineCutter.lineFeed(bytes, line, window) {
                lineEnd = feed
                next = feed + 1
            } else if window - span > maxLineBytes {
                // A line that long is not of a runtime, which cuts at a few KiB: as much of it as fits is an event.
                closeAll()
                if line == span {
                    let offset = texts.count
                    texts.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[line..<window]))
                    done.append(Done(firstByte: line, range: offset..<texts.count, part: 1, origin: nil))
                    line = window
                }
                carried = 0
                parts = 0
                span = line
                if !handOut(take) { return span }
                continue
            } else if ending != .final {
                break
            }
            let content = UnsafeRawBufferPointer(rebasing: bytes[line..<lineEnd])
            let found = reader.read(content)
            if let found, multiline == nil, !found.isPartial, carried == 0, span == line {
                // The usual line: whole, and nothing waits.
                span = next
                line = next
                if !take(Record(bytes: found.text, part: 0, origin: (found.time, found.stream))) { return span }
                continue
            }
            let isOver = next - span > spanLimit
            add(found, content, at: line, &carried, mustCut: isOver)
            if isOver { closeOlder(than: line, mayWait: next - span <= spanLimit + spanLimit / 2) }
            if slots[0].isOpen == slots[1].isOpen {
                if !slots[0].isOpen {
                    span = next
                    parts = 0
                    if !handOut(take) { return span }
                }
            } else {
                let open = slots[0].isOpen ? 0 : 1
                if slots[open].firstByte == line {
                    span = line
                    parts = max(0, slots[open].part - 1)
                    if !handOut(take) { return span }
                }
            }
            line = next
        }
        if ending != .open {
            closeAll()
            parts = 0
            _ = handOut(take)
            return line
        }
        return span
    }

    private func forget() {
        done.removeAll(keepingCapacity: true)
        texts.removeAll()
        for index in slots.indices { slots[index].isOpen = false }
    }

    private func add(
        _ found: ContainerLine?, _ line: UnsafeRawBufferPointer, at start: Int, _ carried: inout Int, mustCut: Bool
    ) {
        guard let found else {
            let offset = texts.count
            texts.append(contentsOf: line)
            done.append(Done(firstByte: start, range: offset..<texts.count, part: 0, origin: nil))
            return
        }
        let text = found.text
        let index = found.stream.rawValue
        for other in slots.indices where slots[other].isOpen && !slots[other].awaitsRest {
            let limit = slots[other].lastTime.adding(nanoseconds: timeout)
            if found.time > limit { close(other, goesOn: false) }
        }
        if slots[index].isOpen {
            let isRest = slots[index].awaitsRest
            let continues = isRest || (slots[index].boundary?.continues(text) ?? false)
            let isTooLong = mustCut || contents[index].bytes.count + text.count + 1 > maxBytes
            if !continues || isTooLong {
                let part = slots[index].part
                close(index, goesOn: continues)
                open(index, start, found, text)
                slots[index].part = continues ? max(1, part) + 1 : 0
            } else {
                if !isRest { contents[index].bytes.append(0x0A) }
            }
        } else {
            open(index, start, found, text)
            // Only the line that is the first one after a stop can go on with what was handed out before it.
            if carried > 0 { slots[index].part = carried + 1 }
            carried = 0
        }
        contents[index].bytes.append(contentsOf: text)
        slots[index].awaitsRest = found.isPartial
        slots[index].lastTime = found.time
        if multiline == nil, !found.isPartial { close(index, goesOn: false) }
    }

    private func open(_ index: Int, _ start: Int, _ line: ContainerLine, _ text: UnsafeRawBufferPointer) {
        contents[index].bytes.removeAll()
        slots[index].isOpen = true
        slots[index].awaitsRest = false
        slots[index].firstByte = start
        slots[index].part = 0
        slots[index].firstTime = line.time
        slots[index].boundary?.begin(text)
    }

    private func close(_ index: Int, goesOn: Bool) {
        let offset = texts.count
        contents[index].bytes.withBytes { texts.append(contentsOf: $0) }
        let slot = slots[index]
        done.append(
            Done(
                firstByte: slot.firstByte, range: offset..<texts.count, part: goesOn ? max(1, slot.part) : slot.part,
                origin: CRILine.Stream(rawValue: index).map { (slot.firstTime, $0) }))
        slots[index].isOpen = false
    }

    /// Closes what began before a line. What waits for its rest is cut best before that comes: if it is the only one
    /// that waits, it may do so for a while.
    private func closeOlder(than line: Int, mayWait: Bool) {
        let mayWait = mayWait && multiline == nil && slots[0].isOpen != slots[1].isOpen
        for index in slots.indices where slots[index].isOpen && slots[index].firstByte < line {
            if slots[index].awaitsRest, mayWait { continue }
            close(index, goesOn: slots[index].awaitsRest)
        }
    }

    private func closeAll() {
        for index in slots.indices where slots[index].isOpen { close(index, goesOn: slots[index].awaitsRest) }
    }

    private func handOut(_ take: (Record) -> Bool) -> Bool {
        if done.isEmpty { return true }
        if done.count > 1 { done.sort { $0.firstByte < $1.firstByte } }
        var wantsMore = true
        texts.withBytes { all in
            for item in done {
                let record = Record(
                    bytes: UnsafeRawBufferPointer(rebasing: all[item.range]), part: item.part, origin: item.origin)
                if !take(record) { wantsMore = false }
            }
        }
        done.removeAll(keepingCapacity: true)
        texts.removeAll()
        return wantsMore
    }
}
