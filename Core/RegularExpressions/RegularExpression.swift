internal import CRegexShims

/// A regular expression in RE2's syntax: the time to match is linear in the text, whatever the expression. Memory for
/// one expression is bounded by RE2 (8 MiB); over that it is refused when it is made.
///
/// Bytes that are no UTF-8 match nothing, not even `.`.
///
/// Sendable: an RE2 object does not change once it is made, and guards its caches itself.
@safe package final class RegularExpression: @unchecked Sendable {
    /// Why an expression was refused.
    package struct Refusal: Error, CustomStringConvertible {
        /// RE2's reason.
        package let description: String
    }

    private let handle: OpaquePointer
    /// How many groups capture.
    package let groupCount: Int
    /// The name of each group, from the first on; nil where it has none.
    package let groupNames: [String?]

    /// Compiles an expression.
    ///
    /// - Parameters:
    ///   - pattern: the expression, UTF-8.
    ///   - dotMatchesLineFeed: whether `.` also means a line feed.
    /// - Throws: ``Refusal`` when it is no expression, or needs too much memory.
    package init(_ pattern: [UInt8], dotMatchesLineFeed: Bool = false) throws(Refusal) {
        var error = [CChar](repeating: 0, count: 512)
        let made = unsafe pattern.withUnsafeBytes { pattern in
            unsafe error.withUnsafeMutableBufferPointer { error in
                unsafe lodge_regex_make(
                    pattern.baseAddress, pattern.count, dotMatchesLineFeed ? 1 : 0, error.baseAddress, error.count)
            }
        }
        guard let made = unsafe made else {
            throw Refusal(
                description: String(decoding: error.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        unsafe handle = made
        let count = Int(unsafe lodge_regex_group_count(made))
        groupCount = count
        groupNames = (0..<count).map { group in
            var name = [CChar](repeating: 0, count: 256)
            let isNamed = unsafe name.withUnsafeMutableBufferPointer { name in
                unsafe lodge_regex_group_name(made, Int32(group + 1), name.baseAddress, name.count)
            }
            guard isNamed != 0 else { return nil }
            return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    deinit {
        unsafe lodge_regex_free(handle)
    }

    /// Whether the expression matches anywhere in the text.
    package func matches(_ text: UnsafeRawBufferPointer) -> Bool {
        unsafe lodge_regex_find(handle, text.baseAddress, text.count, 0, 0, nil, 0) != 0
    }

    /// Whether the expression matches the text as a whole.
    package func matchesWhole(_ text: UnsafeRawBufferPointer) -> Bool {
        unsafe lodge_regex_find(handle, text.baseAddress, text.count, 0, 1, nil, 0) != 0
    }

    /// The first match from `start` on.
    ///
    /// - Precondition: `start` is not past the end.
    /// - Returns: the range of the whole match, then that of each group, nil where a group took no part; nil without a
    ///   match.
    package func firstMatch(in text: UnsafeRawBufferPointer, from start: Int = 0) -> [Range<Int>?]? {
        precondition(start >= 0 && start <= text.count, "a match starts within the text")
        var bounds = [Int64](repeating: -1, count: (groupCount + 1) * 2)
        let isFound = unsafe bounds.withUnsafeMutableBufferPointer { bounds in
            unsafe lodge_regex_find(
                handle, text.baseAddress, text.count, start, 0, bounds.baseAddress, Int32(groupCount + 1))
        }
        guard isFound != 0 else { return nil }
        return (0...groupCount).map { group in
            bounds[2 * group] < 0 ? nil : Int(bounds[2 * group])..<Int(bounds[2 * group + 1])
        }
    }

    /// The first match from `start` on, without an allocation.
    ///
    /// - Precondition: `start` is not past the end.
    /// - Parameters:
    ///   - text: any bytes.
    ///   - start: where to begin.
    ///   - bounds: gets start and end of the whole match and then of each group, -1 where a group took no part.
    /// - Returns: whether there is a match.
    package func firstMatch(
        in text: UnsafeRawBufferPointer, from start: Int = 0, bounds: inout [Int64]
    ) -> Bool {
        precondition(start >= 0 && start <= text.count, "a match starts within the text")
        let wanted = (groupCount + 1) * 2
        while bounds.count < wanted { bounds.append(-1) }
        return unsafe bounds.withUnsafeMutableBufferPointer { bounds in
            unsafe lodge_regex_find(
                handle, text.baseAddress, text.count, start, 0, bounds.baseAddress, Int32(groupCount + 1)) != 0
        }
    }
}
