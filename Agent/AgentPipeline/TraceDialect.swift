/// What a language's stack traces look like, line by line.
package enum TraceDialect: String, Sendable, CaseIterable {
    case java, python, go, ruby, dotnet
}

/// Where in an event with a trace the last line was.
enum TraceState {
    /// No trace has begun.
    case plain
    /// Within a trace.
    case frames
    /// Behind the line that ends a trace, where another may be chained to it.
    case ended
    /// Behind the sentence that chains another trace.
    case chained
}

extension TraceDialect {
    /// The state behind the first line of an event.
    func first(_ line: UnsafeRawBufferPointer) -> TraceState {
        switch self {
        case .java, .dotnet: .plain
        case .python: begins(line, "Traceback (most recent call last)") ? .frames : .plain
        case .go: isGoStart(line) ? .frames : .plain
        case .ruby: isRubyFrame(line) ? .frames : .plain
        }
    }

    /// Whether a line belongs to the event of the lines before.
    func continues(_ line: UnsafeRawBufferPointer, _ state: inout TraceState) -> Bool {
        switch self {
        case .java: java(line, &state)
        case .python: python(line, &state)
        case .go: go(line, &state)
        case .ruby: ruby(line, &state)
        case .dotnet: dotnet(line, &state)
        }
    }

    /// `at x.Y.z(Y.java:1)`, `... 5 more`, `Caused by: ...`, and the exception itself below the line that logs it.
    private func java(_ line: UnsafeRawBufferPointer, _ state: inout TraceState) -> Bool {
        if isFrame(line) || begins(line, "Caused by: ") || begins(line, "Suppressed: ") {
            state = .frames
            return true
        }
        if isIndented(line) { return true }
        // Behind frames it is an exception of its own.
        guard state == .plain, isExceptionName(line) else { return false }
        state = .frames
        return true
    }

    private func dotnet(_ line: UnsafeRawBufferPointer, _ state: inout TraceState) -> Bool {
        if isFrame(line) || begins(line, "--- End of ") || begins(line, "---> ") {
            state = .frames
            return true
        }
        if isIndented(line) { return true }
        guard state == .plain, isExceptionName(line) || begins(line, "Unhandled exception") else { return false }
        state = .frames
        return true
    }

    private func python(_ line: UnsafeRawBufferPointer, _ state: inout TraceState) -> Bool {
        let isHead = begins(line, "Traceback (most recent call last)")
        switch state {
        case .plain:
            if isHead { state = .frames }
            return isHead || isIndented(line)
        case .frames:
            // The first line that is not indented names the exception.
            if !isIndented(line) { state = .ended }
            return !isBlank(line)
        case .ended:
            if isBlank(line) || isIndented(line) { return true }
            let isChain =
                begins(line, "During handling of the above exception")
                || begins(line, "The above exception was the direct cause")
            if isChain { state = .chained }
            return isChain
        case .chained:
            if isHead { state = .frames }
            return isHead || isBlank(line)
        }
    }

    private func go(_ line: UnsafeRawBufferPointer, _ state: inout TraceState) -> Bool {
        if isIndented(line) { return true }
        if begins(line, "goroutine ") {
            state = .frames
            return true
        }
        guard state == .frames else { return false }
        if isBlank(line) || begins(line, "created by ") || begins(line, "[signal ") || begins(line, "exit status ")
            || begins(line, "runtime stack:")
        {
            return true
        }
        // `main.serve(0xc000, 0x1)`: a name without blanks and its arguments.
        let text = trimmed(line)
        guard text.last == 0x29, let open = text.firstIndex(of: 0x28), open > 0 else { return false }
        return !text[..<open].contains(0x20)
    }

    private func ruby(_ line: UnsafeRawBufferPointer, _ state: inout TraceState) -> Bool {
        if isIndented(line) { return true }
        guard isRubyFrame(line) else { return false }
        // `a.rb:1:in 'x': message (Class)` begins a trace; behind frames it is one of its own.
        if state == .frames, trimmed(line).last == 0x29 { return false }
        state = .frames
        return true
    }

    // MARK: Lines

    private func isGoStart(_ line: UnsafeRawBufferPointer) -> Bool {
        begins(line, "panic: ") || begins(line, "fatal error: ") || begins(line, "goroutine ")
            || begins(line, "runtime: ") || begins(line, "SIG")
    }

    /// `app/models/cart.rb:12:in `
    private func isRubyFrame(_ line: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        let limit = min(line.count, 512)
        while index < limit, line[index] > 0x20, line[index] != 0x3A { index += 1 }
        guard index > 0, index < limit, line[index] == 0x3A else { return false }
        index += 1
        let digits = index
        while index < limit, line[index] &- 0x30 < 10 { index += 1 }
        guard index > digits else { return false }
        return begins(UnsafeRawBufferPointer(rebasing: line[index...]), ":in ")
    }

    /// `java.lang.IllegalStateException: text`: names joined by dots, the last one with a capital and of a known end.
    private func isExceptionName(_ line: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        var dots = 0
        var last = 0
        let limit = min(line.count, 256)
        while index < limit, isNameByte(line[index]) {
            if line[index] == 0x2E {
                dots += 1
                last = index + 1
            }
            index += 1
        }
        guard dots > 0, last < index, line[last] &- 0x41 < 26,
            index == line.count || line[index] == 0x3A || line[index] == 0x0D
        else { return false }
        let name = UnsafeRawBufferPointer(rebasing: line[last..<index])
        return ends(name, "Exception") || ends(name, "Error") || ends(name, "Throwable") || ends(name, "Failure")
            || ends(name, "Fault")
    }

    private func isNameByte(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == 0x2E || byte == 0x5F || byte == 0x24
    }

    /// `    at shop.Cart.open(Cart.java:12)`, `    ... 5 more`
    private func isFrame(_ line: UnsafeRawBufferPointer) -> Bool {
        var start = 0
        while start < line.count, line[start] == 0x20 || line[start] == 0x09 { start += 1 }
        let text = UnsafeRawBufferPointer(rebasing: line[start...])
        return start > 0 && (begins(text, "at ") || begins(text, "... "))
    }

    private func isIndented(_ line: UnsafeRawBufferPointer) -> Bool {
        guard let first = line.first, first == 0x20 || first == 0x09 else { return false }
        return !isBlank(line)
    }

    private func isBlank(_ line: UnsafeRawBufferPointer) -> Bool {
        line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
    }

    private func trimmed(_ line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        line.last == 0x0D ? UnsafeRawBufferPointer(rebasing: line.dropLast()) : line
    }

    private func begins(_ line: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard line.count >= count else { return false }
        return text.withUTF8Buffer { expected in
            for index in 0..<count where line[index] != expected[index] { return false }
            return true
        }
    }

    private func ends(_ line: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard line.count >= count else { return false }
        return begins(UnsafeRawBufferPointer(rebasing: line[(line.count - count)...]), text)
    }
}
