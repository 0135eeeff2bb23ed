import SystemIO

/// An absolute path with wildcards: `*` and `?` within a name, `[abc]`, `[a-z]` and `[!a]`, and `**` for any number of
/// directories, none included. `\` takes the special meaning from the next character.
package struct GlobPattern: Sendable, Equatable {
    /// As it was written, made absolute.
    package let text: String
    private let parts: [[UInt8]]

    /// Directories below each other that `**` looks into.
    static let depthLimit = 32

    /// Makes a pattern.
    ///
    /// - Parameters:
    ///   - text: the pattern.
    ///   - directory: what a relative one is relative to.
    package init(_ text: String, relativeTo directory: String) {
        self.text = text.utf8.first == UInt8(ascii: "/") ? text : "\(directory)/\(text)"
        parts = self.text.utf8.split(separator: UInt8(ascii: "/")).map { Array($0) }.filter { $0 != [0x2E] }
    }

    /// Whether the absolute path fits.
    package func matches(_ path: String) -> Bool {
        let names = path.utf8.split(separator: UInt8(ascii: "/")).map { Array($0) }
        return matches(parts[...], names[...])
    }

    private func matches(_ parts: ArraySlice<[UInt8]>, _ names: ArraySlice<[UInt8]>) -> Bool {
        guard let part = parts.first else { return names.isEmpty }
        if part == Array("**".utf8) {
            return (names.startIndex...names.endIndex).contains { matches(parts.dropFirst(), names[$0...]) }
        }
        guard let name = names.first, nameMatches(part[...], name[...]) else { return false }
        return matches(parts.dropFirst(), names.dropFirst())
    }

    /// Whether the absolute path fits, and is no packed file that only a wildcard makes fit: `*` after a name is meant
    /// for its rotated files as they are, and what is packed has been read before it was.
    package func covers(_ path: String) -> Bool {
        matches(path) && !isPackedByChance(path)
    }

    private func isPackedByChance(_ path: String) -> Bool {
        [".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip", ".Z"].contains { path.hasSuffix($0) && !text.hasSuffix($0) }
    }

    /// Looks up what matches.
    ///
    /// - Parameters:
    ///   - limit: at most so many paths and so many directories are found.
    ///   - plan: gets what must be watched to see when something else would be found.
    /// - Returns: paths of what ``covers(_:)`` allows, files or not, in the order of their names.
    package func find(limit: Int, plan: inout WatchPlan) -> [String] {
        var walk = Walk(limit: limit)
        walk.visit("", parts[...], depth: 0)
        plan.add(walk.plan)
        return walk.found.filter { !isPackedByChance($0) }
    }

    private struct Walk {
        let limit: Int
        var found: [String] = []
        var plan = WatchPlan()
        /// Directories that `**` has been in, against loops of symbolic links.
        var seen: Set<[UInt64]> = []

        mutating func visit(_ directory: String, _ parts: ArraySlice<[UInt8]>, depth: Int) {
            guard let part = parts.first, found.count < limit, plan.directories.count < limit else { return }
            let rest = parts.dropFirst()
            if part == Array("**".utf8) {
                if depth > GlobPattern.depthLimit || !isNew(directory, rest.count) { return }
                visit(directory, rest, depth: depth)
                for name in names(of: directory) where name.utf8.first != 0x2E {
                    let path = "\(directory)/\(name)"
                    if kind(path) == .directory { visit(path, parts, depth: depth + 1) }
                }
                return
            }
            if !hasWildcard(part) {
                let path = "\(directory)/\(String(decoding: unescaped(part), as: UTF8.self))"
                let above = directory.isEmpty ? "/" : directory
                if rest.isEmpty {
                    plan.directories.insert(above)
                    if FileSystem.exists(path) { found.append(path) }
                } else {
                    plan.names[above, default: []].insert(baseName(path))
                    visit(path, rest, depth: depth)
                }
                return
            }
            for name in names(of: directory) where nameMatches(part[...], Array(name.utf8)[...]) {
                let path = "\(directory)/\(name)"
                if rest.isEmpty {
                    if found.count < limit { found.append(path) }
                } else if kind(path) == .directory {
                    visit(path, rest, depth: depth)
                }
            }
        }

        private mutating func names(of directory: String) -> [String] {
            let path = directory.isEmpty ? "/" : directory
            plan.directories.insert(path)
            // A directory that is missing or may not be read has no files for us; it is looked at again later.
            return (try? FileSystem.list(path)) ?? []
        }

        private func kind(_ path: String) -> FileStatus.Kind? {
            ((try? FileSystem.status(path)) ?? nil)?.kind
        }

        private mutating func isNew(_ directory: String, _ rest: Int) -> Bool {
            guard let status = (try? FileSystem.status(directory.isEmpty ? "/" : directory)) ?? nil else {
                return false
            }
            return seen.insert([status.device, status.inode, UInt64(rest)]).inserted
        }
    }
}

private func hasWildcard(_ part: [UInt8]) -> Bool {
    part.contains { $0 == 0x2A || $0 == 0x3F || $0 == 0x5B }
}

private func unescaped(_ part: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var isEscaped = false
    for byte in part {
        if byte == 0x5C, !isEscaped {
            isEscaped = true
            continue
        }
        result.append(byte)
        isEscaped = false
    }
    return result
}

/// Whether a name fits one part of a pattern. A leading dot must be written out. Bytes, not characters.
private func nameMatches(_ part: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
    if name.first == 0x2E, part.first != 0x2E { return false }
    var (p, n) = (part.startIndex, name.startIndex)
    // Where to go on after the last star when something does not fit: linear in memory, at worst quadratic in time.
    var retry: (part: Int, name: Int)?
    while n < name.endIndex {
        if p < part.endIndex, part[p] == 0x2A {
            retry = (p + 1, n)
            p += 1
        } else if p < part.endIndex, let next = matchOne(part, p, name[n]) {
            p = next
            n += 1
        } else if let again = retry {
            p = again.part
            n = again.name + 1
            retry = (again.part, n)
        } else {
            return false
        }
    }
    return part[p...].allSatisfy { $0 == 0x2A }
}

/// The index behind what matched one byte, or nil when it does not match.
private func matchOne(_ part: ArraySlice<UInt8>, _ index: Int, _ byte: UInt8) -> Int? {
    switch part[index] {
    case 0x3F: return index + 1
    case 0x5C where index + 1 < part.endIndex: return part[index + 1] == byte ? index + 2 : nil
    case 0x5B:
        guard let close = part[(index + 1)...].dropFirst().firstIndex(of: 0x5D) else { break }
        var set = part[(index + 1)..<close]
        let isNegated = set.first == 0x21 || set.first == 0x5E
        if isNegated { set = set.dropFirst() }
        var isMember = false
        var at = set.startIndex
        while at < set.endIndex {
            if at + 2 < set.endIndex, set[at + 1] == 0x2D {
                isMember = isMember || (set[at] <= byte && byte <= set[at + 2])
                at += 3
            } else {
                isMember = isMember || set[at] == byte
                at += 1
            }
        }
        return isMember != isNegated ? close + 1 : nil
    default: break
    }
    return part[index] == byte ? index + 1 : nil
}
