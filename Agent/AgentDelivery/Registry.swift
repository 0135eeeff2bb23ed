package import AgentPipeline
import ByteCoding
import Synchronization
package import SystemIO

/// How far the collector has acknowledged each file: never ahead of it.
///
/// Two files are written in turn, each synced, so that one is good whatever happens to the other. Any
/// thread may use it; ``save()`` blocks for syncs.
package final class Registry: Sendable {
    private struct State {
        var content: RegistryContent
        var generation: UInt64
        /// How far the spool is dealt with after the older and the newer of the two files.
        var olderCursors = SpoolCursors()
        var newerCursors: SpoolCursors
        var isDirty = true
        var relocated: [UInt64: SourceState] = [:]
        var index: [UInt64: Int] = [:]
    }

    /// Sources that are gone and of which the ledger may still speak.
    private static let forgottenLimit = 1 << 16

    private let directory: String
    private let state: Mutex<State>

    /// What was found in a state directory.
    package enum Loaded: Sendable {
        /// Nothing: it is new.
        case none
        /// The newest good file; `damage` tells what is wrong with the other, which may be newer.
        case content(RegistryContent, generation: UInt64, damage: String?)
        /// Files are there, and none is good.
        case damaged(String)

        /// How far the spool is dealt with: not at all when nobody knows.
        package var cursors: SpoolCursors {
            if case .content(let content, _, _) = self { content.cursors } else { SpoolCursors() }
        }
    }

    /// Reads what is in a state directory.
    ///
    /// - Throws: `IOError` when no file is good, and the disk does not give one of them.
    package static func load(_ directory: String) throws(IOError) -> Loaded {
        var best: (content: RegistryContent, generation: UInt64)?
        var damage: String?
        var unread: IOError?
        for name in ["registry.a", "registry.b"] {
            let path = "\(directory)/\(name)"
            guard FileSystem.exists(path) else { continue }
            let bytes: [UInt8]
            do throws(IOError) { bytes = try FileSystem.contents(path, limit: 256 << 20) } catch {
                damage = error.description
                unread = error
                continue
            }
            do throws(ByteCodingError) {
                let found = try RegistryFile.decode(bytes)
                if found.generation > best?.generation ?? 0 { best = found }
            } catch {
                damage = "\(path) is damaged: \(error)"
            }
        }
        // One that is only not given now may be the good one: nobody begins anew for that.
        if best == nil, let unread { throw unread }
        if let best { return .content(best.content, generation: best.generation, damage: damage) }
        return damage.map { .damaged($0) } ?? .none
    }

    /// Makes a registry of what is known.
    ///
    /// - Parameters:
    ///   - directory: the state directory.
    ///   - content: what is known.
    ///   - generation: of the newest file that was loaded, 0 without one.
    package init(_ directory: String, _ content: RegistryContent, generation: UInt64) {
        self.directory = directory
        var state = State(content: content, generation: generation, newerCursors: content.cursors)
        state.content.isOld = false
        for (index, source) in content.sources.enumerated() { state.index[source.id] = index }
        self.state = Mutex(state)
    }

    /// A copy of what is known now.
    package var content: RegistryContent { state.withLock { $0.content } }

    /// How far the spool is dealt with after the newer file.
    package var savedCursors: SpoolCursors { state.withLock { $0.newerCursors } }

    /// How far the spool is dealt with after both files: it need not keep what is before.
    package var cursorsForGood: SpoolCursors {
        state.withLock { SpoolCursors.lower($0.olderCursors, $0.newerCursors) }
    }

    /// Records how far the spool is dealt with.
    package func move(_ change: (inout SpoolCursors) -> Void) {
        state.withLock { state in
            let before = state.content.cursors
            change(&state.content.cursors)
            if state.content.cursors != before { state.isDirty = true }
        }
    }

    /// Records how far files are dealt with: all before is acknowledged or counted as dropped.
    package func acknowledge(_ progress: [SourceProgress]) {
        state.withLock { state in
            state.isDirty = true
            for source in progress where state.content.forgotten[source.state.id] == nil {
                Registry.put(Registry.merged(source.state, state.relocated[source.state.id]), &state)
            }
        }
    }

    /// Records a file that is read from its state's offset on, before any batch has bytes of it.
    package func add(_ source: SourceState) {
        state.withLock { state in
            state.isDirty = true
            Registry.put(source, &state)
        }
    }

    /// Records that a file's bytes are in another inode now.
    package func relocate(_ moved: SourceState) {
        state.withLock { state in
            state.relocated[moved.id] = moved
            guard let index = state.index[moved.id] else { return }
            state.isDirty = true
            state.content.sources[index] = Registry.merged(state.content.sources[index], moved)
        }
    }

    /// Records that a file is gone for good.
    ///
    /// - Parameters:
    ///   - id: its number.
    ///   - entry: the last entry of the ledger that may name it: until that is applied it must not come back, after a
    ///     restart neither.
    package func forget(_ id: UInt64, through entry: UInt64) {
        state.withLock { state in
            state.relocated[id] = nil
            // Those that come back are found to be gone at the next start, and told as a loss that is none.
            if state.content.forgotten.count >= Registry.forgottenLimit { state.content.forgotten.removeAll() }
            state.content.forgotten[id] = entry
            state.isDirty = true
            guard let index = state.index.removeValue(forKey: id) else { return }
            let last = state.content.sources.removeLast()
            if last.id != id {
                state.content.sources[index] = last
                state.index[last.id] = index
            }
        }
    }

    /// Writes the registry, if anything changed since one of its two files was written; durable when it returns.
    ///
    /// - Throws: `IOError`; the files are as they were, and the next call tries again.
    package func save() throws(IOError) {
        let (content, generation) = state.withLock { state -> (RegistryContent?, UInt64) in
            // The older file must catch up as well: the spool is kept as long as it is behind.
            if !state.isDirty && state.olderCursors == state.newerCursors { return (nil, 0) }
            state.isDirty = false
            let applied = state.content.cursors.ledger
            state.content.forgotten = state.content.forgotten.filter { $0.value > applied }
            return (state.content, state.generation + 1)
        }
        guard let content else { return }
        let name = generation % 2 == 0 ? "registry.a" : "registry.b"
        do throws(IOError) {
            try Registry.write("\(directory)/\(name)", RegistryFile.encode(content, generation: generation))
        } catch {
            state.withLock { $0.isDirty = true }
            throw error
        }
        state.withLock { state in
            state.generation = generation
            state.olderCursors = state.newerCursors
            state.newerCursors = content.cursors
        }
    }

    /// Writes what is known into the other file as well.
    ///
    /// - Throws: as ``save()``.
    package func saveAgain() throws(IOError) {
        state.withLock { $0.isDirty = true }
        try save()
    }

    /// Replaces the older file. On a disk without room it is written where it is: were that interrupted, the newer one is
    /// whole.
    private static func write(_ path: String, _ bytes: [UInt8]) throws(IOError) {
        do throws(IOError) { return try FileSystem.writeAtomically(path, bytes) } catch {
            guard error.isOutOfSpace, FileSystem.exists(path) else { throw error }
        }
        let file = try OpenFile(path, .readWrite)
        try file.write(bytes, at: 0)
        try file.truncate(to: bytes.count)
        try file.sync()
    }

    private static func put(_ source: SourceState, _ state: inout State) {
        state.content.nextSource = max(state.content.nextSource, source.id + 1)
        if let index = state.index[source.id] {
            state.content.sources[index] = source
        } else {
            state.index[source.id] = state.content.sources.count
            state.content.sources.append(source)
        }
    }

    /// A state recorded before its file moved to another inode, as it is there.
    private static func merged(_ source: SourceState, _ moved: SourceState?) -> SourceState {
        guard let moved, source.device != moved.device || source.inode != moved.inode else { return source }
        var result = source.offset >= moved.offset ? moved : source
        result.device = moved.device
        result.inode = moved.inode
        return result
    }
}
