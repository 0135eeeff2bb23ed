internal import ByteCoding
internal import Synchronization
internal import SystemIO

/// The pieces of a ``DownloadCache`` on the disk: a file each, within a bound of bytes.
///
/// Files are not synced; they do not outlive the process. What cannot be written or read is as if it were not there.
final class PieceShelf: Sendable {
    private struct Piece {
        var file: UInt64
        var length: Int
        var checksum: UInt32
        var lastUse: UInt64
    }

    private struct State {
        var pieces: [PieceID: Piece] = [:]
        var bytes = 0
        var maxBytes: Int
        /// Counts uses: the order of ``Piece/lastUse``.
        var uses: UInt64 = 0
        var files: UInt64 = 0
        var evictions = 0
        var failures = 0

        /// Takes pieces out until `room` more bytes fit; gives their files.
        mutating func makeRoom(_ room: Int) -> [UInt64] {
            var files: [UInt64] = []
            while bytes + room > maxBytes, let oldest = pieces.min(by: { $0.value.lastUse < $1.value.lastUse }) {
                files.append(oldest.value.file)
                remove(oldest.key)
                evictions += 1
            }
            return files
        }

        mutating func remove(_ id: PieceID) {
            if let piece = pieces.removeValue(forKey: id) { bytes -= piece.length }
        }
    }

    private let directory: String
    private let state: Mutex<State>

    init(directory: String, maxBytes: Int) {
        self.directory = directory
        state = Mutex(State(maxBytes: maxBytes))
    }

    /// Whether the piece is there; that counts as a use.
    func contains(_ id: PieceID) -> Bool {
        state.withLock { state in
            state.uses += 1
            state.pieces[id]?.lastUse = state.uses
            return state.pieces[id] != nil
        }
    }

    /// The bytes of a piece; nil when it is not there or no longer what was written.
    func read(_ id: PieceID) -> [UInt8]? {
        guard let piece = state.withLock({ $0.pieces[id] }) else { return nil }
        if let bytes = try? FileSystem.contents(path(piece.file), limit: piece.length), bytes.count == piece.length,
            crc32c(bytes) == piece.checksum
        {
            return bytes
        }
        state.withLock { state in
            guard state.pieces[id]?.file == piece.file else { return }
            state.remove(id)
            state.failures += 1
        }
        try? FileSystem.remove(path(piece.file))
        return nil
    }

    /// Keeps a piece if there is room for it at all.
    func add(_ id: PieceID, _ bytes: ArraySlice<UInt8>) {
        let content = Array(bytes)
        let (file, evicted) = state.withLock { state -> (UInt64?, [UInt64]) in
            guard state.pieces[id] == nil, content.count <= state.maxBytes else { return (nil, []) }
            state.files += 1
            // Room is made before the file is written, so that the bound holds on the disk, too.
            return (state.files, state.makeRoom(content.count))
        }
        for file in evicted { try? FileSystem.remove(path(file)) }
        guard let file else { return }
        do throws(IOError) {
            let output = try OpenFile(path(file), .createNew)
            try output.write(content, at: 0)
        } catch {
            try? FileSystem.remove(path(file))
            state.withLock { $0.failures += 1 }
            return
        }
        let surplus = state.withLock { state -> [UInt64] in
            // Two downloads at the same time may have taken the same room, or brought the same piece.
            let replaced = state.pieces[id].map { [$0.file] } ?? []
            state.remove(id)
            let evicted = state.makeRoom(content.count)
            guard content.count <= state.maxBytes else { return replaced + evicted + [file] }
            state.uses += 1
            state.bytes += content.count
            state.pieces[id] = Piece(
                file: file, length: content.count, checksum: crc32c(content), lastUse: state.uses)
            return replaced + evicted
        }
        for file in surplus { try? FileSystem.remove(path(file)) }
    }

    /// Removes the pieces for which `isGone` holds.
    func remove(where isGone: (PieceID) -> Bool) {
        let files = state.withLock { state in
            let gone = state.pieces.filter { isGone($0.key) }
            for id in gone.keys { state.remove(id) }
            return gone.values.map(\.file)
        }
        for file in files { try? FileSystem.remove(path(file)) }
    }

    func setLimit(_ bytes: Int) {
        let files = state.withLock { state in
            state.maxBytes = bytes
            return state.makeRoom(0)
        }
        for file in files { try? FileSystem.remove(path(file)) }
    }

    func count(into statistics: inout DownloadStatistics) {
        state.withLock { state in
            statistics.bytes = state.bytes
            statistics.maxBytes = state.maxBytes
            statistics.evictions = state.evictions
            statistics.shelfFailures = state.failures
        }
    }

    private func path(_ file: UInt64) -> String { "\(directory)/\(file).piece" }
}
