/// Knows lines of the agent's own log, which reach files by way of the system's log when a syslog daemon writes those.
/// Following them would make the agent write about what it writes. Pure.
package struct OwnLog: Sendable {
    /// Bytes of a line in which the name stands: behind time and host.
    private static let searchedBytes = 256

    private let program: [UInt8]
    private let process: [UInt8]

    /// Names the process.
    ///
    /// - Parameters:
    ///   - program: what it is called in the system's log.
    ///   - process: its number.
    package init(program: String, process: Int) {
        self.program = Array(program.utf8)
        self.process = Array(String(process).utf8)
    }

    /// Whether a line is one of it: `Jun 14 15:16:02 web1 lodge-agent[812]: ...`, or that of RFC 5424.
    func wrote(_ line: UnsafeRawBufferPointer) -> Bool {
        let head = UnsafeRawBufferPointer(rebasing: line[..<min(line.count, OwnLog.searchedBytes)])
        if head.first == 0x3C, wroteInFields(head) { return true }
        var index = 0
        while let bracket = SecretScanner.next(0x5B, in: head, from: index) {
            index = bracket + 1
            let start = bracket - program.count
            guard start >= 0, start == 0 || head[start - 1] == 0x20 || head[start - 1] == 0x3E,
                OwnLog.stands(program, in: head, at: start), OwnLog.stands(process, in: head, at: index)
            else { continue }
            let end = index + process.count
            return end < head.count && head[end] == 0x5D
        }
        return false
    }

    /// `<30>1 time host program process ...`
    private func wroteInFields(_ head: UnsafeRawBufferPointer) -> Bool {
        var start = 0
        for _ in 0..<3 {
            guard let blank = SecretScanner.next(0x20, in: head, from: start) else { return false }
            start = blank + 1
        }
        let number = start + program.count + 1
        let end = number + process.count
        return end < head.count && OwnLog.stands(program, in: head, at: start) && head[number - 1] == 0x20
            && OwnLog.stands(process, in: head, at: number) && head[end] == 0x20
    }

    private static func stands(_ word: [UInt8], in text: UnsafeRawBufferPointer, at index: Int) -> Bool {
        index + word.count <= text.count && text[index..<(index + word.count)].elementsEqual(word)
    }
}
