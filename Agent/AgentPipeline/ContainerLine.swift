import LineFormats
import LogModel

/// One line of a container's log file, whatever runtime wrote it.
struct ContainerLine {
    /// When the runtime read it.
    var time: Timestamp
    /// Which output wrote it.
    var stream: CRILine.Stream
    /// Whether the line goes on with the next one of the same stream.
    var isPartial: Bool
    /// What the container wrote; valid until the next line is read.
    var text: UnsafeRawBufferPointer
}

/// Reads lines of container logs. One owner, one thread at a time; memory grows with the longest line.
final class ContainerLineReader {
    private let kind: SourceProfile.Container
    private var scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 10, alignment: 16)

    init(_ kind: SourceProfile.Container) {
        self.kind = kind
    }

    deinit {
        scratch.deallocate()
    }

    /// The line, or nil when it is not of the form.
    func read(_ line: UnsafeRawBufferPointer) -> ContainerLine? {
        switch kind {
        case .cri: readCRI(line)
        case .docker: readDocker(line)
        case .auto: line.first == 0x7B ? readDocker(line) : readCRI(line)
        }
    }

    private func readCRI(_ line: UnsafeRawBufferPointer) -> ContainerLine? {
        guard let found = CRILine(line) else { return nil }
        return ContainerLine(
            time: found.time, stream: found.stream, isPartial: found.isPartial,
            text: UnsafeRawBufferPointer(rebasing: line[found.textStart...]))
    }

    private func readDocker(_ line: UnsafeRawBufferPointer) -> ContainerLine? {
        guard let found = DockerLine(line) else { return nil }
        var text = found.text.raw
        if found.text.hasEscapes {
            if scratch.count < text.count {
                scratch.deallocate()
                scratch = .allocate(byteCount: text.count, alignment: 16)
            }
            guard let count = try? unescapeJSON(text, to: scratch) else { return nil }
            text = UnsafeRawBufferPointer(rebasing: scratch[..<count])
        }
        return ContainerLine(time: found.time, stream: found.stream, isPartial: found.isPartial, text: text)
    }
}
