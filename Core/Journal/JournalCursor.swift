import ByteCoding
import Synchronization
import SystemIO

/// How far one consumer has got, kept on disk under its name.
///
/// Storing overwrites one of two places in a small file, in turn: a crash leaves the one before, and it works on a full
/// disk, where a consumer must be able to go on so that files can be removed.
package final class JournalCursor: Sendable {
    private struct State: ~Copyable {
        var file: OpenFile
        var generation: UInt64
        var position: JournalPosition
    }

    /// The name of the consumer.
    package let name: String
    private let directory: JournalDirectory
    private let state: Mutex<State>

    fileprivate init(name: String, _ directory: JournalDirectory, _ file: consuming OpenFile, _ slot: CursorSlot) {
        self.name = name
        self.directory = directory
        state = Mutex(State(file: file, generation: slot.generation, position: slot.position))
    }

    /// The number of the first record the consumer has not dealt with.
    package var position: JournalPosition { state.withLock { $0.position } }

    /// Moves the cursor; durable when it returns. Blocks for a sync: not for every record.
    ///
    /// - Throws: ``JournalError/io(_:)`` or ``JournalError/full(_:)``; the cursor stays where it was.
    package func store(_ position: JournalPosition) throws(JournalError) {
        try state.withLock { (state) throws(JournalError) in
            if position == state.position { return }
            let slot = CursorSlot(generation: state.generation + 1, position: position)
            let bytes = slot.encoded()
            do throws(IOError) {
                try state.file.write(bytes, at: slot.offset)
                try state.file.sync()
            } catch { throw .writing(error) }
            state.generation = slot.generation
            state.position = position
            directory.state.withLock { $0.cursors[name] = position }
        }
    }
}

/// One of the two places of a cursor file.
private struct CursorSlot {
    static let magic: [UInt8] = Array("LJCURSOR".utf8)
    static let bytes = 32
    /// The places lie in different sectors, so that a torn write cannot touch both.
    static let distance = 512
    static let fileBytes = 2 * distance

    var generation: UInt64
    var position: JournalPosition

    var offset: Int { Int(generation % 2) * Self.distance }

    func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: Self.bytes)
        writer.append(contentsOf: Self.magic)
        writer.append(littleEndian: generation)
        writer.append(littleEndian: position)
        writer.append(littleEndian: UInt32(0))
        writer.append(littleEndian: crc32c(writer.array()))
        return writer.array()
    }

    init(generation: UInt64, position: JournalPosition) {
        self.generation = generation
        self.position = position
    }

    init?(_ bytes: ArraySlice<UInt8>) {
        let bytes = Array(bytes)
        guard bytes.count == Self.bytes, bytes.starts(with: Self.magic) else { return nil }
        func number(_ range: Range<Int>) -> UInt64 {
            bytes[range].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        guard number(28..<32) == UInt64(crc32c(Array(bytes[..<28]))) else { return nil }
        generation = number(8..<16)
        position = number(16..<24)
        guard generation < UInt64.max, (1...JournalLimits.positions).contains(position) else { return nil }
    }

    /// The newer of the two places, nil when neither is valid.
    static func newest(in content: [UInt8]) -> CursorSlot? {
        [0, distance].compactMap { start -> CursorSlot? in
            guard content.count >= start + bytes else { return nil }
            return CursorSlot(content[start..<(start + bytes)])
        }.max { $0.generation < $1.generation }
    }

    /// A whole file with this position in both places.
    static func file(position: JournalPosition) -> [UInt8] {
        var content = [UInt8](repeating: 0, count: fileBytes)
        for generation in UInt64(0)...1 {
            let slot = CursorSlot(generation: generation, position: position)
            content.replaceSubrange(slot.offset..<(slot.offset + bytes), with: slot.encoded())
        }
        return content
    }
}

extension JournalDirectory {
    /// Opens the cursor of a consumer; one that has none yet begins at the oldest record.
    ///
    /// One opening a name at a time. A damaged cursor is reported and begins at the oldest record, too.
    ///
    /// - Parameter name: 1 to ``JournalLimits/maxCursorNameBytes`` of `a-z 0-9 . _ -`, not beginning with a dot.
    /// - Returns: the cursor.
    /// - Throws: ``JournalError/badCursorName(_:)``, or an error of the file system.
    package func cursor(named name: String) throws(JournalError) -> JournalCursor {
        guard Self.isCursorName(name) else { throw .badCursorName(name) }
        let file = cursorPath(name)
        do throws(IOError) {
            let known = state.withLock { $0.cursors[name] }
            if known == nil {
                try FileSystem.createDirectory("\(path)/cursors")
                try FileSystem.writeAtomically(file, CursorSlot.file(position: oldestPosition))
            }
            let opened = try OpenFile(file, .readWrite)
            let slot = CursorSlot.newest(in: try opened.bytes(at: 0, count: CursorSlot.fileBytes))
            let found = slot ?? CursorSlot(generation: 1, position: oldestPosition)
            state.withLock { $0.cursors[name] = found.position }
            return JournalCursor(name: name, self, opened, found)
        } catch { throw .writing(error) }
    }

    /// The cursors on disk and where they are.
    package var cursorPositions: [String: JournalPosition] { state.withLock { $0.cursors } }

    /// Where the slowest consumer is, nil without consumers: records below it are no longer needed by any.
    package var slowestCursor: JournalPosition? { state.withLock { $0.cursors.values.min() } }

    /// Forgets the cursor of a consumer that is gone for good, so that it does not keep files for ever.
    package func removeCursor(named name: String) throws(JournalError) {
        guard Self.isCursorName(name) else { throw .badCursorName(name) }
        do throws(IOError) {
            if FileSystem.exists(cursorPath(name)) {
                try FileSystem.remove(cursorPath(name))
                try FileSystem.syncDirectory("\(path)/cursors")
            }
        } catch { throw .io(error) }
        state.withLock { $0.cursors[name] = nil }
    }

    /// Reads all cursors when the journal is opened. Damaged ones are reported, and made anew when they are asked for.
    func loadCursors() throws(JournalError) {
        let (positions, damaged) = try Self.cursors(in: path)
        state.withLock { $0.cursors = positions }
        for file in damaged { record(JournalDamage(cursor: file)) }
    }

    /// The cursors of a journal by their names, and the files of those that are damaged.
    static func cursors(
        in path: String
    ) throws(JournalError) -> (positions: [String: JournalPosition], damaged: [String]) {
        let folder = "\(path)/cursors"
        var positions: [String: JournalPosition] = [:]
        var damaged: [String] = []
        guard FileSystem.exists(folder) else { return ([:], []) }
        do throws(IOError) {
            for name in try FileSystem.list(folder) where isCursorName(name) && !name.hasSuffix(".tmp") {
                let file = "\(folder)/\(name)"
                // Content that the disk does not give is damage like any other.
                if let slot = CursorSlot.newest(in: (try? FileSystem.contents(file, limit: 1 << 20)) ?? []) {
                    positions[name] = slot.position
                } else {
                    damaged.append(file)
                }
            }
        } catch { throw .io(error) }
        return (positions, damaged)
    }

    private func cursorPath(_ name: String) -> String { "\(path)/cursors/\(name)" }

    private static func isCursorName(_ name: String) -> Bool {
        let bytes = name.utf8
        guard (1...JournalLimits.maxCursorNameBytes).contains(bytes.count), bytes.first != 0x2E else { return false }
        return bytes.allSatisfy { byte in
            switch byte {
            case 0x61...0x7A, 0x30...0x39, 0x2D, 0x2E, 0x5F: true
            default: false
            }
        }
    }
}
