/// A text that each match of a regular expression holds, read from the expression as it is spelled.
///
/// It is only looked for where that is plain: outside of groups, classes and alternatives. So an expression may need a text
/// that is not found here, never the other way round.
package enum RequiredLiteral {
    /// The longest such text.
    ///
    /// - Parameter pattern: an expression in RE2's syntax.
    /// - Returns: nil when there is none, or it is not known.
    package static func longest(in pattern: [UInt8]) -> [UInt8]? {
        var best: [UInt8] = []
        var run: [UInt8] = []
        var index = 0
        func end() {
            if run.count > best.count { best = run }
            run = []
        }
        while index < pattern.count {
            let byte = pattern[index]
            index += 1
            switch byte {
            case 0x7C: return nil
            case 0x28:
                guard let behind = behindGroup(pattern, index) else { return nil }
                end()
                index = behind
            case 0x5B:
                guard let behind = behindClass(pattern, index) else { return nil }
                end()
                index = behind
            case 0x2A, 0x3F, 0x7B:
                // What is before may be missing. Bytes of one character stay together.
                while let last = run.popLast(), last & 0xC0 == 0x80 {}
                end()
                // The bounds in braces are no text.
                if byte == 0x7B {
                    guard let close = pattern[index...].firstIndex(of: 0x7D) else { return nil }
                    index = close + 1
                }
            case 0x2B, 0x2E, 0x5E, 0x24: end()
            case 0x5C:
                guard index < pattern.count else { return nil }
                let escaped = pattern[index]
                index += 1
                switch escaped {
                case 0x64, 0x44, 0x77, 0x57, 0x73, 0x53, 0x62, 0x42, 0x41, 0x7A: end()
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x80...0xFF: return nil
                default: run.append(escaped)
                }
            case 0x29, 0x5D, 0x7D: return nil
            default: run.append(byte)
            }
        }
        end()
        return best.isEmpty ? nil : best
    }

    /// The index behind a group without flags or alternatives inside that would change what is outside; its content does
    /// not matter.
    private static func behindGroup(_ pattern: [UInt8], _ start: Int) -> Int? {
        var index = start
        // Flags may hold for what follows.
        if index < pattern.count, pattern[index] == 0x3F {
            guard pattern[index...].starts(with: Array("?:".utf8)) || pattern[index...].starts(with: Array("?P<".utf8))
            else { return nil }
            index += 1
        }
        while index < pattern.count {
            let byte = pattern[index]
            index += 1
            switch byte {
            case 0x29: return index
            case 0x28:
                guard let behind = behindGroup(pattern, index) else { return nil }
                index = behind
            case 0x5B:
                guard let behind = behindClass(pattern, index) else { return nil }
                index = behind
            case 0x5C:
                guard index < pattern.count, pattern[index] != 0x51 else { return nil }
                index += 1
            default: break
            }
        }
        return nil
    }

    /// The index behind a class of characters.
    private static func behindClass(_ pattern: [UInt8], _ start: Int) -> Int? {
        var index = start
        if index < pattern.count, pattern[index] == 0x5E { index += 1 }
        // A bracket that comes first is one of the characters.
        if index < pattern.count, pattern[index] == 0x5D { index += 1 }
        while index < pattern.count {
            let byte = pattern[index]
            index += 1
            switch byte {
            case 0x5D: return index
            case 0x5B where index < pattern.count && pattern[index] == 0x3A:
                guard let close = pattern[index...].firstIndex(of: 0x5D) else { return nil }
                index = close + 1
            case 0x5C:
                guard index < pattern.count else { return nil }
                index += 1
            default: break
            }
        }
        return nil
    }
}
