public import LogModel

/// One line of a container's log file as Docker's `json-file` driver writes it:
/// `{"log":"the text\n","stream":"stderr","time":"2026-01-02T03:04:05.678901234Z"}`.
@unsafe
public struct DockerLine {
    /// When the runtime read it.
    public var time: Timestamp
    /// Which output wrote it.
    public var stream: CRILine.Stream
    /// Whether the line goes on with the next one of the same stream: Docker cuts at 16 KiB.
    public var isPartial: Bool
    /// The container's own text without its line feed, as it stands in the JSON.
    public var text: JSONScanner.StringToken

    /// Reads a line; nil when it has another form. It must not outlive the line.
    public init?(_ line: UnsafeRawBufferPointer) {
        guard line.count > 0, unsafe line[0] == 0x7B else { return nil }
        var scanner = unsafe JSONScanner(line)
        var (log, stream, time): (JSONScanner.StringToken?, CRILine.Stream?, Timestamp?)
        unsafe (log, stream, time) = (nil, nil, nil)
        do throws(JSONError) {
            unsafe try scanner.beginObject()
            var isFirst = true
            while let key = unsafe try scanner.nextKey(isFirst: isFirst) {
                isFirst = false
                switch unsafe key.raw.count {
                case 3 where unsafe key.raw.elementsEqual("log".utf8): unsafe log = try scanner.string()
                case 6 where unsafe key.raw.elementsEqual("stream".utf8):
                    stream = unsafe DockerLine.stream(try scanner.string().raw)
                case 4 where unsafe key.raw.elementsEqual("time".utf8):
                    time = unsafe Timestamp(rfc3339: try scanner.string().raw)
                // `attrs`: labels and variables that the driver was told to add.
                default: _ = unsafe try scanner.skipValue()
                }
            }
            unsafe try scanner.expectEnd()
        } catch {
            return nil
        }
        guard var log = unsafe log, let stream, let time else { return nil }
        unsafe isPartial = !DockerLine.endsWithLineFeed(log.raw)
        if unsafe !isPartial { unsafe log.raw = UnsafeRawBufferPointer(rebasing: log.raw.dropLast(2)) }
        unsafe text = log
        unsafe self.stream = stream
        unsafe self.time = time
    }

    private static func stream(_ name: UnsafeRawBufferPointer) -> CRILine.Stream? {
        if unsafe name.elementsEqual("stdout".utf8) { return .stdout }
        return unsafe name.elementsEqual("stderr".utf8) ? .stderr : nil
    }

    /// Whether a JSON string ends with `\n`: behind an even number of backslashes, which stand for themselves.
    private static func endsWithLineFeed(_ raw: UnsafeRawBufferPointer) -> Bool {
        guard raw.count >= 2, unsafe raw[raw.count - 1] == 0x6E else { return false }
        var slashes = 0
        while unsafe slashes + 2 <= raw.count && raw[raw.count - 2 - slashes] == 0x5C { slashes += 1 }
        return slashes % 2 == 1
    }
}
