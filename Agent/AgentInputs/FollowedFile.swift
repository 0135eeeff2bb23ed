import AgentPipeline
import ByteCoding
import GzipCodec
import SystemIO

/// An open file, packed or not, that can be kept in a reference.
final class FileHandle {
    private enum Content {
        case plain(PlainFile)
        case packed(GzipReader)
    }

    /// A reference to what cannot be copied.
    private final class PlainFile {
        let file: OpenFile

        init(_ file: consuming OpenFile) {
            self.file = file
        }
    }

    private let content: Content
    /// What is known of the length of a packed file before its end has been seen.
    private var leastSize = 0

    /// Opens a file.
    ///
    /// - Parameters:
    ///   - path: where it is.
    ///   - isPacked: whether what gzip has packed into it is read.
    /// - Throws: also for what is no file: nothing else can be followed.
    init(_ path: String, isPacked: Bool = false) throws(IOError) {
        let file = try OpenFile(path, .readUnknown)
        // 22 is EINVAL.
        if try file.status().kind != .file { throw IOError(.open, path, 22) }
        content = isPacked ? .packed(GzipReader(file)) : .plain(PlainFile(file))
        if case .packed(let reader) = content { leastSize = try reader.statedLength() }
    }

    /// Whether it is read from what gzip has packed.
    var isPacked: Bool { if case .packed = content { true } else { false } }

    /// What is known of the file. The size of a packed one is that of its content; until its end has been seen, more
    /// than has been read.
    func status() throws(IOError) -> FileStatus {
        switch content {
        case .plain(let plain): return try plain.file.status()
        case .packed(let reader):
            var status = try reader.status()
            status.size = reader.length ?? max(leastSize, reader.unpacked + 1)
            return status
        }
    }

    /// Up to `count` bytes at `offset`; fewer at the end.
    func bytes(at offset: Int, count: Int) throws(IOError) -> [UInt8] {
        switch content {
        case .plain(let plain): return try plain.file.bytes(at: offset, count: count)
        case .packed(let reader):
            leastSize = max(leastSize, offset + 1)
            return try reader.bytes(at: offset, count: count)
        }
    }

    /// Reads at `offset`; returns how many bytes, fewer than there is room for only at the end.
    func read(into target: UnsafeMutableRawBufferPointer, at offset: Int) throws(IOError) -> Int {
        if case .plain(let plain) = content { return try plain.file.read(into: target, at: offset) }
        let found = try bytes(at: offset, count: target.count)
        target.copyBytes(from: found)
        return found.count
    }

    /// Whether any process has the file open for writing; nil when that is not known.
    func hasWriters() -> Bool? {
        if case .plain(let plain) = content { plain.file.hasWriters() } else { false }
    }
}

/// A group of files, to be kept in references.
final class FileGroup {
    let input: FileInput

    init(_ input: FileInput) {
        self.input = input
    }
}

/// Size and time of change of a file.
struct FileStamp: Equatable {
    var size: Int
    var modified: Int64

    init(_ status: FileStatus) {
        size = status.size
        modified = status.modifiedNanos
    }
}

/// One file that is followed. Belongs to its ``FileFollower``; there may be many, so little is kept of each.
final class FollowedFile {
    /// How far it has been read, and what it is known by.
    var state: SourceState
    /// Where the file is now; differs from `state.path` after it was renamed.
    var location: String
    /// The symbolic links behind `state.path` that led to it, and where they ended; usually none.
    let links: [String]
    var group: FileGroup
    /// Nil before it is first opened, and while it is closed to save descriptors, perhaps before all of it has been read.
    var handle: FileHandle?
    /// The first bytes of the file, which ``SourceState/prefixHash`` covers; known while it is open and has been read.
    var prefix: [UInt8] = []
    /// When it was last seen to grow or change, monotonic.
    var changedAt: UInt64
    /// When it was last looked at, monotonic.
    var lookedAt: UInt64 = 0
    /// When all of its complete lines had been read for the last time, monotonic; nil while there was always more.
    var caughtUpAt: UInt64?
    /// What it was like when it was last read to the end of its complete lines; nil when there may be more.
    var seen: FileStamp?
    /// What it was like when it was last looked at.
    var observed: FileStamp?
    /// The size when it was last looked at.
    var size = 0
    /// What of ``size`` is in the follower's sum of unread bytes.
    var countedUnread = 0
    /// Places in the follower's lists; -1: not in that list.
    var index = -1
    var activeIndex = -1
    /// Why it could not be opened or read, and when it is tried again.
    var failure: (reason: String, retryAt: UInt64)?
    /// Whether its path names another file now, or none.
    var isRotated = false
    /// Whether one of the patterns found it in the last look-up.
    var isMatched = false
    /// Whether it was found at its location in the last look-up.
    var isSighted = false
    /// Whether it has been handed over as quiet since it last changed.
    var wasQuiet = false
    /// Whether it looks like a copy of another file, and waits for the decision.
    var isSuspect = false
    /// Whether it has been found to be no copy.
    var isOriginal = false
    /// Whether it is not read because it begins with binary data.
    var isLeftOut = false
    /// Whether it has been told that it begins with binary data.
    var isBinaryReported = false
    /// Whether something tells of its changes.
    var isWatched = false
    /// Whether the follower has let it go.
    var isDropped = false

    init(_ state: SourceState, at location: String, links: [String], group: FileGroup, now: UInt64) {
        self.state = state
        self.location = location
        self.links = links
        self.group = group
        changedAt = now
    }

    var profile: SourceProfile { group.input.profile }
    var treatment: FileTreatment { group.input.treatment }

    /// The directory in which its bytes are changed.
    var directory: String { FileSystem.parent(of: location == state.path ? links.last ?? location : location) }

    /// Whether gzip has packed it since it was rotated.
    var isPacked: Bool { isPackedName(location) && location != state.path }

    /// Whether all of it that is known of is dealt with.
    var isRead: Bool { seen != nil && state.offset >= size }

    /// Whether it is this file.
    func isSame(_ status: FileStatus) -> Bool { status.device == state.device && status.inode == state.inode }

    /// Extends the identity by bytes that were read at the state's offset, of which `taken` were dealt with.
    func advance(over bytes: UnsafeRawBufferPointer, taken: Int) {
        let room = SourceState.prefixLimit - prefix.count
        if room > 0 {
            prefix.append(contentsOf: bytes.prefix(min(room, taken)))
            state.prefixLength = prefix.count
            state.prefixHash = prefix.withUnsafeBytes { hash64($0) }
        }
        state.offset += taken
    }

    /// Whether `path` is a name that a rotation may have given to the file.
    func isRotationName(_ path: String) -> Bool {
        for place in [state.path] + links
        where FileSystem.parent(of: path) == FileSystem.parent(of: place)
            && AgentInputs.isRotationName(baseName(path), of: baseName(place))
        {
            return true
        }
        return false
    }
}

extension SourceState {
    /// The state cut back to a file that has only `size` bytes; `prefix` are its first ones.
    func limited(to size: Int, prefix: [UInt8]) -> SourceState {
        if size >= offset { return self }
        var state = self
        state.offset = size
        state.parts = 0
        let known = prefix.prefix(size)
        state.prefixLength = known.count
        state.prefixHash = known.withUnsafeBytes { hash64($0) }
        return state
    }
}

/// What looking at a file's first bytes told.
enum PrefixCheck {
    /// They are those that were read; here they are.
    case same([UInt8])
    /// They are others, or there are fewer.
    case different
}

/// Compares the first bytes of an open file with what is known of them.
func checkPrefix(_ handle: FileHandle, _ state: SourceState) throws(IOError) -> PrefixCheck {
    if state.prefixLength == 0 { return .same([]) }
    let bytes = try handle.bytes(at: 0, count: state.prefixLength)
    if bytes.count == state.prefixLength, bytes.withUnsafeBytes({ hash64($0) }) == state.prefixHash {
        return .same(bytes)
    }
    return .different
}

/// The last part of a path.
func baseName(_ path: String) -> String {
    path.utf8.split(separator: UInt8(ascii: "/")).last.map { String(decoding: Array($0), as: UTF8.self) } ?? path
}

/// Whether a name is that of a file which gzip has made of a rotated one.
func isPackedName(_ name: String) -> Bool { name.hasSuffix(".gz") }

/// Whether `name` could be what a rotation made of `base`: `app.log.1`, `app.log-20260614`.
func isRotationName(_ name: String, of base: String) -> Bool {
    name.utf8.count > base.utf8.count + 1 && (name.hasPrefix(base + ".") || name.hasPrefix(base + "-"))
}
