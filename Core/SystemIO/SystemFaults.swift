internal import Glibc
internal import Synchronization

/// Makes chosen system calls fail, so that tests can prove what happens on a full or broken disk.
///
/// Nothing is installed unless a test (or a debug build asked by its environment) does so; until then each call costs
/// one relaxed atomic load.
package enum SystemFaults {
    /// One planned failure.
    package struct Rule: Sendable {
        /// The operation that fails.
        package var operation: IOError.Operation
        /// Only paths that contain this text.
        package var pathPart: String
        /// How many matching calls succeed first.
        package var skip: Int
        /// The errno of the failure.
        package var code: Int32
        /// Bytes a failing write leaves behind: a torn write.
        package var tornBytes: Int
        /// How many calls fail; `Int.max` for all of them.
        package var times: Int

        /// Plans a failure.
        package init(
            _ operation: IOError.Operation, path pathPart: String, after skip: Int = 0, code: Int32,
            tornBytes: Int = 0, times: Int = 1
        ) {
            self.operation = operation
            self.pathPart = pathPart
            self.skip = skip
            self.code = code
            self.tornBytes = tornBytes
            self.times = times
        }
    }

    /// What a planned failure does to the call it meets.
    struct Fault {
        var code: Int32
        var tornBytes: Int
    }

    private struct Installed {
        var rules: [Int: Rule] = [:]
        var nextToken = 0
    }

    private static let installed = Mutex(Installed())
    private static let armed = Atomic<Bool>(false)

    /// Plans a failure and returns a token to take it back with. Rules of tests that run at the same time do not meet
    /// when each names its own directory.
    package static func add(_ rule: Rule) -> Int {
        installed.withLock { state in
            state.nextToken += 1
            state.rules[state.nextToken] = rule
            armed.store(true, ordering: .relaxed)
            return state.nextToken
        }
    }

    /// Takes a planned failure back; without effect when it is gone.
    package static func remove(_ token: Int) {
        installed.withLock { state in
            state.rules[token] = nil
            if state.rules.isEmpty { armed.store(false, ordering: .relaxed) }
        }
    }

    /// Meets the failure planned for a call that a library makes out of our sight.
    ///
    /// - Parameters:
    ///   - operation: what the library is about to do.
    ///   - path: to which file.
    /// - Throws: the planned failure; never when none is planned.
    package static func check(_ operation: IOError.Operation, _ path: String) throws(IOError) {
        if let fault = next(operation, path) { throw IOError(operation, path, fault.code) }
    }

    /// The failure planned for this call, if any.
    static func next(_ operation: IOError.Operation, _ path: String) -> Fault? {
        guard armed.load(ordering: .relaxed) else { return nil }
        return installed.withLock { state in
            for (token, rule) in state.rules.sorted(by: { $0.key < $1.key }) {
                guard rule.operation == operation, contains(path, rule.pathPart) else { continue }
                if rule.skip > 0 {
                    state.rules[token]?.skip -= 1
                    continue
                }
                if rule.times == 0 { continue }
                if rule.times != .max { state.rules[token]?.times -= 1 }
                return Fault(code: rule.code, tornBytes: rule.tornBytes)
            }
            return nil
        }
    }

    private static func contains(_ path: String, _ part: String) -> Bool {
        let (path, part) = (Array(path.utf8), Array(part.utf8))
        guard part.count <= path.count else { return false }
        return (0...(path.count - part.count)).contains { path[$0...].starts(with: part) }
    }

    /// In debug builds, installs what `LODGE_FAULTS` asks for; release builds ignore it.
    ///
    /// The variable holds rules separated by commas, each `operation:path part:nth call:errno`, for example
    /// `write:.journal:5:ENOSPC,sync:.journal:1:EIO`. A trailing `:always` makes all calls from the nth on fail.
    ///
    /// - Returns: the rules that were not understood, for the caller to refuse.
    package static func installFromEnvironment() -> [String] {
        #if DEBUG
            guard let raw = unsafe getenv("LODGE_FAULTS") else { return [] }
            return install(unsafe String(cString: raw))
        #else
            return []
        #endif
    }

    /// Installs rules written as described at ``installFromEnvironment()`` and returns those not understood.
    static func install(_ text: String) -> [String] {
        var refused: [String] = []
        for word in text.split(separator: ",") {
            if let rule = rule(word) { _ = add(rule) } else { refused.append(String(word)) }
        }
        return refused
    }

    private static func rule(_ word: Substring) -> Rule? {
        let parts = word.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 4 || (parts.count == 5 && parts[4] == "always"),
            let operation = IOError.Operation(rawValue: String(parts[0])),
            let nth = Int(parts[2]), nth > 0
        else { return nil }
        let codes = ["ENOSPC": ENOSPC, "EIO": EIO, "EDQUOT": EDQUOT, "EACCES": EACCES, "EMFILE": EMFILE]
        guard let code = codes[String(parts[3])] else { return nil }
        return Rule(
            operation, path: String(parts[1]), after: nth - 1, code: code, times: parts.count == 5 ? .max : 1)
    }
}
